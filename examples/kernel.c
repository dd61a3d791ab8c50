/*
 * kernel.c: the tangent kernel of a small network, from C.
 *
 * The network maps each sample x[n] to one number,
 *
 *     f(w1, w2, x)[n] = w2 . tanh(x[n] w1),
 *
 * and theta[n, n'] is the inner product of the gradients of f[n] and f[n'] by (w1, w2).
 *
 * After `make install`:   cc kernel.c $(pkg-config --cflags --libs ntk) -o kernel
 * In this checkout:       cc -Iinclude examples/kernel.c -L.build/release -lntk \
 *                            -Wl,-rpath,$PWD/.build/release -o kernel
 */
#include <ntk.h>

#include <stdio.h>
#include <string.h>

enum { SAMPLES = 2, FEATURES = 3, UNITS = 4 };

/* docs/program-text.md describes this form; inputs are numbered in the order they stand in. */
static const char *const network =
    "ntk 1\n"
    "program(%0 \"w1\": f64[3,4], %1 \"w2\": f64[4], %2 \"x\": f64[2,3]) {\n"
    "  %3 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%2, %0)\n"
    "  %4 = tanh(%3)\n"
    "  %5 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%4, %1)\n"
    "  return %5\n"
    "}\n";

/* Say what failed and why. ntk_last_error() is this thread's last failure, in words. */
static int report(const char *call, ntk_status status) {
  size_t line, column;
  fprintf(stderr, "%s: %s: %s", call, ntk_status_name(status), ntk_last_error());
  ntk_last_error_position(&line, &column);
  if (line != 0) fprintf(stderr, " (line %d, column %d)", (int)line, (int)column);
  fputc('\n', stderr);
  return 1;
}

/* Describe row-major doubles to the library, which borrows both arrays during a call. */
static ntk_buffer doubles(double *data, int64_t rank, const int64_t *sizes) {
  ntk_buffer buffer;
  buffer.data = data;
  buffer.element_type = NTK_F64;
  buffer.flags = 0;
  buffer.rank = rank;
  buffer.sizes = sizes;
  buffer.strides = NULL;
  return buffer;
}

int main(void) {
  double w1[FEATURES * UNITS] = {0.5, -0.2, 0.1, 0.7, -0.3, 0.4, 0.6, -0.1, 0.2, 0.3, -0.5, 0.8};
  double w2[UNITS] = {1.0, -0.5, 0.25, 0.75};
  double x[SAMPLES * FEATURES] = {1.0, 0.0, -1.0, 0.5, 2.0, 0.0};
  double theta[SAMPLES * SAMPLES];
  const int64_t w1_sizes[2] = {FEATURES, UNITS}, w2_sizes[1] = {UNITS};
  const int64_t x_sizes[2] = {SAMPLES, FEATURES}, theta_sizes[2] = {SAMPLES, SAMPLES};
  const size_t parameters[2] = {0, 1}; /* w1 and w2: differentiate by these */

  ntk_buffer inputs[3], result;
  ntk_kernel_options options = NTK_KERNEL_OPTIONS_INIT;
  ntk_program *program = NULL;
  ntk_status status;
  int n, m;

  if (ntk_abi_version() != NTK_ABI_VERSION) {
    fprintf(stderr, "libntk %s does not fit this header\n", ntk_version());
    return 1;
  }

  status = ntk_program_parse(&program, network, strlen(network));
  if (status != NTK_OK) return report("ntk_program_parse", status);

  inputs[0] = doubles(w1, 2, w1_sizes);
  inputs[1] = doubles(w2, 1, w2_sizes);
  inputs[2] = doubles(x, 2, x_sizes);
  result = doubles(theta, 2, theta_sizes);
  options.parameters = parameters;
  options.parameter_count = 2;

  /* No second program: both sides are this one, and theta is exactly symmetric. */
  status = ntk_kernel(program, NULL, &options, inputs, 3, &result, 1, NULL);
  ntk_program_free(program);
  if (status != NTK_OK) return report("ntk_kernel", status);

  for (n = 0; n < SAMPLES; n++) {
    for (m = 0; m < SAMPLES; m++) printf("%12.6f", theta[n * SAMPLES + m]);
    putchar('\n');
  }
  return 0;
}
