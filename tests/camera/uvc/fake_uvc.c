/* A fake USB camera for the tests: preloaded, it answers what a UVC webcam's driver would answer.
 *
 * gcc -shared -fPIC -o fake_uvc.so fake_uvc.c -ldl
 * FAKE_UVC=FOLDER LD_PRELOAD=fake_uvc.so PROGRAM opens FOLDER/video as if it were /dev/video0.
 *
 * FAKE_UVC_NODE=PATH makes it answer under that path too, /dev/video0 for one.
 *
 * FOLDER/video     the device node; the camera is unplugged while this file is missing
 * FOLDER/N.jpg     the frames, played round and round, N from 0; those of another size are for other modes
 * FOLDER/mode      what the camera does from the next frame on, one word, see enum mode
 * FOLDER/formats   what it offers, best first, for example "MJPG YUYV"; MJPG and YUYV if the file is missing
 * FOLDER/controls  written: a line "ID VALUE" for each control that was set
 * FOLDER/ladder    if there: frames 2 N and 2 N + 1 are what the sensor sees at an exposure of 2^N times the shortest;
 *                  by its own metering it chooses the frames of the number in the file
 * FOLDER/rate      frames per second that it never exceeds; 30 if the file is missing
 *
 * Sources: the kernel's V4L2 interface (linux/videodev2.h) and the behaviour of its driver uvcvideo.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { BUFFERS = 8, BUFFER_BYTES = 8 << 20, FRAMES = 64, HANDLES = 4096, FORMATS = 8 };

enum mode {
    OK,        /* whole frames */
    CUT,       /* the first half of each frame */
    ZEROED,    /* the first half, and zeros instead of the rest */
    LOST,      /* two packets in the middle are missing, the end is there */
    PADDED,    /* whole frames with zeros behind the end, as many cameras send them */
    GARBAGE,   /* random bytes */
    EMPTY,     /* no byte at all */
    FLAGGED,   /* the first half, and the driver says that it is damaged */
    STALL,     /* no frame */
    GONE,      /* unplugged */
    BUSY,      /* another program holds it */
    BANDWIDTH, /* the bus has no bandwidth left */
    WALL,      /* times on the wall clock */
    MODES
};
static const char *const MODE_NAMES[MODES] = {"ok", "cut", "zeroed", "lost", "padded", "garbage", "empty",
                                              "flagged", "stall", "gone", "busy", "bandwidth", "wall"};

struct control { unsigned id; int low, high, step, value; };
static struct control controls[] = {
    {V4L2_CID_GAIN, 0, 255, 1, 64},
    {V4L2_CID_AUTO_WHITE_BALANCE, 0, 1, 1, 1},
    {V4L2_CID_WHITE_BALANCE_TEMPERATURE, 2800, 6500, 10, 4600},
    {V4L2_CID_POWER_LINE_FREQUENCY, 0, 2, 1, 2},
    {V4L2_CID_EXPOSURE_AUTO, 0, 3, 1, 3},
    {V4L2_CID_EXPOSURE_ABSOLUTE, 3, 2047, 1, 250},
    {V4L2_CID_FOCUS_AUTO, 0, 1, 1, 1},
    {V4L2_CID_FOCUS_ABSOLUTE, 0, 250, 5, 0},
};

static char ours[HANDLES];
static int owner = -1, streaming = 0, rate = 30;
static unsigned width = 640, height = 480, format = 0, sequence;
static unsigned char *memory[BUFFERS];
static int queue[BUFFERS + 1], queued;
static struct { unsigned char *bytes; int length; unsigned width, height; } frames[FRAMES];
static int frame_count;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define REFUSE(code) do { errno = (code); return -1; } while (0)

static const char *path_of(const char *name) {
    static __thread char path[4096];
    const char *folder = getenv("FAKE_UVC");
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "/nonexistent", name);
    return path;
}

static int read_file(const char *name, void *into, int space) {
    int handle = REAL(open)(path_of(name), O_RDONLY | O_CLOEXEC);
    if (handle < 0) return -1;
    int length = (int)read(handle, into, (size_t)space);
    REAL(close)(handle);
    return length;
}

static enum mode mode(void) {
    char word[32] = "";
    int length = read_file("mode", word, sizeof word - 1);
    if (REAL(access)(path_of("video"), F_OK)) return GONE;
    if (length > 0) word[strcspn(word, "\r\n ")] = 0;
    for (int i = 0; i < MODES; i++) if (!strcmp(word, MODE_NAMES[i])) return (enum mode)i;
    return OK;
}

static unsigned formats(unsigned *list) {
    char text[64] = "";
    if (read_file("formats", text, sizeof text - 1) <= 0) strcpy(text, "MJPG YUYV");
    unsigned count = 0;
    for (char *rest = text, *word; (word = strtok_r(rest, " \n", &rest)) && count < FORMATS;)
        if (strlen(word) == 4) list[count++] = v4l2_fourcc(word[0], word[1], word[2], word[3]);
    return count;
}

/* Reads width and height from the start-of-frame segment of a JPEG file. */
static void measure(int index) {
    unsigned char *b = frames[index].bytes;
    for (int at = 2; at + 9 < frames[index].length; at += 2 + (b[at + 2] << 8 | b[at + 3]))
        if (b[at + 1] == 0xc0) {
            frames[index].height = (unsigned)(b[at + 5] << 8 | b[at + 6]);
            frames[index].width = (unsigned)(b[at + 7] << 8 | b[at + 8]);
            return;
        }
}

static void load(void) {
    for (; frame_count < FRAMES; frame_count++) {
        char name[16];
        snprintf(name, sizeof name, "%d.jpg", frame_count);
        unsigned char *bytes = malloc(BUFFER_BYTES);
        int length = read_file(name, bytes, BUFFER_BYTES);
        if (length <= 0) { free(bytes); return; }
        frames[frame_count].bytes = realloc(bytes, (size_t)length);
        frames[frame_count].length = length;
        measure(frame_count);
    }
}

static int is_ours(const char *path) {
    const char *node = getenv("FAKE_UVC_NODE");
    return path && getenv("FAKE_UVC") && (!strcmp(path, path_of("video")) || (node && !strcmp(path, node)));
}
static int is_handle(int handle) { return handle >= 0 && handle < HANDLES && ours[handle]; }

static int open_camera(void) {
    if (mode() == GONE) REFUSE(ENODEV);
    int handle = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (handle >= 0 && handle < HANDLES) ours[handle] = 1;
    if (!frame_count) load();
    return handle;
}

#define OPEN(name, ...) \
    mode_t bits = 0; \
    if (flags & (O_CREAT | __O_TMPFILE)) { va_list more; va_start(more, flags); bits = va_arg(more, mode_t); va_end(more); } \
    return is_ours(path) && !REAL(access)(path, F_OK) ? open_camera() : REAL(name)(__VA_ARGS__, flags, bits)
int open(const char *path, int flags, ...) { OPEN(open, path); }
int open64(const char *path, int flags, ...) { OPEN(open64, path); }
int openat(int folder, const char *path, int flags, ...) { OPEN(openat, folder, path); }

int close(int handle) {
    if (is_handle(handle)) {
        ours[handle] = 0;
        if (owner == handle) owner = -1, streaming = 0;
    }
    return REAL(close)(handle);
}

static void *map(off_t offset) {
    int index = (int)(offset / BUFFER_BYTES);
    if (!memory[index]) {
        int shared = memfd_create("buffer", MFD_CLOEXEC);
        if (ftruncate(shared, BUFFER_BYTES)) abort();
        memory[index] = REAL(mmap)(NULL, BUFFER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);
        REAL(close)(shared);
    }
    return memory[index];
}
void *mmap(void *at, size_t length, int access, int flags, int handle, off_t offset) {
    return is_handle(handle) ? map(offset) : REAL(mmap)(at, length, access, flags, handle, offset);
}
void *mmap64(void *at, size_t length, int access, int flags, int handle, off64_t offset) {
    return is_handle(handle) ? map(offset) : REAL(mmap64)(at, length, access, flags, handle, offset);
}
int munmap(void *at, size_t length) {
    for (int i = 0; i < BUFFERS; i++) if (memory[i] && memory[i] == at) return 0;
    return REAL(munmap)(at, length);
}

/* Waits while the camera stalls; returns whether it still does when the time is over. */
static int stalls(long milliseconds) {
    for (long passed = 0; mode() == STALL; passed += 10) {
        if (milliseconds >= 0 && passed >= milliseconds) return 1;
        usleep(10000);
    }
    return 0;
}
int poll(struct pollfd *list, nfds_t count, int milliseconds) {
    for (nfds_t i = 0; i < count; i++) {
        if (!is_handle(list[i].fd)) continue;
        if (mode() == GONE) { list[i].revents = POLLERR | POLLHUP; return 1; }
        if (stalls(milliseconds)) { list[i].revents = 0; return 0; }
    }
    return REAL(poll)(list, count, milliseconds);
}
int select(int count, fd_set *readable, fd_set *writable, fd_set *failed, struct timeval *limit) {
    for (int i = 0; readable && i < count && i < FD_SETSIZE; i++) {
        if (!is_handle(i) || !FD_ISSET(i, readable)) continue;
        if (mode() == GONE) return 1;
        if (stalls(limit ? limit->tv_sec * 1000 + limit->tv_usec / 1000 : -1)) { FD_ZERO(readable); return 0; }
    }
    return REAL(select)(count, readable, writable, failed, limit);
}

static void tick(int handle, int on) {
    struct itimerspec period = {{0, 0}, {0, 0}};
    if (on) period.it_interval.tv_nsec = period.it_value.tv_nsec = 1000000000L / rate - 1;
    timerfd_settime(handle, 0, &period, NULL);
}

/* Chooses the nearest of what the camera has, as drivers do. */
static void settle(struct v4l2_pix_format *wanted) {
    unsigned list[FORMATS], count = formats(list), known = 0;
    for (unsigned i = 0; i < count; i++) known |= wanted->pixelformat == list[i];
    if (!known) wanted->pixelformat = list[0];
    unsigned w = 0, h = 0;
    long best = -1;
    for (int i = 0; i < frame_count; i++) {
        long apart = labs((long)frames[i].width - wanted->width) + labs((long)frames[i].height - wanted->height);
        if (best < 0 || apart < best) best = apart, w = frames[i].width, h = frames[i].height;
    }
    unsigned deep = wanted->pixelformat == V4L2_PIX_FMT_GREY ? 1 : 2;
    wanted->width = w, wanted->height = h, wanted->field = V4L2_FIELD_NONE;
    wanted->bytesperline = wanted->pixelformat == V4L2_PIX_FMT_MJPEG ? 0 : w * deep;
    wanted->sizeimage = w * h * deep;
    wanted->colorspace = V4L2_COLORSPACE_SRGB;
}

static struct control *find(unsigned id) {
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++) if (controls[i].id == id) return controls + i;
    return NULL;
}

/* Which frame the exposure makes, or -1 where frames do not depend on it. */
static int rung(void) {
    char text[16] = "";
    if (read_file("ladder", text, sizeof text - 1) <= 0) return -1;
    int by_hand = find(V4L2_CID_EXPOSURE_AUTO)->value == V4L2_EXPOSURE_MANUAL, step = by_hand ? 0 : atoi(text);
    struct control *exposure = find(V4L2_CID_EXPOSURE_ABSOLUTE);
    if (by_hand) for (int left = exposure->value / exposure->low; left > 1; left /= 2) step++;
    return 2 * step + (int)(sequence & 1);
}

/* Writes the next frame of the size that is set and returns its length. */
static int draw(unsigned char *to, enum mode how) {
    int length = 0;
    if (format == V4L2_PIX_FMT_MJPEG) {
        static int index = -1;
        int fixed = rung();
        if (fixed >= 0) index = fixed;
        else do index = (index + 1) % frame_count;
        while (frames[index].width != width || frames[index].height != height);
        length = frames[index].length;
        memcpy(to, frames[index].bytes, (size_t)length);
    } else if (format == V4L2_PIX_FMT_GREY) {
        length = (int)(width * height);
        for (int i = 0; i < length; i++) to[i] = (unsigned char)(i % (int)width + (int)sequence * 3);
    } else {
        length = (int)(width * height * 2);
        for (int i = 0; i < length; i += 2) to[i] = (unsigned char)(i / 2 % (int)width + (int)sequence * 3), to[i + 1] = 128;
    }
    switch (how) {
    case CUT: case FLAGGED: return length / 2;
    case ZEROED: memset(to + length / 2, 0, (size_t)(length - length / 2)); return length;
    case LOST: memmove(to + length / 2, to + length / 2 + 2048, (size_t)(length - length / 2 - 2048)); return length - 2048;
    case PADDED: memset(to + length, 0, 4096); return length + 4096;
    case GARBAGE: for (int i = 0; i < length; i++) to[i] = (unsigned char)rand(); return length;
    case EMPTY: return 0;
    default: return length;
    }
}

static int dequeue(int handle, struct v4l2_buffer *buffer) {
    enum mode how = mode();
    unsigned long long ticks;
    if (!streaming) REFUSE(EINVAL);
    if (how == STALL || !queued || read(handle, &ticks, sizeof ticks) != sizeof ticks) REFUSE(EAGAIN);
    int index = queue[0];
    memmove(queue, queue + 1, sizeof *queue * (size_t)--queued);
    struct timespec now;
    clock_gettime(how == WALL ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
    buffer->index = (unsigned)index;
    buffer->bytesused = (unsigned)draw(memory[index], how);
    buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | (how == FLAGGED ? V4L2_BUF_FLAG_ERROR : 0);
    buffer->timestamp.tv_sec = now.tv_sec, buffer->timestamp.tv_usec = now.tv_nsec / 1000;
    buffer->sequence = sequence++;
    buffer->length = BUFFER_BYTES, buffer->m.offset = (unsigned)index * BUFFER_BYTES;
    return 0;
}

static int set_control(struct v4l2_control *wanted) {
    struct control *control = find(wanted->id);
    if (!control) REFUSE(EINVAL);
    if (wanted->value < control->low || wanted->value > control->high) REFUSE(ERANGE);
    control->value = wanted->value;
    FILE *log = fopen(path_of("controls"), "a");
    if (log) fprintf(log, "%#x %d\n", wanted->id, wanted->value), fclose(log);
    return 0;
}

static int get_rate(struct v4l2_streamparm *given) {
    given->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
    given->parm.capture.timeperframe.numerator = 1, given->parm.capture.timeperframe.denominator = (unsigned)rate;
    return 0;
}
static int set_rate(struct v4l2_streamparm *wanted) {
    char text[16] = "";
    int most = read_file("rate", text, sizeof text - 1) > 0 ? atoi(text) : 30;
    struct v4l2_fract *period = &wanted->parm.capture.timeperframe;
    rate = period->numerator && period->denominator ? (int)(period->denominator / period->numerator) : most;
    if (rate < 1 || rate > most) rate = most;
    return get_rate(wanted);
}

int ioctl(int handle, unsigned long request, ...) {
    va_list more;
    va_start(more, request);
    void *what = va_arg(more, void *);
    va_end(more);
    if (!is_handle(handle)) return REAL(ioctl)(handle, request, what);
    enum mode how = mode();
    if (how == GONE) REFUSE(ENODEV);
    switch ((unsigned)request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *answer = what;
        memset(answer, 0, sizeof *answer);
        strcpy((char *)answer->driver, "uvcvideo"), strcpy((char *)answer->card, "Fake UVC");
        answer->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        answer->capabilities = answer->device_caps | V4L2_CAP_DEVICE_CAPS;
        return 0;
    }
    case VIDIOC_ENUM_FMT: {
        struct v4l2_fmtdesc *answer = what;
        unsigned list[FORMATS];
        if (answer->index >= formats(list)) REFUSE(EINVAL);
        answer->pixelformat = list[answer->index];
        return 0;
    }
    case VIDIOC_G_FMT: {
        struct v4l2_pix_format *answer = &((struct v4l2_format *)what)->fmt.pix;
        answer->pixelformat = format, answer->width = width, answer->height = height;
        settle(answer);
        return 0;
    }
    case VIDIOC_TRY_FMT: settle(&((struct v4l2_format *)what)->fmt.pix); return 0;
    case VIDIOC_S_FMT: {
        struct v4l2_pix_format *answer = &((struct v4l2_format *)what)->fmt.pix;
        if ((owner >= 0 && owner != handle) || how == BUSY) REFUSE(EBUSY);
        settle(answer);
        format = answer->pixelformat, width = answer->width, height = answer->height;
        return 0;
    }
    case VIDIOC_G_PARM: return get_rate(what);
    case VIDIOC_S_PARM: return set_rate(what);
    case VIDIOC_REQBUFS: {
        struct v4l2_requestbuffers *answer = what;
        if (owner >= 0 && owner != handle) REFUSE(EBUSY);
        if (answer->memory != V4L2_MEMORY_MMAP) REFUSE(EINVAL);
        if (answer->count > BUFFERS) answer->count = BUFFERS;
        owner = answer->count ? handle : -1, queued = 0;
        return 0;
    }
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *answer = what;
        answer->length = BUFFER_BYTES, answer->m.offset = answer->index * BUFFER_BYTES;
        return 0;
    }
    case VIDIOC_QBUF: if (queued < BUFFERS) queue[queued++] = (int)((struct v4l2_buffer *)what)->index; return 0;
    case VIDIOC_DQBUF: return dequeue(handle, what);
    case VIDIOC_STREAMON:
        if (how == BANDWIDTH) REFUSE(ENOSPC);
        streaming = 1, sequence = 0, tick(handle, 1);
        return 0;
    case VIDIOC_STREAMOFF: streaming = 0, queued = 0, tick(handle, 0); return 0;
    case VIDIOC_QUERYCTRL: {
        struct v4l2_queryctrl *answer = what;
        struct control *control = find(answer->id);
        if (!control) REFUSE(EINVAL);
        answer->minimum = control->low, answer->maximum = control->high, answer->step = control->step;
        answer->flags = 0;
        return 0;
    }
    case VIDIOC_S_CTRL: return set_control(what);
    case VIDIOC_G_CTRL: {
        struct v4l2_control *answer = what;
        struct control *control = find(answer->id);
        if (!control) REFUSE(EINVAL);
        answer->value = control->value;
        return 0;
    }
    default: REFUSE(ENOTTY);
    }
}
