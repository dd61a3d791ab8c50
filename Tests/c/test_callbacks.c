/*
 * Tests of the callbacks of ntk.h: a caller's functions with their derivatives, named by program text.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "ntk.h"

static long passed, failed;

static int check(int holds, int line, const char *what) {
  if (holds) {
    passed++;
  } else {
    failed++;
    printf("  test_callbacks.c:%d: %s; last error: %s\n", line, what, ntk_last_error());
  }
  return holds;
}

#define CHECK(condition) check((condition) != 0, __LINE__, #condition)
#define STATUS(status, call) check((call) == (status), __LINE__, #status ": " #call)
#define OK(call) STATUS(NTK_OK, call)

/* What a context holds: y = scale * x0 * sin(x1), of arrays of one length. */
typedef struct context {
  double scale;
  long calls;
  int fails;
  pthread_t thread;
} context;

static double at(const ntk_buffer *array, size_t i) { return ((const double *)array->data)[i]; }

static int begin(void *pointer, const ntk_buffer *in, size_t n, size_t expected,
                 const ntk_buffer *out, size_t m, size_t results) {
  context *c = (context *)pointer;
  size_t i;
  c->calls++;
  c->thread = pthread_self();
  if (n != expected || m != results) return 1;
  for (i = 0; i < n; i++)
    if (in[i].flags != NTK_READ_ONLY || in[i].strides != NULL || in[i].element_type != NTK_F64)
      return 1;
  for (i = 0; i < m; i++)
    if (out[i].flags != 0 || out[i].strides != NULL) return 1;
  return c->fails;
}

static size_t length(const ntk_buffer *array) {
  return array->rank == 1 ? (size_t)array->sizes[0] : array->rank == 0 ? 1 : 0;
}

static int32_t value(void *p, const ntk_buffer *in, size_t n, const ntk_buffer *out, size_t m) {
  size_t i;
  if (begin(p, in, n, 2, out, m, 1)) return 1;
  for (i = 0; i < length(out); i++)
    ((double *)out->data)[i] = ((context *)p)->scale * at(in, i) * sin(at(in + 1, i));
  return 0;
}

static int32_t jvp(void *p, const ntk_buffer *in, size_t n, const ntk_buffer *out, size_t m) {
  size_t i;
  if (begin(p, in, n, 4, out, m, 1)) return 1;
  for (i = 0; i < length(out); i++)
    ((double *)out->data)[i] =
        ((context *)p)->scale * (at(in + 2, i) * sin(at(in + 1, i)) +
                                 at(in, i) * cos(at(in + 1, i)) * at(in + 3, i));
  return 0;
}

static int32_t vjp(void *p, const ntk_buffer *in, size_t n, const ntk_buffer *out, size_t m) {
  size_t i;
  if (begin(p, in, n, 3, out, m, 2)) return 1;
  for (i = 0; i < length(out); i++) {
    double g = ((context *)p)->scale * at(in + 2, i);
    ((double *)out[0].data)[i] = g * sin(at(in + 1, i));
    ((double *)out[1].data)[i] = g * at(in, i) * cos(at(in + 1, i));
  }
  return 0;
}

static const char TEXT[] =
    "ntk 1\n"
    "program(%0: f64[3], %1: f64[3]) {\n"
    "  %2: f64[3] = callback[callback=\"product\", shapes=[[3]], dtypes=[f64],\n"
    "                        vmap_method=\"sequential\", has_derivatives=true](%0, %1)\n"
    "  %3: f64[3] = mul(%2, %0)\n"
    "  return %3\n"
    "}\n";

static int64_t three = 3;
static double x[3] = {0.5, -1, 2}, w[3] = {1, 0.3, -0.7}, g[3] = {1, 2, 3};

static ntk_buffer vector(double *data) {
  ntk_buffer array;
  array.data = data;
  array.element_type = NTK_F64;
  array.flags = 0;
  array.rank = 1;
  array.sizes = &three;
  array.strides = NULL;
  return array;
}

static int close_to(double a, double b) { return fabs(a - b) <= 1e-13 * (1 + fabs(b)); }

static void test_values_and_derivatives(const ntk_program *program, double scale) {
  double y[3], dy[3], dx[3], dw[3], jacobian[2][9];
  size_t active[2] = {0, 1}, i, k;
  int64_t sizes[2] = {3, 3};
  ntk_buffer inputs[2], tangents[2], outputs[3];
  inputs[0] = vector(x), inputs[1] = vector(w);
  tangents[0] = vector(g), tangents[1] = vector(x);
  outputs[0] = vector(y);
  OK(ntk_evaluate(program, inputs, 2, outputs, 1, NULL));
  for (i = 0; i < 3; i++) CHECK(close_to(y[i], scale * x[i] * x[i] * sin(w[i])));
  outputs[1] = vector(dy);
  OK(ntk_jvp(program, active, 2, inputs, 2, tangents, outputs, 2, NULL));
  for (i = 0; i < 3; i++)
    CHECK(close_to(dy[i],
                   scale * (2 * x[i] * sin(w[i]) * g[i] + x[i] * x[i] * cos(w[i]) * x[i])));
  outputs[1] = vector(dx), outputs[2] = vector(dw);
  OK(ntk_vjp(program, active, 2, inputs, 2, tangents, 1, outputs, 3, NULL));
  for (i = 0; i < 3; i++) {
    CHECK(close_to(dx[i], scale * 2 * x[i] * sin(w[i]) * g[i]));
    CHECK(close_to(dw[i], scale * x[i] * x[i] * cos(w[i]) * g[i]));
  }
  for (i = 0; i < 2; i++) {
    outputs[i] = vector(jacobian[i]);
    outputs[i].rank = 2;
    outputs[i].sizes = sizes;
  }
  OK(ntk_jacobian(program, active, 2, NTK_JACOBIAN_REVERSE, inputs, 2, outputs, 2, NULL));
  for (i = 0; i < 3; i++)
    for (k = 0; k < 3; k++)
      CHECK(close_to(jacobian[1][3 * i + k], i == k ? scale * x[i] * x[i] * cos(w[i]) : 0));
}

static void test_names(void) {
  context c = {2, 0, 0, 0};
  ntk_callback_functions functions = NTK_CALLBACK_FUNCTIONS_INIT;
  ntk_program *early = NULL, *program = NULL;
  double y[3];
  int32_t held = -1;
  size_t active = 0;
  ntk_buffer inputs[2], output = vector(y);
  inputs[0] = vector(x), inputs[1] = vector(w);

  OK(ntk_program_parse(&early, TEXT, strlen(TEXT)));
  STATUS(NTK_INVALID_ARGUMENT, ntk_evaluate(early, inputs, 2, &output, 1, NULL));
  OK(ntk_callback_is_held("product", &held));
  CHECK(held == 0);

  STATUS(NTK_INVALID_ARGUMENT, ntk_callback_register("product", NULL));
  STATUS(NTK_INVALID_ARGUMENT, ntk_callback_register("product", &functions)); /* no value */
  functions.value = value;
  functions.context = &c;
  STATUS(NTK_INVALID_ARGUMENT, ntk_callback_register(NULL, &functions));
  functions.struct_size = 8;
  STATUS(NTK_INVALID_ARGUMENT, ntk_callback_register("product", &functions));
  functions.struct_size = sizeof functions;
  STATUS(NTK_INVALID_ARGUMENT, ntk_callback_register("pro\xffuct", &functions));

  /* Without derivatives first. */
  OK(ntk_callback_register("product", &functions));
  STATUS(NTK_INVALID_ARGUMENT, ntk_callback_register("product", &functions));
  OK(ntk_evaluate(early, inputs, 2, &output, 1, NULL));
  {
    double dy[3];
    ntk_buffer outputs[2], tangent = vector(g);
    outputs[0] = output, outputs[1] = vector(dy);
    STATUS(NTK_UNSUPPORTED, ntk_jvp(early, &active, 1, inputs, 2, &tangent, outputs, 2, NULL));
  }
  OK(ntk_callback_unregister("product"));
  OK(ntk_callback_unregister("product"));
  OK(ntk_callback_unregister("never registered"));
  ntk_program_free(early);
  ntk_clear_cache();
  OK(ntk_callback_is_held("product", &held));
  CHECK(held == 0);

  functions.jvp = jvp;
  functions.vjp = vjp;
  OK(ntk_callback_register("product", &functions));
  OK(ntk_program_parse(&program, TEXT, strlen(TEXT)));
  test_values_and_derivatives(program, 2);
  CHECK(pthread_equal(c.thread, pthread_self()));
  /* A program keeps its functions; what it holds is told. */
  OK(ntk_callback_unregister("product"));
  test_values_and_derivatives(program, 2);
  OK(ntk_callback_is_held("product", &held));
  CHECK(held == 1);
  c.fails = 1;
  STATUS(NTK_CALLBACK, ntk_evaluate(program, inputs, 2, &output, 1, NULL));
  CHECK(strstr(ntk_last_error(), "product") != NULL);
  c.fails = 0;
  OK(ntk_evaluate(program, inputs, 2, &output, 1, NULL));
  STATUS(NTK_INVALID_ARGUMENT, ntk_callback_is_held("product", NULL));
  STATUS(NTK_INVALID_ARGUMENT, ntk_callback_is_held(NULL, &held));
  ntk_program_free(program);
  ntk_clear_cache();
  OK(ntk_callback_is_held("product", &held));
  CHECK(held == 0);
}

/* The builder reaches rules: y = x², whose derivative is said to be 7. */
static void test_rules(void) {
  static const char body[] =
      "ntk 1\nprogram(%0: f64[3]) {\n  %1 = mul(%0, %0)\n  return %1\n}";
  static const char rule[] =
      "ntk 1\nprogram(%0: f64[3], %1: f64[3]) {\n  %2 = mul(%0, %0)\n"
      "  %3 = full[shape=[3], value=7.0, dtype=f64]()\n  %4 = mul(%3, %1)\n  return %2, %4\n}";
  static const char parameters[] = "call_jaxpr=$0, jvp_jaxpr=$1";
  ntk_program *bodies[2] = {NULL, NULL}, *program = NULL;
  ntk_builder *b = NULL;
  ntk_value input = 0, result = 0;
  size_t count = 0, active = 0, i;
  double y[3], dx[3];
  ntk_buffer in = vector(x), weight = vector(g), outputs[2];
  OK(ntk_program_parse(&bodies[0], body, strlen(body)));
  OK(ntk_program_parse(&bodies[1], rule, strlen(rule)));
  OK(ntk_builder_create(&b));
  OK(ntk_builder_input(b, NTK_F64, 1, &three, "x", &input));
  OK(ntk_builder_apply(b, "custom_jvp_call", &input, 1, parameters, strlen(parameters),
                       (const ntk_program *const *)bodies, 2, &result, 1, &count));
  OK(ntk_builder_finish(b, &input, 1, NULL, 0, &result, 1, &program));
  outputs[0] = vector(y), outputs[1] = vector(dx);
  OK(ntk_vjp(program, &active, 1, &in, 1, &weight, 1, outputs, 2, NULL));
  for (i = 0; i < 3; i++) CHECK(y[i] == x[i] * x[i] && dx[i] == 7 * g[i]);
  /* A rule that does not fit is refused. */
  STATUS(NTK_INVALID_ARGUMENT,
         ntk_builder_apply(b, "custom_jvp_call", &input, 1, "call_jaxpr=$1, jvp_jaxpr=$0", 27,
                           (const ntk_program *const *)bodies, 2, &result, 1, &count));
  ntk_builder_free(b);
  ntk_program_free(program);
  ntk_program_free(bodies[0]);
  ntk_program_free(bodies[1]);
}

/* A run that looks for NaN names the line; the options of the first version are still taken. */
static void test_debug_nans(void) {
  static const char text[] =
      "ntk 1\nprogram(%0: f64[3]) {\n  %1 = log(%0) @\"model.py\":12\n  return %1\n}";
  ntk_program *program = NULL;
  ntk_run_options options = NTK_RUN_OPTIONS_INIT;
  double y[3];
  ntk_buffer in = vector(x), out = vector(y);
  OK(ntk_program_parse(&program, text, strlen(text)));
  options.debug_nans = 1;
  STATUS(NTK_NOT_A_NUMBER, ntk_evaluate(program, &in, 1, &out, 1, &options));
  CHECK(strstr(ntk_last_error(), "model.py:12") != NULL);
  options.struct_size = offsetof(ntk_run_options, debug_nans);
  OK(ntk_evaluate(program, &in, 1, &out, 1, &options));
  CHECK(isnan(y[1]));
  options.struct_size = 8;
  STATUS(NTK_INVALID_ARGUMENT, ntk_evaluate(program, &in, 1, &out, 1, &options));
  ntk_program_free(program);
}

int main(void) {
  test_names();
  test_rules();
  test_debug_nans();
  printf("%ld passed, %ld failed\n", passed, failed);
  return failed != 0;
}
