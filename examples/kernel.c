/*
 * kernel.c: the tangent kernel of a network that Python saved, from C.
 *
 * examples/save_network.py wrote two files:
 *
 *     network.ntk   the network's program f(parameters..., x), as docs/program-text.md describes
 *     network.bin   the arrays of its inputs, one after another: doubles, row-major
 *
 * theta[n, n'] is the inner product of the gradients of f(x[n]) and of f(x[n']) by all parameters,
 * the mean over f's last axis.
 *
 * After `make install`:   cc kernel.c $(pkg-config --cflags --libs ntk) -o kernel
 * In this checkout:       cc -Iinclude examples/kernel.c -L.build/release -lntk \
 *                            -Wl,-rpath,$PWD/.build/release -o kernel
 * Then:                   ./kernel examples/network
 */
#include <ntk.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_INPUTS = 16 };

/* Say what failed and why. ntk_last_error() is this thread's last failure, in words. */
static int report(const char *call, ntk_status status) {
  fprintf(stderr, "%s: %s: %s\n", call, ntk_status_name(status), ntk_last_error());
  return 1;
}

/* Read the file NAME SUFFIX into new memory; return NULL, having said why, if that fails. */
static char *read_file(const char *name, const char *suffix, size_t *length) {
  char path[1024], *bytes = NULL;
  FILE *file;
  long size = -1;

  snprintf(path, sizeof path, "%s%s", name, suffix);
  file = fopen(path, "rb");
  if (file != NULL) {
    if (fseek(file, 0, SEEK_END) == 0) size = ftell(file);
    if (size >= 0) bytes = (char *)malloc((size_t)size + 1);
    rewind(file);
    if (bytes != NULL && fread(bytes, 1, (size_t)size, file) != (size_t)size) {
      free(bytes);
      bytes = NULL;
    }
    fclose(file);
  }
  if (bytes == NULL) fprintf(stderr, "%s cannot be read\n", path);
  *length = (size_t)size;
  return bytes;
}

/* Describe row-major doubles to the library, which borrows both arrays during a call. */
static ntk_buffer doubles(void *data, size_t rank, const int64_t *sizes) {
  ntk_buffer buffer;
  buffer.data = data;
  buffer.element_type = NTK_F64;
  buffer.flags = 0;
  buffer.rank = (int64_t)rank;
  buffer.sizes = sizes;
  buffer.strides = NULL;
  return buffer;
}

/* Let each input of the program be the next of these bytes; return their number, 0 on failure. */
static size_t bind_inputs(const ntk_program *program, char *bytes, size_t length,
                          int64_t sizes[MAX_INPUTS][NTK_MAX_RANK], ntk_buffer *inputs) {
  size_t count, captured, rank, i, axis, taken = 0;
  int32_t element_type;
  ntk_status status = ntk_program_counts(program, &count, &captured, NULL, NULL);
  if (status != NTK_OK) return report("ntk_program_counts", status), (size_t)0;
  if (captured != 0) {
    /* They would follow x, which is taken to be the last. */
    fprintf(stderr, "the program captures arrays; make them parameters or inputs\n");
    return 0;
  }
  if (count > MAX_INPUTS) {
    fprintf(stderr, "the program has more than %d inputs\n", MAX_INPUTS);
    return 0;
  }
  for (i = 0; i < count; i++) {
    size_t size = sizeof(double);
    status = ntk_program_input_type(program, i, &element_type, &rank, sizes[i], NTK_MAX_RANK);
    if (status != NTK_OK) return report("ntk_program_input_type", status), (size_t)0;
    if (element_type != NTK_F64) {
      fprintf(stderr, "input %d is not of doubles\n", (int)i);
      return 0;
    }
    for (axis = 0; axis < rank; axis++) size *= (size_t)sizes[i][axis];
    inputs[i] = doubles(bytes + taken, rank, sizes[i]);
    taken += size;
    if (taken > length) break;
  }
  if (count == 0 || taken != length) {
    fprintf(stderr, "the arrays do not fit the program\n");
    return 0;
  }
  return count;
}

/* Compute and print the kernel by all inputs but the last. */
static int print_kernel(const ntk_program *program, const ntk_buffer *inputs, size_t count) {
  size_t parameters[MAX_INPUTS], i, rank;
  int64_t trace_axis = -1, sizes[NTK_MAX_RANK], n, m;
  int32_t element_type;
  double *theta;
  ntk_buffer result;
  ntk_tangent_kernel *kernel;
  ntk_kernel_options options = NTK_KERNEL_OPTIONS_INIT;
  ntk_status status;

  for (i = 0; i + 1 < count; i++) parameters[i] = i;
  options.parameters = parameters;
  options.parameter_count = count - 1;
  options.trace_axes = &trace_axis;
  options.trace_axis_count = 1;

  /* No second program: both sides are this one, and theta is exactly symmetric. */
  status = ntk_tangent_kernel_create(&kernel, program, NULL, &options);
  if (status != NTK_OK) return report("ntk_tangent_kernel_create", status);
  status = ntk_tangent_kernel_type(kernel, 0, &element_type, &rank, sizes, NTK_MAX_RANK);
  if (status != NTK_OK || rank != 2) {
    ntk_tangent_kernel_free(kernel);
    if (status != NTK_OK) return report("ntk_tangent_kernel_type", status);
    fprintf(stderr, "the network's output has %d axes, not 2\n", (int)rank / 2 + 1);
    return 1;
  }

  theta = (double *)malloc((size_t)(sizes[0] * sizes[1]) * sizeof(double) + 1);
  if (theta == NULL) {
    ntk_tangent_kernel_free(kernel);
    fprintf(stderr, "no memory for the kernel\n");
    return 1;
  }
  result = doubles(theta, rank, sizes);
  status = ntk_tangent_kernel_compute(kernel, inputs, count, &result, 1, NULL);
  ntk_tangent_kernel_free(kernel);
  for (n = 0; status == NTK_OK && n < sizes[0]; n++) {
    for (m = 0; m < sizes[1]; m++) printf("%14.8f", theta[n * sizes[1] + m]);
    putchar('\n');
  }
  free(theta);
  return status == NTK_OK ? 0 : report("ntk_tangent_kernel_compute", status);
}

int main(int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "examples/network";
  int64_t sizes[MAX_INPUTS][NTK_MAX_RANK];
  ntk_buffer inputs[MAX_INPUTS];
  ntk_program *program = NULL;
  size_t text_length, bytes_length, count;
  ntk_status status;
  int failed = 1;
  char *text, *bytes;

  if (ntk_abi_version() != NTK_ABI_VERSION) {
    fprintf(stderr, "libntk %s does not fit this header\n", ntk_version());
    return 1;
  }

  text = read_file(name, ".ntk", &text_length);
  bytes = read_file(name, ".bin", &bytes_length);
  if (text != NULL && bytes != NULL) {
    status = ntk_program_parse(&program, text, text_length);
    if (status != NTK_OK) {
      report("ntk_program_parse", status);
    } else {
      count = bind_inputs(program, bytes, bytes_length, sizes, inputs);
      if (count != 0) failed = print_kernel(program, inputs, count);
    }
  }
  ntk_program_free(program);
  free(bytes);
  free(text);
  return failed;
}
