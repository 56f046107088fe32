/* Preloaded: a stand-in for /dev/dma_heap where the kernel has none, so that libcamera's virtual camera and
 * picamera2 can allocate their buffers. Each "dma-buf" is a memfd. For the tests of the camera port only. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Resolved at the start: a thread that asks the linker while another loads a library would wait for it for ever. */
#define FOUND(name) static __typeof__(&name) real_##name
FOUND(open); FOUND(open64); FOUND(openat); FOUND(openat64); FOUND(close); FOUND(ioctl);
__attribute__((constructor)) static void find(void) {
#define FIND(name) real_##name = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
    FIND(open); FIND(open64); FIND(openat); FIND(openat64); FIND(close); FIND(ioctl);
}
/* Constructors of other libraries may run before ours. */
#define REAL(name) (real_##name ? real_##name : (__typeof__(&name))dlsym(RTLD_NEXT, #name))
enum { HANDLES = 4096 };
static char is_heap[HANDLES];

static int names_heap(const char *path) { return path && !strncmp(path, "/dev/dma_heap/", 14); }
static int open_heap(const char *path) {
    /* One heap is enough: the libraries take the first that opens. */
    if (strcmp(path, "/dev/dma_heap/linux,cma") && strcmp(path, "/dev/dma_heap/system")) {
        errno = ENOENT;
        return -1;
    }
    int handle = memfd_create("heap", MFD_CLOEXEC);
    if (handle >= 0 && handle < HANDLES) is_heap[handle] = 1;
    return handle;
}
#define OPEN(name, ...) \
    mode_t bits = 0; \
    if (flags & (O_CREAT | __O_TMPFILE)) { va_list more; va_start(more, flags); bits = va_arg(more, mode_t); va_end(more); } \
    return names_heap(path) ? open_heap(path) : REAL(name)(__VA_ARGS__, flags, bits)
int open(const char *path, int flags, ...) { OPEN(open, path); }
int open64(const char *path, int flags, ...) { OPEN(open64, path); }
int openat(int folder, const char *path, int flags, ...) { OPEN(openat, folder, path); }
int openat64(int folder, const char *path, int flags, ...) { OPEN(openat64, folder, path); }
int close(int handle) {
    if (handle >= 0 && handle < HANDLES) is_heap[handle] = 0;
    return REAL(close)(handle);
}
int ioctl(int handle, unsigned long request, ...) {
    va_list more;
    va_start(more, request);
    void *what = va_arg(more, void *);
    va_end(more);
    if ((unsigned)request == DMA_HEAP_IOCTL_ALLOC && handle >= 0 && handle < HANDLES && is_heap[handle]) {
        struct dma_heap_allocation_data *wanted = what;
        int buffer = memfd_create("buffer", MFD_CLOEXEC);
        if (buffer < 0 || ftruncate(buffer, (off_t)((wanted->len + 4095) & ~4095ull))) return -1;
        wanted->fd = (unsigned)buffer;
        return 0;
    }
    /* Synchronising and naming a buffer: a memfd needs neither. */
    if (((request >> 8) & 0xff) == DMA_BUF_BASE) return 0;
    return REAL(ioctl)(handle, request, what);
}
