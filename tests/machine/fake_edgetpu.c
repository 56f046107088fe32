// A TFLite delegate that stands in for libedgetpu in tests: it is loaded, asked and called like the real one.
//
// Compiled once for each behaviour, by -DBEHAVIOUR=... and -DAFTER=...; see tests/machine/fixtures.py.
// The structures are the common prefix of TensorFlow Lite's public C interface (tensorflow/lite/core/c/common.h),
// which has not changed from tflite-runtime 2.5 to LiteRT 2.3.
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum behaviour { WORKS, ABSENT, ABSENT_SILENT, CLAIMS_NOTHING, REFUSES_GRAPH, REFUSES_KERNEL, LOST, CRASHES, ABORTS, HANGS };
enum status { STATUS_OK = 0, STATUS_ERROR = 1, STATUS_DELEGATE_ERROR = 2 };
enum { BUILTIN_DELEGATE = 51, ALLOW_DYNAMIC_TENSORS = 1, FLOAT32 = 1 };

typedef struct { int size; int data[]; } IntArray;
typedef struct Context Context;
typedef struct Delegate Delegate;

typedef struct {
  IntArray *inputs, *outputs, *intermediates, *temporaries;
  void *user_data, *builtin_data;
  const void *custom_data;
  int custom_data_size;
  Delegate *delegate;
} Node;

typedef struct {
  int type;
  void *data;
  IntArray *dims;
  struct { float scale; int32_t zero_point; } params;
  int allocation_type;
  size_t bytes;
  const void *allocation;
  const char *name;
  Delegate *delegate;
  int buffer_handle;
  bool stale, variable;
  struct { int type; void *params; } quantization;
  void *sparsity;
  const IntArray *dims_signature;
} Tensor;

typedef struct {
  void *(*init)(Context *, const char *, size_t);
  void (*free)(Context *, void *);
  int (*prepare)(Context *, Node *);
  int (*invoke)(Context *, Node *);
  const char *(*profiling_string)(const Context *, const Node *);
  int32_t builtin_code;
  const char *custom_name;
  int version;
  void *external, *async_kernel;
  uint64_t inplace_operator;
} Registration;

struct Context {
  size_t tensors_size;
  int (*get_execution_plan)(Context *, IntArray **);
  Tensor *tensors;
  void *implementation;
  int (*resize_tensor)(Context *, Tensor *, IntArray *);
  void (*report_error)(Context *, const char *, ...);
  int (*add_tensors)(Context *, int, int *);
  int (*get_node_and_registration)(Context *, int, Node **, Registration **);
  int (*replace_nodes)(Context *, Registration, const IntArray *, Delegate *);
};

struct Delegate {
  void *data;
  int (*prepare)(Context *, Delegate *);
  void *copy_from_buffer, *copy_to_buffer, *free_buffer;
  int64_t flags;
  void *opaque;
};

static int invocations;

static void *kernel_init(Context *context, const char *buffer, size_t length) {
  (void)context, (void)buffer, (void)length;
  return malloc(1);
}

static void kernel_free(Context *context, void *data) {
  (void)context;
  free(data);
}

static int kernel_prepare(Context *context, Node *node) {
  (void)node;
  if (BEHAVIOUR != REFUSES_KERNEL) return STATUS_OK;
  context->report_error(context, "fake: not enough memory on the device");
  return STATUS_ERROR;
}

// Every output byte is the first input's first byte plus the output's number: enough to see that data goes through.
// Floats are spread over the middle of the crop, so that what reads them as landmarks finds an area.
static int kernel_invoke(Context *context, Node *node) {
  const char *unplugged = getenv("FAKE_EDGETPU_UNPLUGGED");
  if ((BEHAVIOUR == LOST && invocations++ >= AFTER) || (unplugged != NULL && access(unplugged, F_OK) == 0)) {
    context->report_error(context, "fake: USB transfer error");
    return STATUS_DELEGATE_ERROR;
  }
  const Tensor *input = &context->tensors[node->inputs->data[0]];
  for (int i = 0; i < node->outputs->size; i++) {
    Tensor *output = &context->tensors[node->outputs->data[i]];
    float *real = output->data;
    if (output->type != FLOAT32) memset(output->data, *(const int8_t *)input->data + i, output->bytes);
    else for (size_t k = 0; k < output->bytes / sizeof(float); k++) real[k] = 0.25f + 0.05f * (float)(k * 7 % 11);
  }
  return STATUS_OK;
}

static int delegate_prepare(Context *context, Delegate *delegate) {
  if (BEHAVIOUR == CLAIMS_NOTHING) return STATUS_OK;
  if (BEHAVIOUR == REFUSES_GRAPH) {
    context->report_error(context, "fake: executable was compiled for a newer runtime");
    return STATUS_DELEGATE_ERROR;
  }
  IntArray *plan;
  if (context->get_execution_plan(context, &plan) != STATUS_OK) return STATUS_ERROR;
  IntArray *claimed = malloc(sizeof(IntArray) + sizeof(int) * (size_t)plan->size);
  claimed->size = 0;
  for (int i = 0; i < plan->size; i++) {
    Node *node;
    Registration *registration;
    context->get_node_and_registration(context, plan->data[i], &node, &registration);
    const char *name = registration->custom_name;
    if (name != NULL && strcmp(name, "edgetpu-custom-op") == 0) claimed->data[claimed->size++] = plan->data[i];
  }
  Registration kernel = {.init = kernel_init, .free = kernel_free, .prepare = kernel_prepare, .invoke = kernel_invoke,
                         .builtin_code = BUILTIN_DELEGATE, .custom_name = "FakeEdgeTpu", .version = 1};
  int status = context->replace_nodes(context, kernel, claimed, delegate);
  free(claimed);
  return status;
}

Delegate *tflite_plugin_create_delegate(char **keys, char **values, size_t count, void (*report)(const char *)) {
  (void)keys, (void)values, (void)count;
  if (BEHAVIOUR == CRASHES) raise(SIGSEGV);
  if (BEHAVIOUR == ABORTS) abort();
  if (BEHAVIOUR == HANGS) for (;;) pause();
  if (BEHAVIOUR == ABSENT && report != NULL) report("fake: no device found");
  if (BEHAVIOUR == ABSENT || BEHAVIOUR == ABSENT_SILENT) return NULL;
  Delegate *delegate = calloc(1, sizeof *delegate);
  delegate->prepare = delegate_prepare;
  delegate->flags = ALLOW_DYNAMIC_TENSORS;
  return delegate;
}

void tflite_plugin_destroy_delegate(Delegate *delegate) { free(delegate); }
