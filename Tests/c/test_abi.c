/*
 * Tests of ntk.h from its documentation alone. C99 and C++11.
 *
 * Each case runs in a process of its own, so that a crash is one failure and not the end.
 *
 *     test_abi          every case; last line `N passed, N failed`
 *     test_abi NAME...  these cases, in this process (for a debugger)
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ntk.h"

/* ---- Checking ---------------------------------------------------------- */

static struct {
  long passed, failed;
} tally;

static int check(int holds, int line, const char *what) {
  if (holds) {
    tally.passed++;
  } else {
    tally.failed++;
    printf("  test_abi.c:%d: %s\n", line, what);
    fflush(stdout);
  }
  return holds;
}

static int check_status(ntk_status actual, ntk_status expected, int line, const char *what) {
  if (!check(actual == expected, line, what)) {
    printf("    got %s, expected %s; last error: %s\n", ntk_status_name(actual),
           ntk_status_name(expected), ntk_last_error());
    fflush(stdout);
  }
  return actual == expected;
}

/** A failure, whichever it is, says why. */
static int check_refused(ntk_status actual, int line, const char *what) {
  return check(actual != NTK_OK && actual != NTK_INTERNAL, line, what) &&
         check(ntk_last_error()[0] != 0, line, "a failure has a message");
}

#define CHECK(condition) check((condition) != 0, __LINE__, #condition)
#define OK(call) check_status(call, NTK_OK, __LINE__, #call)
#define STATUS(status, call) check_status(call, status, __LINE__, #call)
#define INVALID(call) STATUS(NTK_INVALID_ARGUMENT, call)
#define REFUSED(call) check_refused(call, __LINE__, #call)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int says(const char *fact) { return strstr(ntk_last_error(), fact) != NULL; }

/* ---- Arrays and programs ------------------------------------------------ */

typedef struct tensor {
  int32_t type;
  size_t rank, count;
  int64_t sizes[NTK_MAX_RANK];
  void *data;
} tensor;

static size_t item_size(int32_t type) {
  switch (type) {
    case NTK_F64: case NTK_I64: case NTK_U64: return 8;
    case NTK_F32: case NTK_I32: case NTK_U32: return 4;
    default: return 1;
  }
}

static tensor tensor_make(int32_t type, size_t rank, const int64_t *sizes) {
  tensor t;
  size_t i;
  memset(&t, 0, sizeof t);
  t.type = type;
  t.rank = rank;
  t.count = 1;
  for (i = 0; i < rank; i++) {
    t.sizes[i] = sizes[i];
    t.count *= (size_t)sizes[i];
  }
  t.data = calloc(t.count + 1, item_size(type));
  return t;
}

static double *f64(tensor t) { return (double *)t.data; }

static uint64_t random_state = 88172645463325252ull;

static uint64_t random_bits(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

static double random_number(void) { return (double)(random_bits() >> 11) / 4503599627370496.0 - 1; }

/** Fill with numbers between -1 and 1. */
static tensor randomized(tensor t) {
  size_t i;
  for (i = 0; i < t.count; i++) {
    double r = random_number();
    if (t.type == NTK_F64) ((double *)t.data)[i] = r;
    if (t.type == NTK_F32) ((float *)t.data)[i] = (float)r;
  }
  return t;
}

static ntk_buffer buffer(void *data, int32_t type, int64_t rank, const int64_t *sizes,
                         const int64_t *strides) {
  ntk_buffer b;
  b.data = data;
  b.element_type = type;
  b.flags = 0;
  b.rank = rank;
  b.sizes = sizes;
  b.strides = strides;
  return b;
}

static ntk_buffer view(const tensor *t) {
  return buffer(t->data, t->type, (int64_t)t->rank, t->sizes, NULL);
}

#define MANY 16

/** The views of many tensors; valid while they are. */
static void views(ntk_buffer *buffers, const tensor *tensors, size_t count) {
  size_t i;
  for (i = 0; i < count; i++) buffers[i] = view(&tensors[i]);
}

static void free_all(tensor *tensors, size_t count) {
  while (count > 0) free(tensors[--count].data);
}

static ntk_program *parse(const char *text) {
  ntk_program *program = NULL;
  OK(ntk_program_parse(&program, text, strlen(text)));
  CHECK(program != NULL);
  return program;
}

static char *text_of(const ntk_program *program) {
  size_t needed = 0;
  char *text;
  OK(ntk_program_text(program, NULL, 0, &needed));
  text = (char *)calloc(needed + 1, 1);
  OK(ntk_program_text(program, text, needed, &needed));
  CHECK(strlen(text) + 1 == needed);
  return text;
}

static size_t inputs_of(const ntk_program *program) {
  size_t inputs = 0, captured = 0;
  OK(ntk_program_counts(program, &inputs, &captured, NULL, NULL));
  return inputs + captured;
}

static size_t outputs_of(const ntk_program *program) {
  size_t outputs = 0;
  OK(ntk_program_counts(program, NULL, NULL, &outputs, NULL));
  return outputs;
}

static size_t equations_of(const ntk_program *program) {
  size_t equations = 0;
  OK(ntk_program_counts(program, NULL, NULL, NULL, &equations));
  return equations;
}

static tensor input_like(const ntk_program *program, size_t index) {
  int32_t type = 0;
  size_t rank = 0;
  int64_t sizes[NTK_MAX_RANK] = {0};
  OK(ntk_program_input_type(program, index, &type, &rank, sizes, NTK_MAX_RANK));
  return tensor_make(type, rank, sizes);
}

static tensor output_like(const ntk_program *program, size_t index) {
  int32_t type = 0;
  size_t rank = 0;
  int64_t sizes[NTK_MAX_RANK] = {0};
  OK(ntk_program_output_type(program, index, &type, &rank, sizes, NTK_MAX_RANK));
  return tensor_make(type, rank, sizes);
}

static size_t make_inputs(const ntk_program *program, tensor *tensors) {
  size_t i, count = inputs_of(program);
  for (i = 0; i < count; i++) tensors[i] = randomized(input_like(program, i));
  return count;
}

/** Run a program; allocate its outputs. */
static size_t evaluate(const ntk_program *program, const tensor *inputs, size_t input_count,
                       tensor *outputs) {
  ntk_buffer in[MANY], out[MANY];
  size_t i, count = outputs_of(program);
  for (i = 0; i < count; i++) outputs[i] = output_like(program, i);
  views(in, inputs, input_count);
  views(out, outputs, count);
  OK(ntk_evaluate(program, in, input_count, out, count, NULL));
  return count;
}

static double norm(const double *a, size_t count) {
  double sum = 0;
  while (count-- > 0) sum += a[count] * a[count];
  return sqrt(sum);
}

static double dot(const double *a, const double *b, size_t count) {
  double sum = 0;
  while (count-- > 0) sum += a[count] * b[count];
  return sum;
}

/** Equal relative to the expected result's norm. */
static int close_to(const double *actual, const double *expected, size_t count) {
  double sum = 0;
  size_t i;
  for (i = 0; i < count; i++) sum += (actual[i] - expected[i]) * (actual[i] - expected[i]);
  return sqrt(sum) <= 1e-11 * norm(expected, count);
}

static int same_bits(tensor a, tensor b) {
  return a.type == b.type && a.rank == b.rank && a.count == b.count &&
         memcmp(a.data, b.data, a.count * item_size(a.type)) == 0;
}

/* ---- Programs under test ------------------------------------------------ */

/* tanh(x w + b), [4, 2] */
static const char *const AFFINE =
    "ntk 1\n"
    "program(%0 \"w\": f64[3,2], %1 \"b\": f64[2], %2 \"x\": f64[4,3]) {\n"
    "  %3: f64[4,2] = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%2, %0)\n"
    "  %4: f64[4,2] = broadcast_in_dim[shape=[4, 2], broadcast_dimensions=[1]](%1)\n"
    "  %5: f64[4,2] = add(%3, %4)\n"
    "  %6: f64[4,2] = tanh(%5)\n"
    "  return %6\n"
    "}\n";

/* h <- tanh(w h + x_t), y_t = h */
static const char *const RECURRENT =
    "ntk 1\n"
    "program(%0 \"w\": f64[3,3], %1 \"h\": f64[3], %2 \"x\": f64[5,3]) {\n"
    "  %3: f64[3], %4: f64[5,3] = scan[jaxpr={program(%0: f64[3,3], %1: f64[3], %2: f64[3]) {\n"
    "    %3 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%0, %1)\n"
    "    %4 = add(%3, %2)\n"
    "    %5 = tanh(%4)\n"
    "    return %5, %5\n"
    "  }}, length=5, num_consts=1, num_carry=1](%0, %1, %2)\n"
    "  return %3, %4\n"
    "}\n";

/* A second output that is an integer, a captured input. */
static const char *const CAPTURING =
    "ntk 1\n"
    "program(%0 \"x\": f64[3]) captured(%1 \"scale\": f64[3]) {\n"
    "  %2 = mul(%0, %1)\n"
    "  %3 = exp(%2)\n"
    "  %4 = convert_element_type[new_dtype=i32](%3)\n"
    "  %5 = reduce_sum[axes=[0]](%3)\n"
    "  return %5, %4\n"
    "}\n";

/* Rows of a table, by index; out of range fails the run. */
static const char *const ROWS =
    "ntk 1\n"
    "program(%0 \"table\": f64[5,2], %1 \"ids\": i64[3,1]) {\n"
    "  %2: f64[3,2] = gather[offset_dims=[1], collapsed_slice_dims=[0], start_index_map=[0],\n"
    "    slice_sizes=[1, 2], mode=\"error\"](%0, %1)\n"
    "  return %2\n"
    "}\n";

/* Every operation once. */
static const char *const EVERYTHING =
    "ntk 1\n"
    "program(%0 \"x\": f32[2,3], %1 \"i\": i32[2,1], %2 \"p\": bool[2,3], %3: f32[]) {\n"
    "  %4 = add(%0, %0)\n"
    "  %5 = sub(%4, %0)\n"
    "  %6 = mul(%5, %0)\n"
    "  %7 = full[shape=[2, 3], value=2.5, dtype=f32]()\n"
    "  %8 = div(%6, %7)\n"
    "  %9 = max(%8, %0)\n"
    "  %10 = neg(%9)\n"
    "  %11 = exp(%10)\n"
    "  %12 = log(%11)\n"
    "  %13 = tanh(%12)\n"
    "  %14 = logistic(%13)\n"
    "  %15 = sqrt(%14)\n"
    "  %16 = integer_pow[y=-2](%15)\n"
    "  %17 = lt(%16, %0)\n"
    "  %18 = le(%16, %0)\n"
    "  %19 = gt(%16, %0)\n"
    "  %20 = ge(%16, %0)\n"
    "  %21 = eq(%16, %0)\n"
    "  %22 = ne(%16, %0)\n"
    "  %23 = and(%17, %2)\n"
    "  %24 = or(%18, %19)\n"
    "  %25 = not(%20)\n"
    "  %26 = select_n(%23, %0, %16)\n"
    "  %27 = select_n(%2, %26, %0)\n"
    "  %28 = convert_element_type[new_dtype=f64](%27)\n"
    "  %29 = stop_gradient(%28)\n"
    "  %30 = iota[dtype=i64, shape=[3, 2], dimension=1]()\n"
    "  %31 = constant[dtype=f32, shape=[3], data=[1.5, -inf, nan]]()\n"
    "  %32 = broadcast_in_dim[shape=[2, 3], broadcast_dimensions=[1]](%31)\n"
    "  %33 = reshape[new_sizes=[3, 2]](%32)\n"
    "  %34 = transpose[permutation=[1, 0]](%33)\n"
    "  %35 = slice[start_indices=[0, 0], limit_indices=[2, 3], strides=[1, 2]](%34)\n"
    "  %36 = rev[dimensions=[0, 1]](%35)\n"
    "  %37 = pad[padding_config=[[1, 0, 2], [-1, 3, 0]]](%36, %3)\n"
    "  %38 = concatenate[dimension=1](%0, %34, %0)\n"
    "  %39 = gather[offset_dims=[1], collapsed_slice_dims=[0], start_index_map=[0],\n"
    "    slice_sizes=[1, 3]](%0, %1)\n"
    "  %40 = scatter_add[update_window_dims=[1], inserted_window_dims=[0],\n"
    "    scatter_dims_to_operand_dims=[0], mode=\"clip\"](%0, %1, %39)\n"
    "  %41 = reduce_sum[axes=[0, 1]](%40)\n"
    "  %42 = reduce_max[axes=[]](%37)\n"
    "  %43 = dot_general[dimension_numbers=[[[1], [1]], [[0], [0]]]](%38, %38)\n"
    "  %44, %45 = scan[jaxpr={program(%0: f32[], %1: f32[3]) {\n"
    "    %2 = reduce_max[axes=[0]](%1)\n"
    "    %3 = add(%0, %2)\n"
    "    return %3, %2\n"
    "  }}, length=2, num_consts=0, num_carry=1, reverse=true](%3, %0)\n"
    "  return %23, %24, %25, %21, %22, %29, %30, %41, %42, %43, %44, %45, %0, %0\n"
    "}\n";

static const char *const SMALL_PROGRAMS[] = {
    "ntk 1\nprogram() {\n  return\n}",
    "ntk 1\nprogram(%0: f64[]) { return %0 }",
    "ntk 1 # the version\nprogram(%7 \"a b\": f64[0,2]) { # a comment\n"
    "%9 = tanh(%7) @\"model.py\":12\n%1=neg[](%9) return %1,%7 }",
    "ntk 1\ndata @table f32[2,2] \"AACAPwAAAEAAAEBAAACAQA==\"\n"
    "program() { %0 = constant[dtype=f32, shape=[2, 2], data=@table]() return %0 }",
};

static const char *program_text(size_t index) {
  switch (index) {
    case 0: return AFFINE;
    case 1: return RECURRENT;
    case 2: return CAPTURING;
    case 3: return ROWS;
    case 4: return EVERYTHING;
    default: return index - 5 < COUNT(SMALL_PROGRAMS) ? SMALL_PROGRAMS[index - 5] : NULL;
  }
}

/* ---- Version, text, queries --------------------------------------------- */

static void test_version(void) {
  int status;
  CHECK(ntk_abi_version() == NTK_ABI_VERSION);
  CHECK(ntk_version() != NULL && strchr(ntk_version(), '.') != NULL);
  CHECK(strcmp(ntk_status_name(NTK_OK), "NTK_OK") == 0);
  CHECK(strcmp(ntk_status_name(NTK_SYNTAX), "NTK_SYNTAX") == 0);
  CHECK(strcmp(ntk_status_name(NTK_INTERNAL), "NTK_INTERNAL") == 0);
  for (status = 0; status < 16; status++) CHECK(ntk_status_name((ntk_status)status) != NULL);
  CHECK(ntk_last_error() != NULL);
}

static void test_build_info(void) {
  size_t needed = 0;
  char text[4096];
  memset(text, 7, sizeof text);
  OK(ntk_build_info(NULL, 0, &needed));
  CHECK(needed > 1 && needed < sizeof text);
  STATUS(NTK_BUFFER_TOO_SMALL, ntk_build_info(text, needed - 1, NULL));
  needed = 0;
  STATUS(NTK_BUFFER_TOO_SMALL, ntk_build_info(text, 1, &needed));
  OK(ntk_build_info(text, needed, NULL));
  CHECK(strlen(text) + 1 == needed);
  CHECK(text[needed] == 7);
  CHECK(strstr(text, "version: ") != NULL && strchr(text, '\n') != NULL);
}

/** Law: parse(text(p)) = p, with the same hash and the same text. */
static void check_round_trip(const ntk_program *program) {
  char *text = text_of(program), *again;
  ntk_program *parsed = parse(text);
  int32_t equal = 0;
  uint64_t a[2] = {0, 0}, b[2] = {1, 1};
  OK(ntk_program_equal(program, parsed, &equal));
  CHECK(equal == 1);
  OK(ntk_program_hash(program, a));
  OK(ntk_program_hash(parsed, b));
  CHECK(a[0] == b[0] && a[1] == b[1]);
  again = text_of(parsed);
  CHECK(strcmp(text, again) == 0);
  free(text);
  free(again);
  ntk_program_free(parsed);
}

static void test_round_trip(void) {
  size_t i, active[1] = {0};
  for (i = 0; program_text(i) != NULL; i++) {
    ntk_program *program = parse(program_text(i)), *jvp = NULL;
    check_round_trip(program);
    if (i < 3) {
      OK(ntk_program_jvp(&jvp, program, active, 1));
      check_round_trip(jvp);
    }
    ntk_program_free(jvp);
    ntk_program_free(program);
  }
}

static void test_equality_ignores_names_and_lines(void) {
  const char *texts[] = {
      "ntk 1\nprogram(%0 \"x\": f64[2]) { %1 = tanh(%0) @\"a.py\":1\n return %1 }",
      "ntk 1\nprogram(%5: f64[2]) {\n # other identifiers\n %3: f64[2] = tanh(%5) return %3 }",
      "ntk 1\nprogram(%0 \"x\": f64[3]) { %1 = tanh(%0) return %1 }",
      "ntk 1\nprogram(%0 \"x\": f64[2]) { %1 = exp(%0) return %1 }",
      "ntk 1\nprogram() captured(%0 \"x\": f64[2]) { %1 = tanh(%0) return %1 }",
      "ntk 1\nprogram(%0 \"x\": f64[2]) { %1 = tanh(%0) return %1, %1 }",
  };
  ntk_program *first = parse(texts[0]);
  uint64_t hash[2] = {0, 0}, other_hash[2] = {0, 0};
  size_t i;
  OK(ntk_program_hash(first, hash));
  for (i = 0; i < COUNT(texts); i++) {
    ntk_program *other = parse(texts[i]);
    int32_t equal = -1;
    OK(ntk_program_equal(first, other, &equal));
    CHECK(equal == (i < 2));
    OK(ntk_program_hash(other, other_hash));
    CHECK((hash[0] == other_hash[0] && hash[1] == other_hash[1]) == (i < 2));
    ntk_program_free(other);
  }
  ntk_program_free(first);
}

static void test_queries(void) {
  ntk_program *program = parse(AFFINE);
  int32_t type = 0;
  size_t rank = 99, needed = 0, inputs = 0, captured = 9, outputs = 0, equations = 0;
  int64_t sizes[3] = {-7, -7, -7};
  char text[1024];
  OK(ntk_program_counts(program, NULL, NULL, NULL, NULL));
  OK(ntk_program_counts(program, &inputs, &captured, &outputs, &equations));
  CHECK(inputs == 3 && captured == 0 && outputs == 1 && equations == 4);

  OK(ntk_program_input_type(program, 2, &type, &rank, NULL, 0));
  CHECK(type == NTK_F64 && rank == 2);
  rank = 99;
  STATUS(NTK_BUFFER_TOO_SMALL, ntk_program_input_type(program, 2, &type, &rank, sizes, 1));
  CHECK(rank == 2 && sizes[1] == -7);
  OK(ntk_program_input_type(program, 2, &type, &rank, sizes, 2));
  CHECK(sizes[0] == 4 && sizes[1] == 3 && sizes[2] == -7);
  OK(ntk_program_output_type(program, 0, &type, &rank, sizes, 3));
  CHECK(rank == 2 && sizes[0] == 4 && sizes[1] == 2 && sizes[2] == -7);
  STATUS(NTK_BUFFER_TOO_SMALL, ntk_program_output_type(program, 0, &type, &rank, sizes, 1));
  INVALID(ntk_program_input_type(program, 3, &type, &rank, sizes, 3));
  INVALID(ntk_program_output_type(program, 1, &type, &rank, sizes, 3));
  INVALID(ntk_program_output_type(program, SIZE_MAX, &type, &rank, sizes, 3));

  OK(ntk_program_text(program, NULL, 0, &needed));
  CHECK(needed > 10 && needed < sizeof text);
  memset(text, 7, sizeof text);
  STATUS(NTK_BUFFER_TOO_SMALL, ntk_program_text(program, text, needed - 1, NULL));
  needed = 0;
  STATUS(NTK_BUFFER_TOO_SMALL, ntk_program_text(program, text, 1, &needed));
  OK(ntk_program_text(program, text, needed, NULL));
  CHECK(strlen(text) + 1 == needed && text[needed] == 7);
  ntk_program_free(program);
}

/* ---- Building ------------------------------------------------------------ */

static ntk_status apply(ntk_builder *builder, const char *name, ntk_value x, ntk_value y,
                        const char *parameters, ntk_value *result) {
  ntk_value operands[2];
  size_t count = 0;
  operands[0] = x;
  operands[1] = y;
  return ntk_builder_apply(builder, name, operands, y < 0 ? 1 : 2, parameters, strlen(parameters),
                           NULL, 0, result, 1, &count);
}

#define ALONE (-1)

static const int64_t SIZES_W[2] = {3, 2}, SIZES_B[1] = {2}, SIZES_X[2] = {4, 3};

/** Build AFFINE by operations. */
static ntk_program *build_affine(const char *name) {
  ntk_builder *builder = NULL;
  ntk_program *program = NULL;
  ntk_value in[3], product = ALONE, bias = ALONE, sum = ALONE, result = ALONE;
  OK(ntk_builder_create(&builder));
  OK(ntk_builder_input(builder, NTK_F64, 2, SIZES_W, name, &in[0]));
  OK(ntk_builder_input(builder, NTK_F64, 1, SIZES_B, NULL, &in[1]));
  OK(ntk_builder_input(builder, NTK_F64, 2, SIZES_X, "x", &in[2]));
  OK(ntk_builder_location(builder, "some \"file\"\n.c", 12));
  OK(apply(builder, "dot_general", in[2], in[0], "dimension_numbers=[[[1], [0]], [[], []]]",
           &product));
  OK(apply(builder, "broadcast_in_dim", in[1], ALONE, "broadcast_dimensions=[1], shape=(4, 2)",
           &bias));
  OK(ntk_builder_location(builder, NULL, 0));
  OK(apply(builder, "add", product, bias, "", &sum));
  OK(apply(builder, "tanh", sum, ALONE, "", &result));
  OK(ntk_builder_finish(builder, in, 3, NULL, 0, &result, 1, &program));
  ntk_builder_free(builder);
  return program;
}

static void test_built_equals_parsed(void) {
  const char *names[] = {NULL, "w", "", "a \"quoted\"\n\ttext \\ \x01", "\xc3\xa9"};
  ntk_program *parsed = parse(AFFINE);
  size_t i;
  for (i = 0; i < COUNT(names); i++) {
    ntk_program *built = build_affine(names[i]);
    int32_t equal = 0;
    uint64_t a[2] = {0, 0}, b[2] = {1, 1};
    OK(ntk_program_equal(built, parsed, &equal));
    CHECK(equal == 1);
    OK(ntk_program_hash(built, a));
    OK(ntk_program_hash(parsed, b));
    CHECK(a[0] == b[0] && a[1] == b[1]);
    check_round_trip(built);
    ntk_program_free(built);
  }
  ntk_program_free(parsed);
}

static void test_builder_types_and_constants(void) {
  ntk_builder *builder = NULL;
  ntk_program *program = NULL;
  /* Every other column of a 2 by 4 array, last row first. */
  double data[8] = {0, 1, 2, 3, 4, 5, 6, 7}, expected[4] = {4, 6, 0, 2};
  int64_t sizes[2] = {2, 2}, strides[2] = {-32, 16}, got[2] = {0, 0};
  ntk_buffer strided = buffer(data + 4, NTK_F64, 2, sizes, strides);
  ntk_value x = ALONE, y = ALONE;
  int32_t type = 0;
  size_t rank = 0;
  tensor out[1];
  strided.flags = NTK_READ_ONLY;
  OK(ntk_builder_create(&builder));
  OK(ntk_builder_constant(builder, &strided, &x));
  data[4] = 99; /* copied: not seen */
  OK(ntk_builder_type(builder, x, &type, &rank, got, 2));
  CHECK(type == NTK_F64 && rank == 2 && got[0] == 2 && got[1] == 2);
  STATUS(NTK_BUFFER_TOO_SMALL, ntk_builder_type(builder, x, &type, &rank, got, 1));
  OK(apply(builder, "lt", x, x, "", &y));
  OK(ntk_builder_type(builder, y, &type, &rank, NULL, 0));
  CHECK(type == NTK_BOOL && rank == 2);
  OK(ntk_builder_finish(builder, NULL, 0, NULL, 0, &x, 1, &program));
  if (CHECK(program != NULL)) {
    CHECK(evaluate(program, NULL, 0, out) == 1);
    CHECK(close_to(f64(out[0]), expected, 4));
    free_all(out, 1);
    check_round_trip(program);
  }
  ntk_program_free(program);
  ntk_builder_free(builder);
}

/* NumPy's functions, by name: broadcasting is theirs. */
static void test_builder_functions(void) {
  static const struct {
    const char *name, *parameters;
    int operands;
    size_t rank;
    int64_t sizes[3];
  } rows[] = {
      {"np.add", "", 2, 2, {2, 3, 0}},
      {"np.matmul", "", 2, 1, {2, 0, 0}},
      {"np.sum", "axis=-1, keepdims=true", 1, 2, {2, 1, 0}},
      {"np.sum", "", 1, 0, {0, 0, 0}},
      {"np.mean", "axis=[0]", 1, 1, {3, 0, 0}},
      {"np.var", "axis=0, ddof=1", 1, 1, {3, 0, 0}},
      {"np.broadcast_to", "shape=[4, 2, 3]", 1, 3, {4, 2, 3}},
      {"np.einsum", "subscripts=\"ij,j->ji\"", 2, 2, {3, 2, 0}},
      {"np.tensordot", "axes=[[1], [0]]", 2, 1, {2, 0, 0}},
      {"nn.softmax", "", 1, 2, {2, 3, 0}},
      {"nn.logsumexp", "axis=1", 1, 1, {2, 0, 0}},
  };
  ntk_builder *builder = NULL;
  ntk_value x = ALONE, y = ALONE;
  int64_t x_sizes[2] = {2, 3}, y_sizes[1] = {3};
  size_t i;
  OK(ntk_builder_create(&builder));
  OK(ntk_builder_input(builder, NTK_F64, 2, x_sizes, "x", &x));
  OK(ntk_builder_input(builder, NTK_F64, 1, y_sizes, "y", &y));
  for (i = 0; i < COUNT(rows); i++) {
    ntk_value result = ALONE;
    int32_t type = 0;
    size_t rank = 99;
    int64_t sizes[3] = {0, 0, 0};
    if (!OK(apply(builder, rows[i].name, x, rows[i].operands == 2 ? y : ALONE, rows[i].parameters,
                  &result))) {
      printf("    %s[%s]\n", rows[i].name, rows[i].parameters);
      continue;
    }
    OK(ntk_builder_type(builder, result, &type, &rank, sizes, 3));
    if (!CHECK(type == NTK_F64 && rank == rows[i].rank &&
               memcmp(sizes, rows[i].sizes, rank * sizeof sizes[0]) == 0))
      printf("    %s[%s]\n", rows[i].name, rows[i].parameters);
  }
  ntk_builder_free(builder);
}

static void test_builder_bodies_and_calls(void) {
  ntk_program *body = parse(
      "ntk 1\nprogram(%0: f64[2], %1: f64[2]) { %2 = mul(%0, %1) return %2, %2 }");
  ntk_program *affine = parse(AFFINE), *program = NULL, *expected = NULL;
  ntk_builder *builder = NULL;
  ntk_value in[2], results[2], few[1] = {ALONE};
  const ntk_program *bodies[1];
  const char *parameters = "jaxpr=$0, length=3, num_consts=0, num_carry=1";
  int64_t h[1] = {2}, xs[2] = {3, 2};
  size_t count = 0, before, after;
  int32_t equal = 0;
  bodies[0] = body;
  OK(ntk_builder_create(&builder));
  OK(ntk_builder_input(builder, NTK_F64, 1, h, NULL, &in[0]));
  OK(ntk_builder_input(builder, NTK_F64, 2, xs, NULL, &in[1]));
  /* Too small a capacity: the count needed, and nothing is added. */
  STATUS(NTK_BUFFER_TOO_SMALL, ntk_builder_apply(builder, "scan", in, 2, parameters,
                                                 strlen(parameters), bodies, 1, few, 1, &count));
  CHECK(count == 2);
  OK(ntk_builder_apply(builder, "scan", in, 2, parameters, strlen(parameters), bodies, 1, results,
                       2, &count));
  CHECK(count == 2);
  OK(ntk_builder_finish(builder, in, 2, NULL, 0, results, 2, &program));
  expected = parse(
      "ntk 1\nprogram(%0: f64[2], %1: f64[3,2]) {\n"
      "%2, %3 = scan[jaxpr={program(%0: f64[2], %1: f64[2]) { %2 = mul(%0, %1) return %2, %2 }},"
      " length=3, num_consts=0, num_carry=1](%0, %1) return %2, %3 }");
  OK(ntk_program_equal(program, expected, &equal));
  CHECK(equal == 1);
  ntk_program_free(program);
  ntk_program_free(expected);
  ntk_builder_free(builder);

  /* Calling a program adds its equations. */
  builder = NULL;
  program = NULL;
  OK(ntk_builder_create(&builder));
  {
    ntk_value args[3], result = ALONE;
    OK(ntk_builder_input(builder, NTK_F64, 2, SIZES_W, NULL, &args[0]));
    OK(ntk_builder_input(builder, NTK_F64, 1, SIZES_B, NULL, &args[1]));
    OK(ntk_builder_input(builder, NTK_F64, 2, SIZES_X, NULL, &args[2]));
    REFUSED(ntk_builder_call(builder, affine, args, 2, &result, 1, &count));
    OK(ntk_builder_call(builder, affine, args, 3, &result, 1, &count));
    CHECK(count == 1);
    OK(ntk_builder_finish(builder, args, 3, NULL, 0, &result, 1, &program));
    OK(ntk_program_equal(program, affine, &equal));
    CHECK(equal == 1);
    before = equations_of(affine);
    after = equations_of(program);
    CHECK(before == after);
    args[0] = args[2];
    STATUS(NTK_SHAPE_MISMATCH, ntk_builder_call(builder, affine, args, 3, &result, 1, &count));
  }
  ntk_program_free(program);
  ntk_program_free(affine);
  ntk_program_free(body);
  ntk_builder_free(builder);
}

static void test_builder_refusals(void) {
  static const struct {
    const char *name, *parameters;
    int operands;
    ntk_status status; /* NTK_OK: any failure */
  } rows[] = {
      {"no_such_operation", "", 1, NTK_OK},
      {"np.no_such_function", "", 1, NTK_OK},
      {"", "", 1, NTK_OK},
      {"tanh", "", 2, NTK_INVALID_ARGUMENT},
      {"add", "", 1, NTK_INVALID_ARGUMENT},
      {"add", "", 2, NTK_SHAPE_MISMATCH},
      {"tanh", "unknown=3", 1, NTK_INVALID_ARGUMENT},
      {"reshape", "", 1, NTK_INVALID_ARGUMENT},
      {"reshape", "new_sizes=[7]", 1, NTK_OK},
      {"reshape", "new_sizes=[-2, -3]", 1, NTK_OK},
      {"reshape", "new_sizes=2.5", 1, NTK_OK},
      {"reshape", "new_sizes=[6], new_sizes=[6]", 1, NTK_OK},
      {"reshape", "new_sizes=[6", 1, NTK_SYNTAX},
      {"reshape", "new_sizes=$0", 1, NTK_OK},
      {"transpose", "permutation=[0, 0]", 1, NTK_INVALID_ARGUMENT},
      {"reduce_sum", "axes=[2]", 1, NTK_INVALID_ARGUMENT},
      {"reduce_sum", "axes=[0, 0]", 1, NTK_INVALID_ARGUMENT},
      {"dot_general", "dimension_numbers=[[[0], [0]], [[], []]]", 2, NTK_SHAPE_MISMATCH},
      {"dot_general", "dimension_numbers=[[[0], []], [[], []]]", 2, NTK_OK},
      {"slice", "start_indices=[0, 0], limit_indices=[9, 3]", 1, NTK_OK},
      {"slice", "start_indices=[0, 0], limit_indices=[2, 3], strides=[0, 1]", 1, NTK_OK},
      {"broadcast_in_dim", "shape=[3, 2], broadcast_dimensions=[1, 0]", 1, NTK_OK},
      {"broadcast_in_dim", "shape=[2, 4], broadcast_dimensions=[0, 1]", 1, NTK_OK},
      {"concatenate", "dimension=5", 1, NTK_INVALID_ARGUMENT},
      {"np.matmul", "", 2, NTK_SHAPE_MISMATCH},
      {"np.einsum", "subscripts=\"ij,jk\"", 2, NTK_OK},
      {"np.einsum", "subscripts=\"->->\"", 1, NTK_OK},
      {"and", "", 2, NTK_OK},
  };
  ntk_builder *builder = NULL;
  ntk_program *program = NULL;
  ntk_value x = ALONE, y = ALONE, result = ALONE, operands[2], integers = ALONE;
  int64_t x_sizes[2] = {2, 3}, y_sizes[1] = {5};
  size_t i, count = 0;
  OK(ntk_builder_create(&builder));
  OK(ntk_builder_input(builder, NTK_F64, 2, x_sizes, "x", &x));
  OK(ntk_builder_input(builder, NTK_F64, 1, y_sizes, "y", &y));
  OK(ntk_builder_input(builder, NTK_I32, 2, x_sizes, "i", &integers));
  for (i = 0; i < COUNT(rows); i++) {
    ntk_status status = apply(builder, rows[i].name, x, rows[i].operands == 2 ? y : ALONE,
                              rows[i].parameters, &result);
    if (!REFUSED(status) ||
        (rows[i].status != NTK_OK && !STATUS(rows[i].status, status)))
      printf("    %s[%s]: %s\n", rows[i].name, rows[i].parameters, ntk_last_error());
  }
  STATUS(NTK_DTYPE_MISMATCH, apply(builder, "add", x, integers, "", &result));
  STATUS(NTK_DTYPE_MISMATCH, apply(builder, "tanh", integers, ALONE, "", &result));
  CHECK(says("tanh"));
  INVALID(apply(builder, "tanh", 12345, ALONE, "", &result));
  INVALID(apply(builder, "add", x, 12345, "", &result));
  operands[0] = -5;
  INVALID(ntk_builder_apply(builder, "tanh", operands, 1, "", 0, NULL, 0, &result, 1, &count));
  REFUSED(ntk_builder_apply(builder, "tanh", &x, 1, "\xff\xfe\x00!", 4, NULL, 0, &result, 1,
                            &count));
  REFUSED(ntk_builder_apply(builder, "\xff\xfe", &x, 1, "", 0, NULL, 0, &result, 1, &count));

  /* None of these added anything. */
  OK(apply(builder, "tanh", x, ALONE, "", &result));
  operands[0] = x;
  operands[1] = x;
  INVALID(ntk_builder_finish(builder, operands, 2, NULL, 0, &result, 1, &program));
  CHECK(program == NULL);
  INVALID(ntk_builder_finish(builder, operands, 1, operands, 1, &result, 1, &program));
  INVALID(ntk_builder_finish(builder, &y, 1, NULL, 0, &result, 1, &program));
  INVALID(ntk_builder_finish(builder, &result, 1, NULL, 0, &result, 1, &program));
  operands[0] = 4711;
  INVALID(ntk_builder_finish(builder, operands, 1, NULL, 0, &result, 1, &program));
  INVALID(ntk_builder_finish(builder, &x, 1, NULL, 0, operands, 1, &program));
  OK(ntk_builder_finish(builder, &x, 1, NULL, 0, &result, 1, &program));
  CHECK(program != NULL && equations_of(program) == 1);
  ntk_program_free(program);
  /* It may be finished again, and the captured inputs stand last. */
  OK(ntk_builder_finish(builder, &y, 1, &x, 1, &result, 1, &program));
  if (CHECK(program != NULL)) {
    size_t inputs = 0, captured = 0, rank = 0;
    int32_t type = 0;
    OK(ntk_program_counts(program, &inputs, &captured, NULL, NULL));
    CHECK(inputs == 1 && captured == 1);
    OK(ntk_program_input_type(program, 1, &type, &rank, NULL, 0));
    CHECK(rank == 2);
  }
  ntk_program_free(program);
  ntk_builder_free(builder);
}

/* ---- Running -------------------------------------------------------------- */

/** tanh(x w + b) by hand. */
static void affine_by_hand(const tensor *in, double *y) {
  const double *w = f64(in[0]), *b = f64(in[1]), *x = f64(in[2]);
  int n, o, k;
  for (n = 0; n < 4; n++)
    for (o = 0; o < 2; o++) {
      double sum = b[o];
      for (k = 0; k < 3; k++) sum += x[3 * n + k] * w[2 * k + o];
      y[2 * n + o] = tanh(sum);
    }
}

static void test_evaluate(void) {
  ntk_program *program = parse(AFFINE);
  tensor in[3], out[1];
  double expected[8];
  CHECK(make_inputs(program, in) == 3);
  CHECK(evaluate(program, in, 3, out) == 1);
  affine_by_hand(in, expected);
  CHECK(close_to(f64(out[0]), expected, 8));
  free_all(in, 3);
  free_all(out, 1);
  ntk_program_free(program);
}

/* Strides of every kind, read-only inputs, outputs with gaps that stay as they are. */
static void test_strides(void) {
  static const struct {
    int64_t first, row, column; /* in elements, for x of shape [4, 3] */
  } layouts[] = {
      {0, 3, 1},        /* row-major */
      {0, 1, 4},        /* transposed */
      {11, -3, -1},     /* both reversed */
      {9, -3, 1},       /* rows reversed */
      {0, 6, 2},        /* gaps */
      {3, 0, 1},        /* one row, four times */
      {5, 2, 0},        /* one column, three times */
      {7, 0, 0},        /* one number */
      {2, 1, 1},        /* overlapping windows */
  };
  static const struct {
    int64_t first, row, column; /* for y of shape [4, 2] */
  } results[] = {{0, 2, 1}, {0, 1, 4}, {7, -2, -1}, {1, 6, 3}, {30, -8, 2}};
  ntk_program *program = parse(AFFINE);
  tensor in[3];
  double memory[24], dense[12], expected[8], y[40];
  int64_t x_strides[2], y_strides[2], y_sizes[2] = {4, 2};
  ntk_buffer buffers[3], out;
  size_t i, j, r;
  CHECK(make_inputs(program, in) == 3);
  for (i = 0; i < 24; i++) memory[i] = random_number();
  for (i = 0; i < COUNT(layouts); i++) {
    for (r = 0; r < COUNT(results); r++) {
      int n, k, touched = 0;
      views(buffers, in, 3);
      for (n = 0; n < 4; n++)
        for (k = 0; k < 3; k++)
          dense[3 * n + k] =
              memory[layouts[i].first + n * layouts[i].row + k * layouts[i].column];
      x_strides[0] = 8 * layouts[i].row;
      x_strides[1] = 8 * layouts[i].column;
      buffers[2] = buffer(memory + layouts[i].first, NTK_F64, 2, SIZES_X, x_strides);
      for (j = 0; j < 3; j++) buffers[j].flags = NTK_READ_ONLY;
      for (j = 0; j < 40; j++) y[j] = 1e300;
      y_strides[0] = 8 * results[r].row;
      y_strides[1] = 8 * results[r].column;
      out = buffer(y + results[r].first, NTK_F64, 2, y_sizes, y_strides);
      if (!OK(ntk_evaluate(program, buffers, 3, &out, 1, NULL))) continue;
      {
        tensor packed[3];
        double got[8];
        memcpy(packed, in, sizeof packed);
        packed[2].data = dense;
        affine_by_hand(packed, expected);
        for (n = 0; n < 4; n++)
          for (k = 0; k < 2; k++)
            got[2 * n + k] = y[results[r].first + n * results[r].row + k * results[r].column];
        CHECK(close_to(got, expected, 8));
      }
      for (j = 0; j < 40; j++) touched += y[j] != 1e300;
      CHECK(touched == 8);
    }
  }
  free_all(in, 3);
  ntk_program_free(program);
}

/* Inputs straight to outputs, repeated outputs, sizes 0, rank 0. */
static void test_trivial_programs(void) {
  ntk_program *program = parse(
      "ntk 1\nprogram(%0: f64[2], %1: f64[0,3], %2: i32[]) {\n"
      "%3 = reduce_sum[axes=[0]](%1) %4 = reduce_max[axes=[0, 1]](%1)\n"
      "return %0, %0, %1, %2, %3, %4 }");
  tensor in[3], out[6];
  CHECK(make_inputs(program, in) == 3);
  *(int32_t *)in[2].data = -5;
  CHECK(evaluate(program, in, 3, out) == 6);
  CHECK(same_bits(in[0], out[0]) && same_bits(in[0], out[1]));
  CHECK(out[2].count == 0 && *(int32_t *)out[3].data == -5);
  CHECK(f64(out[4])[0] == 0 && f64(out[4])[2] == 0);
  CHECK(f64(out[5])[0] == -HUGE_VAL);
  free_all(in, 3);
  free_all(out, 6);
  ntk_program_free(program);

  /* NULL data where a size is 0, NULL sizes where the rank is 0. */
  program = parse("ntk 1\nprogram(%0: f64[0], %1: f64[]) {\n"
                  "%2 = tanh(%0) %3 = reduce_sum[axes=[0]](%2) %4 = add(%3, %1) return %2, %4 }");
  {
    double one = 1, result = 0;
    int64_t zero[1] = {0};
    ntk_buffer buffers[2], results[2];
    buffers[0] = results[0] = buffer(NULL, NTK_F64, 1, zero, NULL);
    buffers[1] = buffer(&one, NTK_F64, 0, NULL, NULL);
    results[1] = buffer(&result, NTK_F64, 0, NULL, NULL);
    OK(ntk_evaluate(program, buffers, 2, results, 2, NULL));
    CHECK(result == 1);
  }
  ntk_program_free(program);

  program = parse("ntk 1\nprogram() { return }");
  OK(ntk_evaluate(program, NULL, 0, NULL, 0, NULL));
  ntk_program_free(program);
}

static void test_element_types(void) {
  static const struct {
    int32_t type;
    const char *name;
  } types[] = {{NTK_F32, "f32"}, {NTK_F64, "f64"}, {NTK_I32, "i32"}, {NTK_I64, "i64"},
               {NTK_U8, "u8"},   {NTK_U32, "u32"}, {NTK_U64, "u64"}, {NTK_BOOL, "bool"}};
  size_t i, j;
  for (i = 0; i < COUNT(types); i++) {
    char text[200];
    ntk_program *program;
    tensor in[1], out[2];
    int equal = 1;
    snprintf(text, sizeof text,
             "ntk 1\nprogram(%%0: %s[5]) { %%1 = max(%%0, %%0) %%2 = eq(%%0, %%1) "
             "return %%1, %%2 }", types[i].name);
    program = parse(text);
    in[0] = input_like(program, 0);
    CHECK(in[0].type == types[i].type);
    if (types[i].type == NTK_F32 || types[i].type == NTK_F64) randomized(in[0]);
    else for (j = 0; j < 5 * item_size(types[i].type); j++)
      ((uint8_t *)in[0].data)[j] = (uint8_t)(types[i].type == NTK_BOOL ? j & 1 : random_bits());
    CHECK(evaluate(program, in, 1, out) == 2);
    CHECK(same_bits(in[0], out[0]) && out[1].type == NTK_BOOL);
    for (j = 0; j < 5; j++) equal &= ((uint8_t *)out[1].data)[j] == 1;
    CHECK(equal);
    free_all(in, 1);
    free_all(out, 2);
    ntk_program_free(program);
  }
}

/* Law: a call refused before it runs writes nothing. */
static void test_refused_runs(void) {
  ntk_program *program = parse(AFFINE);
  tensor in[3];
  double y[8], expected[8];
  int64_t y_sizes[3] = {4, 2, 1}, swapped[2] = {2, 4}, negative[2] = {-4, -2};
  int64_t enormous[2] = {INT64_MAX, INT64_MAX}, wild_strides[2] = {INT64_MAX, INT64_MIN};
  ntk_buffer good_in[3], good_out, b[3], out[2];
  ntk_run_options options = NTK_RUN_OPTIONS_INIT;
  size_t i;
  CHECK(make_inputs(program, in) == 3);
  views(good_in, in, 3);
  good_out = buffer(y, NTK_F64, 2, y_sizes, NULL);
  for (i = 0; i < 8; i++) expected[i] = y[i] = 1e300;
  out[1] = good_out;

#define RESET()                           \
  do {                                    \
    memcpy(b, good_in, sizeof b);         \
    out[0] = good_out;                    \
  } while (0)
#define REFUSES(status)                                                     \
  do {                                                                      \
    STATUS(status, ntk_evaluate(program, b, 3, out, 1, &options));          \
    CHECK(memcmp(y, expected, sizeof y) == 0);                              \
    CHECK(ntk_last_error()[0] != 0);                                        \
    RESET();                                                                \
  } while (0)
#define REFUSES_ANYHOW()                                         \
  do {                                                           \
    REFUSED(ntk_evaluate(program, b, 3, out, 1, &options));      \
    CHECK(memcmp(y, expected, sizeof y) == 0);                   \
    RESET();                                                     \
  } while (0)

  RESET();
  INVALID(ntk_evaluate(program, b, 2, out, 1, NULL));
  INVALID(ntk_evaluate(program, b, SIZE_MAX, out, 1, NULL));
  INVALID(ntk_evaluate(program, b, 3, out, 2, NULL));
  INVALID(ntk_evaluate(program, b, 3, out, 0, NULL));
  INVALID(ntk_evaluate(program, NULL, 3, out, 1, NULL));
  INVALID(ntk_evaluate(program, b, 3, NULL, 1, NULL));
  INVALID(ntk_evaluate(NULL, b, 3, out, 1, NULL));
  CHECK(memcmp(y, expected, sizeof y) == 0);

  b[0].element_type = NTK_F32; REFUSES(NTK_DTYPE_MISMATCH);
  b[0].element_type = NTK_I64; REFUSES(NTK_DTYPE_MISMATCH);
  b[0].element_type = 0; REFUSES_ANYHOW();
  b[0].element_type = -1; REFUSES_ANYHOW();
  b[2].element_type = INT32_MAX; REFUSES_ANYHOW();
  out[0].element_type = NTK_F32; REFUSES(NTK_DTYPE_MISMATCH);
  out[0].element_type = 9; REFUSES_ANYHOW();
  b[0].sizes = SIZES_X; REFUSES(NTK_SHAPE_MISMATCH);
  b[1].rank = 0; REFUSES(NTK_SHAPE_MISMATCH);
  out[0].sizes = swapped; REFUSES(NTK_SHAPE_MISMATCH);
  out[0].rank = 3; REFUSES(NTK_SHAPE_MISMATCH);
  b[0].rank = -1; REFUSES_ANYHOW();
  b[0].rank = NTK_MAX_RANK + 1; REFUSES_ANYHOW();
  b[0].rank = INT64_MAX; REFUSES_ANYHOW();
  b[0].rank = INT64_MIN; REFUSES_ANYHOW();
  out[0].rank = INT64_MIN; REFUSES_ANYHOW();
  b[2].sizes = negative; REFUSES_ANYHOW();
  b[2].sizes = enormous; REFUSES_ANYHOW();
  out[0].sizes = enormous; REFUSES_ANYHOW();
  b[2].sizes = NULL; REFUSES_ANYHOW();
  out[0].sizes = NULL; REFUSES_ANYHOW();
  b[0].data = NULL; REFUSES(NTK_INVALID_ARGUMENT);
  out[0].data = NULL; REFUSES(NTK_INVALID_ARGUMENT);
  b[0].flags = 2; REFUSES(NTK_INVALID_ARGUMENT);
  out[0].flags = 0x80000000u; REFUSES(NTK_INVALID_ARGUMENT);
  out[0].flags = NTK_READ_ONLY; REFUSES(NTK_INVALID_ARGUMENT);
  b[0].strides = wild_strides; REFUSES_ANYHOW();
  out[0].strides = wild_strides; REFUSES_ANYHOW();
  b[0].data = y; REFUSES(NTK_INVALID_ARGUMENT); /* w is [3, 2]: inside y */
  options.struct_size = 0; REFUSES(NTK_INVALID_ARGUMENT);
  options.struct_size = 4; REFUSES(NTK_INVALID_ARGUMENT);
  options.struct_size = sizeof options.struct_size - 1; REFUSES(NTK_INVALID_ARGUMENT);
  options.struct_size = sizeof options;
  OK(ntk_evaluate(program, b, 3, out, 1, &options));
  affine_by_hand(in, expected);
  CHECK(close_to(y, expected, 8));

  /* Every running call refuses alike. */
  {
    size_t active[2] = {0, 1}, unordered[2] = {1, 0}, beyond[1] = {3}, twice[2] = {1, 1};
    double w_bar[6], b_bar[2];
    ntk_buffer outs[3], bars[2];
    ntk_kernel_options kernel = NTK_KERNEL_OPTIONS_INIT;
    for (i = 0; i < 8; i++) expected[i] = y[i] = 1e300;
    for (i = 0; i < 6; i++) w_bar[i] = 1e300;
    outs[0] = good_out;
    outs[1] = buffer(w_bar, NTK_F64, 2, SIZES_W, NULL);
    outs[2] = buffer(b_bar, NTK_F64, 1, SIZES_B, NULL);
    bars[0] = buffer(f64(in[0]), NTK_F64, 2, SIZES_W, NULL);
    bars[1] = buffer(f64(in[1]), NTK_F64, 1, SIZES_B, NULL);
    INVALID(ntk_jvp(program, unordered, 2, good_in, 3, bars, outs, 2, NULL));
    INVALID(ntk_jvp(program, twice, 2, good_in, 3, bars, outs, 2, NULL));
    INVALID(ntk_jvp(program, beyond, 1, good_in, 3, bars, outs, 2, NULL));
    INVALID(ntk_jvp(program, active, 2, good_in, 3, bars, outs, 3, NULL));
    INVALID(ntk_jvp(program, NULL, 2, good_in, 3, bars, outs, 2, NULL));
    INVALID(ntk_jvp(program, active, 2, good_in, 3, NULL, outs, 2, NULL));
    STATUS(NTK_SHAPE_MISMATCH, ntk_jvp(program, active, 2, good_in, 3, bars, outs, 2, NULL));
    STATUS(NTK_SHAPE_MISMATCH, ntk_vjp(program, active, 2, good_in, 3, bars, 1, outs, 3, NULL));
    INVALID(ntk_vjp(program, active, 2, good_in, 3, &good_out, 0, outs, 3, NULL));
    INVALID(ntk_vjp(program, active, 2, good_in, 3, NULL, 1, outs, 3, NULL));
    INVALID(ntk_jacobian(program, active, 2, 3, good_in, 3, outs, 2, NULL));
    INVALID(ntk_jacobian(program, active, 2, -1, good_in, 3, outs, 2, NULL));
    STATUS(NTK_SHAPE_MISMATCH, ntk_jacobian(program, active, 2, 0, good_in, 3, outs, 2, NULL));
    kernel.parameters = active;
    kernel.parameter_count = 2;
    STATUS(NTK_SHAPE_MISMATCH, ntk_kernel(program, NULL, &kernel, good_in, 3, outs, 1, NULL));
    INVALID(ntk_kernel(program, NULL, &kernel, good_in, 2, outs, 1, NULL));
    CHECK(memcmp(y, expected, sizeof y) == 0 && w_bar[0] == 1e300 && w_bar[5] == 1e300);
  }
  free_all(in, 3);
  ntk_program_free(program);
}

static void test_index_out_of_range(void) {
  ntk_program *program = parse(ROWS);
  tensor in[2], out[1];
  ntk_buffer b[2], o[1];
  int64_t *ids;
  CHECK(make_inputs(program, in) == 2);
  ids = (int64_t *)in[1].data;
  ids[0] = 4;
  ids[1] = 0;
  ids[2] = 4;
  CHECK(evaluate(program, in, 2, out) == 1);
  CHECK(f64(out[0])[0] == f64(in[0])[8] && f64(out[0])[3] == f64(in[0])[1]);
  views(b, in, 2);
  views(o, out, 1);
  ids[1] = 5;
  STATUS(NTK_INDEX_OUT_OF_RANGE, ntk_evaluate(program, b, 2, o, 1, NULL));
  CHECK(says("5"));
  ids[1] = INT64_MIN;
  STATUS(NTK_INDEX_OUT_OF_RANGE, ntk_evaluate(program, b, 2, o, 1, NULL));
  ids[1] = INT64_MAX;
  STATUS(NTK_INDEX_OUT_OF_RANGE, ntk_evaluate(program, b, 2, o, 1, NULL));
  free_all(in, 2);
  free_all(out, 1);
  ntk_program_free(program);
}

/* ---- Transforms ------------------------------------------------------------ */

/* y = [x0 x1, x0 exp(x1)], its derivatives by hand. */
static const char *const HAND =
    "ntk 1\nprogram(%0 \"x\": f64[2]) {\n"
    "  %1 = slice[start_indices=[0], limit_indices=[1]](%0)\n"
    "  %2 = slice[start_indices=[1], limit_indices=[2]](%0)\n"
    "  %3 = mul(%1, %2)\n  %4 = exp(%2)\n  %5 = mul(%1, %4)\n"
    "  %6 = concatenate[dimension=0](%3, %5)\n  return %6\n}";

static void test_derivatives_by_hand(void) {
  ntk_program *program = parse(HAND);
  double x[2] = {3, 0.5}, dx[2] = {2, -1}, y[2], dy[2], y_bar[2] = {5, 7}, x_bar[2], j[4];
  double e = exp(0.5), values[2], jacobian[4], forward[2], backward[2];
  size_t active[1] = {0};
  int64_t two[1] = {2}, square[2] = {2, 2};
  ntk_buffer in = buffer(x, NTK_F64, 1, two, NULL), tangent = buffer(dx, NTK_F64, 1, two, NULL);
  ntk_buffer cotangent = buffer(y_bar, NTK_F64, 1, two, NULL), out[2];
  int32_t mode;
  values[0] = 1.5;
  values[1] = 3 * e;
  jacobian[0] = 0.5;
  jacobian[1] = 3;
  jacobian[2] = e;
  jacobian[3] = 3 * e;
  forward[0] = 2 * jacobian[0] - jacobian[1];
  forward[1] = 2 * jacobian[2] - jacobian[3];
  backward[0] = 5 * jacobian[0] + 7 * jacobian[2];
  backward[1] = 5 * jacobian[1] + 7 * jacobian[3];

  out[0] = buffer(y, NTK_F64, 1, two, NULL);
  out[1] = buffer(dy, NTK_F64, 1, two, NULL);
  OK(ntk_jvp(program, active, 1, &in, 1, &tangent, out, 2, NULL));
  CHECK(close_to(y, values, 2) && close_to(dy, forward, 2));
  out[1] = buffer(x_bar, NTK_F64, 1, two, NULL);
  y[0] = y[1] = 0;
  OK(ntk_vjp(program, active, 1, &in, 1, &cotangent, 1, out, 2, NULL));
  CHECK(close_to(y, values, 2) && close_to(x_bar, backward, 2));
  for (mode = NTK_JACOBIAN_AUTO; mode <= NTK_JACOBIAN_REVERSE; mode++) {
    ntk_buffer whole = buffer(j, NTK_F64, 2, square, NULL);
    memset(j, 0, sizeof j);
    OK(ntk_jacobian(program, active, 1, mode, &in, 1, &whole, 1, NULL));
    CHECK(close_to(j, jacobian, 4));
  }
  ntk_program_free(program);
}

/** Law: <y_bar, J dx> = <Jᵀ y_bar, dx>, by programs and by calls; jvp agrees with differences. */
static void check_derivatives(const char *text, const size_t *active, size_t active_count) {
  ntk_program *program = parse(text), *jvp = NULL, *known = NULL, *linear = NULL;
  ntk_program *transposed = NULL, *forward = NULL, *backward = NULL;
  tensor in[MANY], tangent_in[MANY], out[MANY], known_out[MANY], linear_out[MANY];
  tensor transposed_in[MANY], transposed_out[MANY], backward_in[MANY], bars[MANY];
  size_t i, k, inputs, outputs, residuals, linear_active[MANY], bar_count = 0;
  double left = 0, right = 0;
  inputs = make_inputs(program, in);
  outputs = outputs_of(program);
  OK(ntk_program_jvp(&jvp, program, active, active_count));
  OK(ntk_program_linearize(&known, &linear, program, active, active_count));
  OK(ntk_program_vjp(&forward, &backward, program, active, active_count));
  if (!jvp || !linear || !backward) return;
  check_round_trip(jvp);
  check_round_trip(backward);

  /* jvp: (inputs, tangents) -> (outputs, tangents), captured inputs last: none here. */
  CHECK(inputs_of(jvp) == inputs + active_count);
  for (i = 0; i < inputs; i++) tangent_in[i] = in[i];
  for (i = 0; i < active_count; i++)
    tangent_in[inputs + i] = randomized(input_like(program, active[i]));
  k = evaluate(jvp, tangent_in, inputs + active_count, out);
  CHECK(k == 2 * outputs);

  /* Central differences. */
  {
    tensor shifted[MANY], plus[MANY], minus[MANY];
    double step = 1e-5, error = 0, size = 0;
    size_t side;
    for (side = 0; side < 2; side++) {
      for (i = 0; i < inputs; i++) {
        shifted[i] = input_like(program, i);
        memcpy(shifted[i].data, in[i].data, in[i].count * item_size(in[i].type));
      }
      for (i = 0; i < active_count; i++)
        for (k = 0; k < shifted[active[i]].count; k++)
          f64(shifted[active[i]])[k] += (side ? -step : step) * f64(tangent_in[inputs + i])[k];
      evaluate(program, shifted, inputs, side ? minus : plus);
      free_all(shifted, inputs);
    }
    for (i = 0; i < outputs; i++)
      for (k = 0; k < out[i].count; k++) {
        double slope = (f64(plus[i])[k] - f64(minus[i])[k]) / (2 * step);
        error += (slope - f64(out[outputs + i])[k]) * (slope - f64(out[outputs + i])[k]);
        size += slope * slope;
      }
    CHECK(sqrt(error) <= 1e-8 * sqrt(size) + 1e-12);
    free_all(plus, outputs);
    free_all(minus, outputs);
  }

  /* known and linear give the same. */
  residuals = evaluate(known, in, inputs, known_out) - outputs;
  CHECK(inputs_of(linear) == residuals + active_count);
  for (i = 0; i < outputs; i++) CHECK(same_bits(known_out[i], out[i]));
  {
    tensor linear_in[MANY];
    for (i = 0; i < residuals; i++) linear_in[i] = known_out[outputs + i];
    for (i = 0; i < active_count; i++) {
      linear_in[residuals + i] = tangent_in[inputs + i];
      linear_active[i] = residuals + i;
    }
    CHECK(evaluate(linear, linear_in, residuals + active_count, linear_out) == outputs);
    for (i = 0; i < outputs; i++)
      CHECK(close_to(f64(linear_out[i]), f64(out[outputs + i]), linear_out[i].count));
  }

  /* The transposed linear part: (residuals, cotangents) -> cotangents of active. */
  OK(ntk_program_transpose(&transposed, linear, linear_active, active_count));
  for (i = 0; i < residuals; i++) transposed_in[i] = known_out[outputs + i];
  for (i = 0; i < outputs; i++) {
    bars[i] = randomized(output_like(program, i));
    transposed_in[residuals + i] = bars[i];
    left += dot(f64(bars[i]), f64(linear_out[i]), bars[i].count);
    bar_count++;
  }
  CHECK(evaluate(transposed, transposed_in, residuals + outputs, transposed_out) == active_count);
  for (i = 0; i < active_count; i++)
    right += dot(f64(transposed_out[i]), f64(tangent_in[inputs + i]), transposed_out[i].count);
  CHECK(fabs(left - right) <= 1e-12 * (fabs(left) + 1));

  /* vjp is the same. */
  {
    tensor forward_out[MANY], backward_out[MANY];
    ntk_buffer input_views[MANY], bar_views[MANY], out_views[MANY];
    tensor direct[MANY];
    residuals = evaluate(forward, in, inputs, forward_out) - outputs;
    for (i = 0; i < residuals; i++) backward_in[i] = forward_out[outputs + i];
    for (i = 0; i < outputs; i++) backward_in[residuals + i] = bars[i];
    CHECK(evaluate(backward, backward_in, residuals + outputs, backward_out) == active_count);
    for (i = 0; i < outputs; i++) direct[i] = output_like(program, i);
    for (i = 0; i < active_count; i++) direct[outputs + i] = input_like(program, active[i]);
    views(input_views, in, inputs);
    views(bar_views, bars, outputs);
    views(out_views, direct, outputs + active_count);
    OK(ntk_vjp(program, active, active_count, input_views, inputs, bar_views, outputs, out_views,
               outputs + active_count, NULL));
    for (i = 0; i < active_count; i++) {
      CHECK(close_to(f64(backward_out[i]), f64(transposed_out[i]), backward_out[i].count));
      CHECK(close_to(f64(direct[outputs + i]), f64(transposed_out[i]), backward_out[i].count));
    }
    free_all(forward_out, outputs + residuals);
    free_all(backward_out, active_count);
    free_all(direct, outputs + active_count);
  }

  /* Programs made from one another stay valid when it is freed. */
  ntk_program_free(program);
  free_all(out, 2 * outputs);
  CHECK(evaluate(jvp, tangent_in, inputs + active_count, out) == 2 * outputs);
  free_all(out, 2 * outputs);
  free_all(tangent_in, inputs + active_count);
  free_all(known_out, outputs_of(known));
  free_all(linear_out, outputs);
  free_all(transposed_out, active_count);
  free_all(bars, bar_count);
  ntk_program_free(jvp);
  ntk_program_free(known);
  ntk_program_free(linear);
  ntk_program_free(transposed);
  ntk_program_free(forward);
  ntk_program_free(backward);
}

static void test_derivatives(void) {
  static const size_t all[3] = {0, 1, 2}, first[1] = {0}, outer[2] = {0, 2};
  check_derivatives(AFFINE, all, 3);
  check_derivatives(AFFINE, outer, 2);
  check_derivatives(AFFINE, first, 0);
  check_derivatives(RECURRENT, all, 3);
  check_derivatives(RECURRENT, first, 1);
  check_derivatives(HAND, first, 1);
}

static void test_transform_conventions(void) {
  ntk_program *program = parse(CAPTURING), *out = NULL, *linear = NULL;
  size_t active[2] = {0, 1}, inputs = 0, captured = 0, outputs = 0;
  /* Captured inputs stay last; the integer output has no tangent. */
  OK(ntk_program_jvp(&out, program, active, 1));
  OK(ntk_program_counts(out, &inputs, &captured, &outputs, NULL));
  CHECK(inputs == 2 && captured == 1 && outputs == 3);
  ntk_program_free(out);
  /* A captured input may be active. */
  OK(ntk_program_jvp(&out, program, active, 2));
  OK(ntk_program_counts(out, &inputs, &captured, &outputs, NULL));
  CHECK(inputs == 3 && captured == 1 && outputs == 3);
  ntk_program_free(out);
  OK(ntk_program_linearize(&out, &linear, program, active, 1));
  OK(ntk_program_counts(linear, NULL, &captured, &outputs, NULL));
  CHECK(captured == 0 && outputs == 1);
  ntk_program_free(out);
  ntk_program_free(linear);
  /* Evaluation takes captured inputs last. */
  {
    tensor in[2], results[2];
    double sum;
    CHECK(make_inputs(program, in) == 2);
    evaluate(program, in, 2, results);
    sum = exp(f64(in[0])[0] * f64(in[1])[0]) + exp(f64(in[0])[1] * f64(in[1])[1]) +
          exp(f64(in[0])[2] * f64(in[1])[2]);
    CHECK(close_to(f64(results[0]), &sum, 1) && results[1].type == NTK_I32);
    free_all(in, 2);
    free_all(results, 2);
  }
  ntk_program_free(program);

  /* Not linear; not floating. */
  program = parse(AFFINE);
  out = program;
  INVALID(ntk_program_transpose(&out, program, active, 1));
  CHECK(out == NULL);
  ntk_program_free(program);
  program = parse(ROWS);
  active[0] = 1;
  STATUS(NTK_DTYPE_MISMATCH, ntk_program_jvp(&out, program, active, 1));
  STATUS(NTK_DTYPE_MISMATCH, ntk_program_vjp(&out, &linear, program, active, 1));
  STATUS(NTK_DTYPE_MISMATCH, ntk_program_jacobian(&out, program, active, 1, NTK_JACOBIAN_AUTO));
  active[0] = 7;
  INVALID(ntk_program_jvp(&out, program, active, 1));
  INVALID(ntk_program_jacobian(&out, program, active, 1, 77));
  CHECK(out == NULL && linear == NULL);
  ntk_program_free(program);
}

/* The transpose of what is linear already: y = w x by x. */
static void test_transpose(void) {
  ntk_program *program = parse(
      "ntk 1\nprogram(%0: f64[2,3], %1: f64[3]) {\n"
      "%2 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%0, %1) return %2 }");
  ntk_program *transposed = NULL;
  size_t active[1] = {1}, k;
  tensor in[2], out[1];
  double expected[3];
  OK(ntk_program_transpose(&transposed, program, active, 1));
  CHECK(inputs_of(transposed) == 2 && outputs_of(transposed) == 1);
  make_inputs(transposed, in);
  CHECK(in[1].count == 2);
  evaluate(transposed, in, 2, out);
  for (k = 0; k < 3; k++)
    expected[k] = f64(in[0])[k] * f64(in[1])[0] + f64(in[0])[3 + k] * f64(in[1])[1];
  CHECK(out[0].count == 3 && close_to(f64(out[0]), expected, 3));
  free_all(in, 2);
  free_all(out, 1);
  ntk_program_free(transposed);
  ntk_program_free(program);
}

/** Law: vmap = stacked loop, for every input and output axis of AFFINE. */
static void test_vmap(void) {
  ntk_program *program = parse(AFFINE), *mapped = NULL;
  int64_t in_axes[3], out_axes[1], size = 3;
  int mask, axis, out_axis;
  for (mask = 1; mask < 8; mask++)
    for (axis = -2; axis < 3; axis++)
      for (out_axis = -3; out_axis < 3; out_axis++) {
        tensor in[3], out[1], one[3], single[1];
        size_t i, k;
        int64_t s;
        int agree = 1;
        for (i = 0; i < 3; i++) {
          int64_t highest = i == 1 ? 1 : 2; /* b has rank 1 */
          int64_t a = axis > highest ? highest : axis < -highest - 1 ? -highest - 1 : axis;
          in_axes[i] = mask >> i & 1 ? a : NTK_NOT_MAPPED;
        }
        out_axes[0] = out_axis;
        if (!OK(ntk_program_vmap(&mapped, program, size, in_axes, out_axes))) continue;
        make_inputs(mapped, in);
        evaluate(mapped, in, 3, out);
        for (s = 0; s < size; s++) {
          int64_t place = out_axis < 0 ? out_axis + 3 : out_axis, inner = 1, j;
          for (i = 0; i < 3; i++) {
            one[i] = input_like(program, i);
            if (in_axes[i] == NTK_NOT_MAPPED) {
              memcpy(one[i].data, in[i].data, one[i].count * 8);
            } else {
              int64_t a = in_axes[i] < 0 ? in_axes[i] + (int64_t)in[i].rank : in_axes[i];
              CHECK(in[i].sizes[a] == size);
              for (inner = 1, j = a; j < (int64_t)one[i].rank; j++) inner *= one[i].sizes[j];
              for (k = 0; k < one[i].count; k++)
                f64(one[i])[k] = f64(in[i])[(k / inner * size + s) * inner + k % inner];
            }
          }
          evaluate(program, one, 3, single);
          for (inner = 1, j = place; j < 2; j++) inner *= single[0].sizes[j];
          for (k = 0; k < single[0].count; k++)
            agree &= fabs(f64(single[0])[k] -
                          f64(out[0])[(k / inner * size + s) * inner + k % inner]) < 1e-13;
          free_all(one, 3);
          free_all(single, 1);
        }
        if (!CHECK(agree))
          printf("    mask %d, axis %d, out axis %d\n", mask, axis, out_axis);
        free_all(in, 3);
        free_all(out, 1);
        ntk_program_free(mapped);
      }
  /* Refusals. */
  in_axes[0] = in_axes[1] = in_axes[2] = NTK_NOT_MAPPED;
  out_axes[0] = NTK_NOT_MAPPED;
  OK(ntk_program_vmap(&mapped, program, 3, in_axes, out_axes));
  ntk_program_free(mapped);
  in_axes[0] = 0;
  INVALID(ntk_program_vmap(&mapped, program, 3, in_axes, out_axes));
  CHECK(mapped == NULL);
  out_axes[0] = 3;
  INVALID(ntk_program_vmap(&mapped, program, 3, in_axes, out_axes));
  out_axes[0] = 0;
  in_axes[0] = 3;
  INVALID(ntk_program_vmap(&mapped, program, 3, in_axes, out_axes));
  in_axes[0] = -4;
  INVALID(ntk_program_vmap(&mapped, program, 3, in_axes, out_axes));
  in_axes[0] = 0;
  REFUSED(ntk_program_vmap(&mapped, program, -1, in_axes, out_axes));
  REFUSED(ntk_program_vmap(&mapped, program, INT64_MAX, in_axes, out_axes));
  CHECK(mapped == NULL);
  OK(ntk_program_vmap(&mapped, program, 0, in_axes, out_axes));
  ntk_program_free(mapped);
  ntk_program_free(program);
}

static void test_resize(void) {
  ntk_program *program = parse(AFFINE), *resized = NULL, *same = NULL;
  int32_t equal = 0, type;
  int64_t sizes[2] = {0, 0};
  size_t rank;
  OK(ntk_program_resize(&resized, program, 2, 0, 7));
  OK(ntk_program_input_type(resized, 2, &type, &rank, sizes, 2));
  CHECK(sizes[0] == 7 && sizes[1] == 3);
  OK(ntk_program_output_type(resized, 0, &type, &rank, sizes, 2));
  CHECK(sizes[0] == 7 && sizes[1] == 2);
  OK(ntk_program_resize(&same, resized, 2, 0, 4));
  OK(ntk_program_equal(same, program, &equal));
  CHECK(equal == 1);
  ntk_program_free(same);
  ntk_program_free(resized);
  OK(ntk_program_resize(&resized, program, 2, 0, 0));
  ntk_program_free(resized);
  INVALID(ntk_program_resize(&resized, program, 3, 0, 7));
  INVALID(ntk_program_resize(&resized, program, 2, 2, 7));
  REFUSED(ntk_program_resize(&resized, program, 2, 0, -1));
  REFUSED(ntk_program_resize(&resized, program, 2, 0, INT64_MAX));
  CHECK(resized == NULL);
  ntk_program_free(program);
  /* The reshape mixes the axis with another. */
  program = parse(
      "ntk 1\nprogram(%0: f64[4,3]) { %1 = reshape[new_sizes=[6, 2]](%0) return %1 }");
  STATUS(NTK_UNSUPPORTED, ntk_program_resize(&resized, program, 0, 0, 8));
  CHECK(resized == NULL && says("reshape"));
  ntk_program_free(program);
}

static void test_simplify(void) {
  ntk_program *program = parse(
      "ntk 1\nprogram(%0: f64[3]) { %1 = tanh(%0) %2 = tanh(%0) %3 = exp(%0) %4 = add(%1, %2)\n"
      "%5 = neg(%4) %6 = neg(%5) return %6 }");
  ntk_program *simple = NULL;
  tensor in[1], a[1], b[1];
  OK(ntk_program_simplify(&simple, program));
  CHECK(equations_of(simple) <= 4); /* exp is dead, a tanh is repeated */
  make_inputs(program, in);
  evaluate(program, in, 1, a);
  evaluate(simple, in, 1, b);
  CHECK(close_to(f64(b[0]), f64(a[0]), 3));
  free_all(in, 1);
  free_all(a, 1);
  free_all(b, 1);
  ntk_program_free(simple);
  ntk_program_free(program);
}

/* ---- Tangent kernels --------------------------------------------------------- */

enum { KEEP, TRACE, DIAGONAL };

/** Rows of J of an output [n, o] by parameters 0 and 1, flattened: [n * o, parameters]. */
static tensor dense_jacobian(const ntk_program *program, const tensor *in) {
  static const size_t active[2] = {0, 1};
  tensor parts[2], whole, y = output_like(program, 0);
  ntk_buffer in_views[3], out_views[2];
  int64_t sizes[4], flat[2];
  size_t i, k, row, column = 0;
  for (i = 0; i < 2; i++) {
    memcpy(sizes, y.sizes, y.rank * sizeof sizes[0]);
    memcpy(sizes + y.rank, in[i].sizes, in[i].rank * sizeof sizes[0]);
    parts[i] = tensor_make(NTK_F64, y.rank + in[i].rank, sizes);
  }
  views(in_views, in, 3);
  views(out_views, parts, 2);
  OK(ntk_jacobian(program, active, 2, NTK_JACOBIAN_AUTO, in_views, 3, out_views, 2, NULL));
  flat[0] = (int64_t)y.count;
  flat[1] = (int64_t)(in[0].count + in[1].count);
  whole = tensor_make(NTK_F64, 2, flat);
  for (i = 0; i < 2; i++) {
    for (row = 0; row < y.count; row++)
      for (k = 0; k < in[i].count; k++)
        f64(whole)[row * (size_t)flat[1] + column + k] = f64(parts[i])[row * in[i].count + k];
    column += in[i].count;
  }
  free_all(parts, 2);
  free(y.data);
  return whole;
}

/** The axis rules of ntk.h written out: theta of J1 and J2 whose rows are [n1, o] and [n2, o]. */
static tensor theta_by_hand(tensor j1, tensor j2, int64_t n1, int64_t n2, int64_t o,
                            const int mode[2], int normalize) {
  int64_t sizes[4], n, m, a, b, strides[4] = {0, 0, 0, 0}, width = j1.sizes[1];
  size_t rank = 0, i;
  int axis, place[2][2];
  double scale = 1;
  tensor theta;
  for (axis = 0; axis < 2; axis++) {
    place[axis][0] = place[axis][1] = -1;
    if (mode[axis] == KEEP || mode[axis] == DIAGONAL) {
      place[axis][0] = (int)rank;
      sizes[rank++] = axis ? o : n1;
    }
    if (mode[axis] == KEEP) {
      place[axis][1] = (int)rank;
      sizes[rank++] = axis ? o : n2;
    }
    if (mode[axis] == TRACE && normalize) scale /= (double)(axis ? o : n1);
  }
  theta = tensor_make(NTK_F64, rank, sizes);
  for (i = rank; i > 0; i--)
    strides[i - 1] = i == rank ? 1 : strides[i] * sizes[i];
  for (n = 0; n < n1; n++)
    for (m = 0; m < n2; m++)
      for (a = 0; a < o; a++)
        for (b = 0; b < o; b++) {
          int64_t index = 0, at[2][2];
          if ((mode[0] != KEEP && n != m) || (mode[1] != KEEP && a != b)) continue;
          at[0][0] = n;
          at[0][1] = m;
          at[1][0] = a;
          at[1][1] = b;
          for (axis = 0; axis < 2; axis++)
            for (i = 0; i < 2; i++)
              if (place[axis][i] >= 0) index += at[axis][i] * strides[place[axis][i]];
          f64(theta)[index] += scale * dot(f64(j1) + (n * o + a) * width,
                                           f64(j2) + (m * o + b) * width, (size_t)width);
        }
  return theta;
}

static const char *const IMPLEMENTATIONS[] = {"auto", "contraction", "products", "structured"};

/** Law: every implementation gives J Jᵀ, by ntk_kernel, by parts, and by its program. */
static void check_kernel(const ntk_program *first, const ntk_program *second, const tensor *in1,
                         const tensor *in2, ntk_kernel_options options, const tensor *expected) {
  ntk_tangent_kernel *kernel = NULL;
  ntk_program *program = NULL;
  ntk_buffer buffers[5], result;
  tensor inputs[5], theta, by_program[1];
  int64_t sizes[4] = {0, 0, 0, 0};
  size_t rank = 0, count = 0, input_count = second ? 4 : 3, i, needed = 0;
  int32_t type = 0;
  char explanation[4096];
  ntk_status status;
  for (i = 0; i < 3; i++) inputs[i] = in1[i];
  inputs[3] = in2[2];
  views(buffers, inputs, input_count);
  status = ntk_tangent_kernel_create(&kernel, first, second, &options);
  if (options.implementation == NTK_STRUCTURED_DERIVATIVES && status == NTK_UNSUPPORTED) {
    CHECK(kernel == NULL && ntk_last_error()[0] != 0);
    return;
  }
  if (!OK(status)) return;
  OK(ntk_tangent_kernel_count(kernel, &count));
  CHECK(count == 1);
  OK(ntk_tangent_kernel_type(kernel, 0, &type, &rank, sizes, 4));
  CHECK(type == NTK_F64 && rank == expected->rank &&
        memcmp(sizes, expected->sizes, rank * sizeof sizes[0]) == 0);
  INVALID(ntk_tangent_kernel_type(kernel, 1, &type, &rank, sizes, 4));
  OK(ntk_tangent_kernel_explain(kernel, NULL, 0, &needed));
  CHECK(needed > 1 && needed <= sizeof explanation);
  if (needed <= sizeof explanation)
    OK(ntk_tangent_kernel_explain(kernel, explanation, needed, NULL));

  theta = tensor_make(NTK_F64, expected->rank, expected->sizes);
  result = view(&theta);
  if (!OK(ntk_tangent_kernel_compute(kernel, buffers, input_count, &result, 1, NULL))) return;
  CHECK(close_to(f64(theta), f64(*expected), theta.count));
  if (second == NULL && theta.rank >= 2) {
    int64_t n = theta.sizes[0], rest = (int64_t)theta.count / (n * n), m, k, o = 0;
    int symmetric = 1;
    while (o * o < rest) o++;
    if (o * o == rest && theta.sizes[1] == n)
      for (m = 0; m < n * n; m++)
        for (k = 0; k < rest; k++)
          symmetric &= f64(theta)[m * rest + k] ==
                       f64(theta)[(m % n * n + m / n) * rest + k % o * o + k / o];
    CHECK(symmetric);
  }
  memset(theta.data, 0, theta.count * 8);
  OK(ntk_kernel(first, second, &options, buffers, input_count, &result, 1, NULL));
  CHECK(close_to(f64(theta), f64(*expected), theta.count));
  if (!OK(ntk_tangent_kernel_program(kernel, &program))) return;
  ntk_tangent_kernel_free(kernel);
  CHECK(inputs_of(program) == input_count);
  evaluate(program, inputs, input_count, by_program);
  CHECK(close_to(f64(by_program[0]), f64(*expected), expected->count));
  free_all(by_program, 1);
  free_all(&theta, 1);
  ntk_program_free(program);
}

static void test_kernels(void) {
  static const size_t parameters[2] = {0, 1};
  ntk_program *first = parse(AFFINE), *second = NULL;
  tensor in1[3], in2[3], j1, j2, square1[3];
  int implementation, mode[2], pair, normalize;
  OK(ntk_program_resize(&second, first, 2, 0, 3));
  make_inputs(first, in1);
  make_inputs(second, in2);
  in2[0] = in1[0];
  in2[1] = in1[1];
  memcpy(square1, in1, sizeof square1);
  square1[2] = randomized(input_like(first, 2));
  for (implementation = 0; implementation < 4; implementation++)
    for (mode[0] = KEEP; mode[0] <= DIAGONAL; mode[0]++)
      for (mode[1] = KEEP; mode[1] <= DIAGONAL; mode[1]++)
        /* x2 = x1; another x2 of the same size; of another size */
        for (pair = 0; pair < (mode[0] == KEEP ? 3 : 2); pair++)
          for (normalize = 0; normalize < 2; normalize++) {
            ntk_kernel_options options = NTK_KERNEL_OPTIONS_INIT;
            int64_t traced[2], diagonal[2];
            const ntk_program *other = pair == 0 ? NULL : pair == 1 ? first : second;
            const tensor *in = pair == 0 ? in1 : pair == 1 ? square1 : in2;
            tensor expected;
            long failed = tally.failed;
            int axis;
            options.parameters = parameters;
            options.parameter_count = 2;
            options.implementation = implementation;
            options.normalize = normalize;
            for (axis = 1; axis >= 0; axis--) { /* unsorted, negative or not */
              if (mode[axis] == TRACE) traced[options.trace_axis_count++] = axis - 2 * normalize;
              if (mode[axis] == DIAGONAL)
                diagonal[options.diagonal_axis_count++] = axis - (pair == 1 ? 2 : 0);
            }
            options.trace_axes = traced;
            options.diagonal_axes = diagonal;
            j1 = dense_jacobian(first, in1);
            j2 = dense_jacobian(pair == 2 ? second : first, in);
            expected = theta_by_hand(j1, j2, 4, pair == 2 ? 3 : 4, 2, mode, normalize);
            check_kernel(first, other, in1, in, options, &expected);
            if (tally.failed != failed)
              printf("    %s, axes %d %d, pair %d, normalize %d\n", IMPLEMENTATIONS[implementation],
                     mode[0], mode[1], pair, normalize);
            free_all(&j1, 1);
            free_all(&j2, 1);
            free_all(&expected, 1);
          }
  ntk_program_free(first);
  ntk_program_free(second);
}

static void test_kernel_refusals(void) {
  static const size_t parameters[2] = {0, 1}, data[2] = {1, 2}, unordered[2] = {1, 0};
  static const size_t beyond[1] = {3}, ids[1] = {1};
  static const int64_t beyond_axes[2] = {2, -3}, axes[2] = {1, -1};
  static const int64_t batch[3] = {NTK_NOT_MAPPED, NTK_NOT_MAPPED, 0};
  static const int64_t wrong_batch[3] = {NTK_NOT_MAPPED, NTK_NOT_MAPPED, 1};
  static const int64_t no_axis[3] = {NTK_NOT_MAPPED, NTK_NOT_MAPPED, 2};
  ntk_program *program = parse(AFFINE), *second = NULL, *rows = parse(ROWS);
  ntk_tangent_kernel *kernel = NULL;
  ntk_kernel_options o = NTK_KERNEL_OPTIONS_INIT, initial = NTK_KERNEL_OPTIONS_INIT;
  initial.parameters = parameters;
  initial.parameter_count = 2;
  OK(ntk_program_resize(&second, program, 2, 0, 3));
#define KERNEL(first, other) ntk_tangent_kernel_create(&kernel, first, other, &o)
#define REFUSES_KERNEL(status, other)  \
  do {                                 \
    STATUS(status, KERNEL(program, other)); \
    CHECK(kernel == NULL);             \
    o = initial;                       \
  } while (0)
  o = initial;
  o.struct_size = 0; REFUSES_KERNEL(NTK_INVALID_ARGUMENT, NULL);
  o.struct_size = 9; REFUSES_KERNEL(NTK_INVALID_ARGUMENT, NULL);
  o.parameters = NULL; REFUSES_KERNEL(NTK_INVALID_ARGUMENT, NULL);
  o.parameters = unordered; REFUSES_KERNEL(NTK_INVALID_ARGUMENT, NULL);
  o.parameters = beyond; o.parameter_count = 1; REFUSES_KERNEL(NTK_INVALID_ARGUMENT, NULL);
  o.parameter_count = SIZE_MAX; REFUSES_KERNEL(NTK_INVALID_ARGUMENT, NULL);
  o.implementation = 4; REFUSES_KERNEL(NTK_INVALID_ARGUMENT, NULL);
  o.implementation = -1; REFUSES_KERNEL(NTK_INVALID_ARGUMENT, NULL);
  o.trace_axis_count = 1; REFUSES_KERNEL(NTK_INVALID_ARGUMENT, NULL); /* NULL axes */
  o.trace_axes = beyond_axes; o.trace_axis_count = 1; REFUSES_KERNEL(NTK_INVALID_ARGUMENT, NULL);
  o.trace_axes = beyond_axes + 1; o.trace_axis_count = 1;
  REFUSES_KERNEL(NTK_INVALID_ARGUMENT, NULL);
  o.diagonal_axes = beyond_axes; o.diagonal_axis_count = 1;
  REFUSES_KERNEL(NTK_INVALID_ARGUMENT, NULL);
  o.trace_axes = axes; o.trace_axis_count = 2; /* one axis twice */
  REFUSES_KERNEL(NTK_INVALID_ARGUMENT, NULL);
  o.trace_axes = axes; o.trace_axis_count = 1; /* both traced and diagonal */
  o.diagonal_axes = axes + 1; o.diagonal_axis_count = 1; REFUSES_KERNEL(NTK_INVALID_ARGUMENT, NULL);
  o.batch_axes = wrong_batch; REFUSES_KERNEL(NTK_INVALID_ARGUMENT, NULL);
  o.batch_axes = no_axis; REFUSES_KERNEL(NTK_INVALID_ARGUMENT, NULL);
  {
    static const int64_t traced[1] = {0};
    o.trace_axes = traced; o.trace_axis_count = 1; /* n1 is not n2 */
    REFUSED(KERNEL(program, second));
    CHECK(kernel == NULL);
    o = initial;
    o.diagonal_axes = traced; o.diagonal_axis_count = 1;
    REFUSED(KERNEL(program, second));
    CHECK(kernel == NULL);
    o = initial;
  }
  REFUSED(KERNEL(program, rows)); /* other parameters */
  o.parameters = data;
  REFUSED(KERNEL(program, second)); /* x is a parameter, of another shape */
  o = initial;
  o.parameters = ids;
  o.parameter_count = 1;
  STATUS(NTK_DTYPE_MISMATCH, KERNEL(rows, NULL));
  o = initial;
  INVALID(KERNEL(NULL, NULL));
  INVALID(ntk_tangent_kernel_create(NULL, program, NULL, &o));
  o.batch_axes = batch;
  if (OK(KERNEL(program, NULL))) {
    tensor in[3];
    ntk_buffer b[3], out;
    double theta[64], before[64];
    int64_t sizes[4] = {4, 4, 2, 2};
    size_t i, needed = 0;
    char text[8];
    for (i = 0; i < 64; i++) theta[i] = before[i] = 1e300;
    make_inputs(program, in);
    views(b, in, 3);
    out = buffer(theta, NTK_F64, 4, sizes, NULL);
    INVALID(ntk_tangent_kernel_compute(kernel, b, 2, &out, 1, NULL));
    INVALID(ntk_tangent_kernel_compute(kernel, b, 3, &out, 2, NULL));
    INVALID(ntk_tangent_kernel_compute(kernel, NULL, 3, &out, 1, NULL));
    INVALID(ntk_tangent_kernel_compute(kernel, b, 3, NULL, 1, NULL));
    INVALID(ntk_tangent_kernel_compute(NULL, b, 3, &out, 1, NULL));
    out.rank = 3;
    STATUS(NTK_SHAPE_MISMATCH, ntk_tangent_kernel_compute(kernel, b, 3, &out, 1, NULL));
    out.rank = 4;
    out.element_type = NTK_F32;
    STATUS(NTK_DTYPE_MISMATCH, ntk_tangent_kernel_compute(kernel, b, 3, &out, 1, NULL));
    out.element_type = NTK_F64;
    out.flags = NTK_READ_ONLY;
    INVALID(ntk_tangent_kernel_compute(kernel, b, 3, &out, 1, NULL));
    out.flags = 0;
    {
      ntk_run_options run = NTK_RUN_OPTIONS_INIT;
      ntk_cancellation *cancellation = NULL;
      run.memory_limit = 1;
      STATUS(NTK_OUT_OF_MEMORY, ntk_tangent_kernel_compute(kernel, b, 3, &out, 1, &run));
      STATUS(NTK_OUT_OF_MEMORY, ntk_kernel(program, NULL, &o, b, 3, &out, 1, &run));
      CHECK(memcmp(theta, before, sizeof theta) == 0);
      OK(ntk_cancellation_create(&cancellation));
      ntk_cancellation_cancel(cancellation);
      run.memory_limit = 0;
      run.cancellation = cancellation;
      STATUS(NTK_CANCELLED, ntk_tangent_kernel_compute(kernel, b, 3, &out, 1, &run));
      STATUS(NTK_CANCELLED, ntk_kernel(program, NULL, &o, b, 3, &out, 1, &run));
      ntk_cancellation_free(cancellation);
      run.cancellation = NULL;
      run.struct_size = 3;
      INVALID(ntk_tangent_kernel_compute(kernel, b, 3, &out, 1, &run));
      out.strides = sizes; /* 4, 4, 2, 2 bytes: elements overlap */
      REFUSED(ntk_tangent_kernel_compute(kernel, b, 3, &out, 1, NULL));
      out.strides = NULL;
    }
    OK(ntk_tangent_kernel_compute(kernel, b, 3, &out, 1, NULL));
    STATUS(NTK_BUFFER_TOO_SMALL, ntk_tangent_kernel_explain(kernel, text, 2, &needed));
    CHECK(needed > 2);
    INVALID(ntk_tangent_kernel_count(kernel, NULL));
    INVALID(ntk_tangent_kernel_program(kernel, NULL));
    free_all(in, 3);
    ntk_tangent_kernel_free(kernel);
  }
  /* No parameters, by NULL options: a kernel of zeros. */
  if (OK(ntk_tangent_kernel_create(&kernel, program, NULL, NULL))) {
    size_t count = 0;
    OK(ntk_tangent_kernel_count(kernel, &count));
    CHECK(count == 1);
    ntk_tangent_kernel_free(kernel);
  }
  ntk_program_free(program);
  ntk_program_free(second);
  ntk_program_free(rows);
}

/* Empty parameters, an unused one, several outputs, a scan. */
static void test_kernel_of_scan(void) {
  static const size_t parameters[2] = {0, 1};
  static const int64_t last[1] = {-1};
  ntk_program *program = parse(RECURRENT);
  ntk_kernel_options options = NTK_KERNEL_OPTIONS_INIT;
  tensor in[3], jacobians[4];
  int64_t sizes[4][3] = {{3, 3, 3}, {3, 3, 0}, {5, 3, 3}, {5, 3, 3}};
  int64_t full[4] = {5, 3, 3, 3};
  ntk_buffer b[3], j[4], results[2];
  size_t implementation, n, m, o, k;
  double expected[9 + 25], theta[9 + 25];
  make_inputs(program, in);
  views(b, in, 3);
  /* d h / d w [3, 3, 3], d h / d h0 [3, 3], d y / d w [5, 3, 3, 3], d y / d h0 [5, 3, 3] */
  jacobians[0] = tensor_make(NTK_F64, 3, sizes[0]);
  jacobians[1] = tensor_make(NTK_F64, 2, sizes[1]);
  jacobians[2] = tensor_make(NTK_F64, 4, full);
  jacobians[3] = tensor_make(NTK_F64, 3, sizes[3]);
  views(j, jacobians, 4);
  if (!OK(ntk_jacobian(program, parameters, 2, NTK_JACOBIAN_REVERSE, b, 3, j, 4, NULL))) return;
  /* Trace over the last axis: of h its only one, of y the features. */
  for (k = 0; k < 34; k++) expected[k] = 0;
  for (o = 0; o < 3; o++)
    expected[0] += (dot(f64(jacobians[0]) + 9 * o, f64(jacobians[0]) + 9 * o, 9) +
                    dot(f64(jacobians[1]) + 3 * o, f64(jacobians[1]) + 3 * o, 3)) / 3;
  for (n = 0; n < 5; n++)
    for (m = 0; m < 5; m++)
      for (o = 0; o < 3; o++)
        expected[1 + 5 * n + m] +=
            (dot(f64(jacobians[2]) + 9 * (3 * n + o), f64(jacobians[2]) + 9 * (3 * m + o), 9) +
             dot(f64(jacobians[3]) + 3 * (3 * n + o), f64(jacobians[3]) + 3 * (3 * m + o), 3)) / 3;
  options.parameters = parameters;
  options.parameter_count = 2;
  options.trace_axes = last;
  options.trace_axis_count = 1;
  full[1] = 5;
  results[0] = buffer(theta, NTK_F64, 0, NULL, NULL);
  results[1] = buffer(theta + 1, NTK_F64, 2, full, NULL);
  for (implementation = 0; implementation < 4; implementation++) {
    ntk_status status;
    options.implementation = (int32_t)implementation;
    for (k = 0; k < 34; k++) theta[k] = 1e300;
    status = ntk_kernel(program, NULL, &options, b, 3, results, 2, NULL);
    if (implementation == NTK_STRUCTURED_DERIVATIVES && status == NTK_UNSUPPORTED) continue;
    OK(status);
    CHECK(close_to(theta, expected, 1) && close_to(theta + 1, expected + 1, 25));
  }
  free_all(in, 3);
  free_all(jacobians, 4);
  ntk_program_free(program);
}

/* ---- Stopping ------------------------------------------------------------------ */

/* Minutes of work: a million products of 200 by 200 matrices. */
static const char *const LONG =
    "ntk 1\nprogram(%0: f64[200,200], %1: f64[200,200]) {\n"
    "%2 = scan[jaxpr={program(%0: f64[200,200], %1: f64[200,200]) {\n"
    "  %2 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%0, %1) %3 = tanh(%2)\n"
    "  return %3 }}, length=1000000, num_consts=1, num_carry=1](%0, %1)\n"
    "return %2 }";

static void sleep_milliseconds(long milliseconds) {
  struct timespec t;
  t.tv_sec = milliseconds / 1000;
  t.tv_nsec = milliseconds % 1000 * 1000000;
  nanosleep(&t, NULL);
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double cancelled_at;

static void *cancel_soon(void *cancellation) {
  sleep_milliseconds(100);
  cancelled_at = seconds();
  ntk_cancellation_cancel((ntk_cancellation *)cancellation);
  return NULL;
}

static void test_cancellation(void) {
  ntk_program *program = parse(LONG);
  ntk_cancellation *cancellation = NULL;
  ntk_run_options options = NTK_RUN_OPTIONS_INIT;
  pthread_t thread;
  tensor in[2], out[1];
  ntk_buffer b[2], o[1];
  make_inputs(program, in);
  out[0] = output_like(program, 0);
  views(b, in, 2);
  views(o, out, 1);
  OK(ntk_cancellation_create(&cancellation));
  options.cancellation = cancellation;
  pthread_create(&thread, NULL, cancel_soon, cancellation);
  STATUS(NTK_CANCELLED, ntk_evaluate(program, b, 2, o, 1, &options));
  pthread_join(thread, NULL);
  CHECK(seconds() - cancelled_at < 0.5);
  CHECK(ntk_last_error()[0] != 0);
  /* It stays cancelled: a later call stops at once. */
  STATUS(NTK_CANCELLED, ntk_evaluate(program, b, 2, o, 1, &options));
  ntk_cancellation_free(cancellation);

  /* Before the start. */
  OK(ntk_cancellation_create(&cancellation));
  ntk_cancellation_cancel(cancellation);
  options.cancellation = cancellation;
  STATUS(NTK_CANCELLED, ntk_evaluate(program, b, 2, o, 1, &options));
  ntk_cancellation_free(cancellation);
  ntk_program_free(program);

  /* One that is not cancelled does nothing. */
  program = parse(AFFINE);
  OK(ntk_cancellation_create(&cancellation));
  options.cancellation = cancellation;
  free_all(in, 2);
  free_all(out, 1);
  {
    tensor inputs[3], result[1];
    ntk_buffer views_in[3], views_out[1];
    make_inputs(program, inputs);
    result[0] = output_like(program, 0);
    views(views_in, inputs, 3);
    views(views_out, result, 1);
    OK(ntk_evaluate(program, views_in, 3, views_out, 1, &options));
    free_all(inputs, 3);
    free_all(result, 1);
  }
  ntk_cancellation_free(cancellation);
  ntk_program_free(program);
}

typedef struct watch {
  int calls, stop_after, elsewhere, backwards;
  uint64_t done, total;
  pthread_t thread;
} watch;

static int32_t watching(void *context, uint64_t done, uint64_t total) {
  watch *w = (watch *)context;
  w->calls++;
  w->elsewhere += !pthread_equal(w->thread, pthread_self());
  w->backwards += done < w->done || done > total;
  w->done = done;
  w->total = total;
  return w->calls >= w->stop_after ? 77 : 0;
}

static int32_t polling(void *context) {
  watch *w = (watch *)context;
  w->calls++;
  w->elsewhere += !pthread_equal(w->thread, pthread_self());
  return w->calls >= w->stop_after ? 77 : 0;
}

/* A long call asks whether to go on, and stops where it is told to; a short one does not ask. */
static void test_poll(void) {
  static const char *const texts[] = {
      LONG, "ntk 1\nprogram(%0: f64[2], %1: f64[2]) {\n  %2 = add(%0, %1)\n  return %2\n}"};
  int is_short;
  for (is_short = 0; is_short < 2; is_short++) {
    ntk_program *program = parse(texts[is_short]);
    ntk_run_options options = NTK_RUN_OPTIONS_INIT;
    tensor in[2], out[1];
    ntk_buffer b[2], o[1];
    watch w;
    make_inputs(program, in);
    out[0] = output_like(program, 0);
    views(b, in, 2);
    views(o, out, 1);
    memset(&w, 0, sizeof w);
    w.stop_after = 2;
    w.thread = pthread_self();
    options.poll = polling;
    options.poll_context = &w;
    STATUS(is_short ? NTK_OK : NTK_CALLBACK, ntk_evaluate(program, b, 2, o, 1, &options));
    CHECK(w.calls == (is_short ? 0 : 2) && w.elsewhere == 0);
    free_all(in, 2);
    free_all(out, 1);
    ntk_program_free(program);
  }
}

static void test_progress(void) {
  ntk_program *program = parse(LONG);
  ntk_run_options options = NTK_RUN_OPTIONS_INIT;
  tensor in[2], out[1];
  ntk_buffer b[2], o[1];
  int stop;
  make_inputs(program, in);
  out[0] = output_like(program, 0);
  views(b, in, 2);
  views(o, out, 1);
  for (stop = 1; stop < 5; stop += 3) {
    watch w;
    memset(&w, 0, sizeof w);
    w.stop_after = stop;
    w.thread = pthread_self();
    options.progress = watching;
    options.progress_context = &w;
    STATUS(NTK_CALLBACK, ntk_evaluate(program, b, 2, o, 1, &options));
    CHECK(w.calls == stop);
    CHECK(w.elsewhere == 0 && w.backwards == 0 && w.total > 0);
  }
  free_all(in, 2);
  free_all(out, 1);
  ntk_program_free(program);
}

/* ---- Errors --------------------------------------------------------------------- */

static void test_syntax_errors(void) {
  static const struct {
    const char *text;
    size_t line;
  } rows[] = {
      {"", 1},
      {"ntk", 1},
      {"ntk 2\nprogram() { return }", 1},
      {"ntk -1\nprogram() { return }", 1},
      {"program() { return }", 1},
      {"\xff\xfe\x00\x01", 1},
      {"ntk 1\n", 0},
      {"ntk 1\nprogram", 0},
      {"ntk 1\nprogram(", 0},
      {"ntk 1\nprogram()", 0},
      {"ntk 1\nprogram() {", 0},
      {"ntk 1\nprogram() { }", 2},
      {"ntk 1\nprogram() { return } trailing", 2},
      {"ntk 1\nprogram() { return }\nprogram() { return }", 3},
      {"ntk 1\nprogram(%0) { return %0 }", 2},
      {"ntk 1\nprogram(%0: f16[2]) { return %0 }", 2},
      {"ntk 1\nprogram(%0: f32) { return %0 }", 2},
      {"ntk 1\nprogram(%0: f32[2) { return %0 }", 2},
      {"ntk 1\nprogram(%0: f32[2.5]) { return %0 }", 2},
      {"ntk 1\nprogram(%x: f32[2]) { return %x }", 2},
      {"ntk 1\nprogram(%0 \"open: f32[2]) { return %0 }", 0},
      {"ntk 1\nprogram(%0: f32[2]) {\n  %1 = \n  return %1\n}", 0},
      {"ntk 1\nprogram(%0: f32[2]) {\n\n  %1 tanh(%0)\n  return %1\n}", 4},
      {"ntk 1\nprogram(%0: f32[2]) {\n  %1 = tanh(%0\n  return %1\n}", 0},
      {"ntk 1\nprogram(%0: f32[2]) {\n  # text\n  %1 = tanh[)(%0)\n  return %1\n}", 4},
      {"ntk 1\nprogram(%0: f32[2]) {\n  %1 = reduce_sum[axes=[0](%0)\n  return %1\n}", 0},
      {"ntk 1\ndata @a f32[1] \"AAAA\"\nprogram() { return }", 0},
      {"ntk 1\ndata @a f32[1] \"!!!!!!!!\"\nprogram() { return }", 0},
  };
  size_t i, line, column;
  ntk_program *program;
  for (i = 0; i < COUNT(rows); i++) {
    ntk_status status;
    program = (ntk_program *)&program;
    status = ntk_program_parse(&program, rows[i].text, strlen(rows[i].text));
    REFUSED(status);
    line = column = 99999;
    ntk_last_error_position(&line, &column);
    if (!CHECK(program == NULL && status == NTK_SYNTAX && line >= 1 && column >= 1 && line < 9 &&
               column < 99 && (rows[i].line == 0 || line == rows[i].line)))
      printf("    row %d: %s at %lu:%lu: %s\n", (int)i, ntk_status_name(status),
             (unsigned long)line, (unsigned long)column, ntk_last_error());
  }
  /* A NUL in the text is no end of it. */
  STATUS(NTK_SYNTAX, ntk_program_parse(&program, "ntk 1\nprogram() { return }\0!", 28));
  OK(ntk_program_parse(&program, "ntk 1\nprogram() { return }!!", 26));
  ntk_program_free(program);
  /* Another failure has no position. */
  INVALID(ntk_program_parse(&program, NULL, 5));
  ntk_last_error_position(&line, &column);
  CHECK(line == 0 && column == 0);
  ntk_last_error_position(NULL, NULL);
}

static void test_malformed_equations(void) {
  static const struct {
    const char *equation; /* of %0: f64[2,3], %1: f64[3], %2: i32[2] */
    ntk_status status;    /* NTK_OK: any failure */
    const char *fact;
  } rows[] = {
      {"%9 = add(%0, %1)", NTK_SHAPE_MISMATCH, "add"},
      {"%9 = add(%0)", NTK_INVALID_ARGUMENT, "add"},
      {"%9 = nonesuch(%0)", NTK_OK, "nonesuch"},
      {"%9 = tanh(%5)", NTK_OK, "5"},
      {"%9 = tanh(%9)", NTK_OK, "9"},
      {"%0 = tanh(%0)", NTK_OK, "0"},
      {"%9: f32[2,3] = tanh(%0)", NTK_OK, "f32"},
      {"%9: f64[3,2] = tanh(%0)", NTK_OK, "3"},
      {"%9, %10 = tanh(%0)", NTK_OK, "tanh"},
      {"%9 = tanh(%2)", NTK_DTYPE_MISMATCH, "tanh"},
      {"%9 = mul(%1, %2)", NTK_OK, "mul"},
      {"%9 = neg[axes=[0]](%0)", NTK_INVALID_ARGUMENT, "axes"},
      {"%9 = reduce_sum(%0)", NTK_INVALID_ARGUMENT, "axes"},
      {"%9 = reduce_sum[axes=[-1]](%0)", NTK_OK, "reduce_sum"},
      {"%9 = reduce_sum[axes=\"0\"](%0)", NTK_OK, "axes"},
      {"%9 = reduce_max[axes=[0, 5]](%0)", NTK_OK, "5"},
      {"%9 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%0, %0)", NTK_SHAPE_MISMATCH,
       "dot_general"},
      {"%9 = dot_general[dimension_numbers=[[[1], [1]], [[0], [0]]]](%0, %1)", NTK_OK,
       "dot_general"},
      {"%9 = dot_general[dimension_numbers=3](%0, %1)", NTK_OK, "dimension_numbers"},
      {"%9 = reshape[new_sizes=[3, 3]](%0)", NTK_OK, "reshape"},
      {"%9 = transpose[permutation=[1]](%0)", NTK_INVALID_ARGUMENT, "transpose"},
      {"%9 = slice[start_indices=[1, 0], limit_indices=[0, 3]](%0)", NTK_OK, "slice"},
      {"%9 = slice[start_indices=[-1, 0], limit_indices=[2, 3]](%0)", NTK_OK, "slice"},
      {"%9 = pad[padding_config=[[0, 0, 0]]](%0, %1)", NTK_OK, "pad"},
      {"%9 = pad[padding_config=[[0, 0, -1], [0, 0, 0]]](%0, %0)", NTK_OK, "pad"},
      {"%9 = concatenate[dimension=0]()", NTK_INVALID_ARGUMENT, "concatenate"},
      {"%9 = concatenate[dimension=0](%0, %1)", NTK_SHAPE_MISMATCH, "concatenate"},
      {"%9 = select_n(%2, %0, %0)", NTK_OK, "select_n"},
      {"%9 = select_n(%2)", NTK_OK, "select_n"},
      {"%9 = iota[dtype=f32, shape=[2], dimension=1]()", NTK_INVALID_ARGUMENT, "iota"},
      {"%9 = full[shape=[2], value=1.5, dtype=i32]()", NTK_OK, "1.5"},
      {"%9 = full[shape=[2], value=300, dtype=u8]()", NTK_OK, "300"},
      {"%9 = constant[dtype=f32, shape=[2], data=[1.0]]()", NTK_OK, "data"},
      {"%9 = constant[dtype=f32, shape=[2], data=@nonesuch]()", NTK_OK, "nonesuch"},
      {"%9 = reduce_sum[axes=[$0]](%0)", NTK_OK, ""},
      {"%9 = integer_pow[y=0.5](%0)", NTK_OK, "0.5"},
      {"%9 = convert_element_type[new_dtype=complex](%0)", NTK_OK, ""},
      {"%9 = gather[offset_dims=[1], collapsed_slice_dims=[0], start_index_map=[0], "
       "slice_sizes=[3, 3]](%0, %2)", NTK_OK, "gather"},
      {"%9 = gather[offset_dims=[1], collapsed_slice_dims=[0], start_index_map=[0], "
       "slice_sizes=[1, 3], mode=\"wrap\"](%0, %2)", NTK_OK, "mode"},
      {"%9 = scan[jaxpr={program(%0: f64[3]) { return }}, length=2, num_consts=0, num_carry=0](%0)",
       NTK_OK, ""}, /* no results: %9 is one too many */
      {"%9 = scan[jaxpr={program(%0: f64[3]) { return %0 }}, length=3, num_consts=0, num_carry=0]"
       "(%0)", NTK_OK, "scan"},
      {"%9 = scan[jaxpr={program(%0: f64[3]) { return %0 }}, length=-1, num_consts=0, num_carry=0]"
       "(%0)", NTK_OK, "scan"},
      {"%9 = scan[jaxpr={program(%0: f64[]) { %1 = convert_element_type[new_dtype=f32](%0) "
       "return %1 }}, length=3, num_consts=0, num_carry=1](%0)", NTK_OK, "scan"},
      {"%9 = scan[jaxpr={program(%0: f64[3]) captured(%1: f64[]) { return %0 }}, length=2, "
       "num_consts=0, num_carry=0](%0)", NTK_OK, "captured"},
  };
  size_t i;
  for (i = 0; i < COUNT(rows); i++) {
    char text[600];
    ntk_program *program = NULL;
    ntk_status status;
    snprintf(text, sizeof text,
             "ntk 1\nprogram(%%0: f64[2,3], %%1: f64[3], %%2: i32[2]) { %s return %%9 }",
             rows[i].equation);
    status = ntk_program_parse(&program, text, strlen(text));
    if (!CHECK(status != NTK_OK && status != NTK_INTERNAL && program == NULL &&
               (rows[i].status == NTK_OK || status == rows[i].status) && says(rows[i].fact)))
      printf("    %s: %s: %s\n", rows[i].equation, ntk_status_name(status), ntk_last_error());
    ntk_program_free(program);
  }
}

static void *fail_elsewhere(void *unused) {
  ntk_program *program = NULL;
  size_t line = 9, column = 9;
  /* No failure of this thread yet. */
  ntk_last_error_position(&line, &column);
  CHECK(line == 0 && column == 0);
  INVALID(ntk_program_hash(NULL, NULL));
  OK(ntk_program_parse(&program, AFFINE, strlen(AFFINE)));
  ntk_program_free(program);
  return unused;
}

static void test_messages_are_per_thread(void) {
  pthread_t thread;
  char before[1000];
  size_t line = 0, column = 0;
  ntk_program *program = NULL;
  STATUS(NTK_SYNTAX, ntk_program_parse(&program, "ntk 1\n\n?", 8));
  snprintf(before, sizeof before, "%s", ntk_last_error());
  pthread_create(&thread, NULL, fail_elsewhere, NULL);
  pthread_join(thread, NULL);
  CHECK(strcmp(before, ntk_last_error()) == 0);
  /* Not reset by success. */
  OK(ntk_program_parse(&program, AFFINE, strlen(AFFINE)));
  CHECK(strcmp(before, ntk_last_error()) == 0);
  ntk_last_error_position(&line, &column);
  CHECK(line == 3 && column == 1);
  ntk_program_free(program);
}

static void test_nulls(void) {
  ntk_program *p = parse(AFFINE), *out = NULL, *linear = NULL;
  ntk_builder *builder = NULL;
  ntk_value v = 0, w = 0;
  uint64_t hash[2], bytes = 0;
  int32_t equal = 0, type = 0;
  int64_t sizes[2] = {1, 1}, axes[3] = {0, NTK_NOT_MAPPED, NTK_NOT_MAPPED};
  size_t rank = 0, count = 0, needed = 0, active[1] = {0};
  char text[10], long_text[2000];
  ntk_program_free(NULL);
  ntk_builder_free(NULL);
  ntk_cancellation_free(NULL);
  ntk_cancellation_cancel(NULL);
  ntk_tangent_kernel_free(NULL);

  INVALID(ntk_program_parse(NULL, AFFINE, strlen(AFFINE)));
  INVALID(ntk_program_text(NULL, text, 10, &needed));
  INVALID(ntk_program_text(p, NULL, 10, &needed));
  OK(ntk_program_text(p, NULL, 0, NULL));
  INVALID(ntk_build_info(NULL, 10, &needed));
  INVALID(ntk_program_hash(NULL, hash));
  INVALID(ntk_program_hash(p, NULL));
  INVALID(ntk_program_equal(NULL, p, &equal));
  INVALID(ntk_program_equal(p, NULL, &equal));
  INVALID(ntk_program_equal(p, p, NULL));
  INVALID(ntk_program_counts(NULL, &count, NULL, NULL, NULL));
  INVALID(ntk_program_input_type(NULL, 0, &type, &rank, sizes, 2));
  INVALID(ntk_program_input_type(p, 0, &type, &rank, NULL, 2));
  INVALID(ntk_program_output_type(NULL, 0, &type, &rank, sizes, 2));

  INVALID(ntk_builder_create(NULL));
  OK(ntk_builder_create(&builder));
  INVALID(ntk_builder_input(NULL, NTK_F64, 2, sizes, NULL, &v));
  INVALID(ntk_builder_input(builder, NTK_F64, 2, NULL, NULL, &v));
  INVALID(ntk_builder_input(builder, NTK_F64, 2, sizes, NULL, NULL));
  REFUSED(ntk_builder_input(builder, 0, 2, sizes, NULL, &v));
  REFUSED(ntk_builder_input(builder, 99, 2, sizes, NULL, &v));
  REFUSED(ntk_builder_input(builder, NTK_F64, 2, sizes, "\xff\xff", &v));
  OK(ntk_builder_input(builder, NTK_F64, 0, NULL, NULL, &v));
  INVALID(ntk_builder_constant(NULL, NULL, &v));
  INVALID(ntk_builder_constant(builder, NULL, &w));
  INVALID(ntk_builder_apply(NULL, "tanh", &v, 1, NULL, 0, NULL, 0, &w, 1, &count));
  INVALID(ntk_builder_apply(builder, NULL, &v, 1, NULL, 0, NULL, 0, &w, 1, &count));
  INVALID(ntk_builder_apply(builder, "tanh", NULL, 1, NULL, 0, NULL, 0, &w, 1, &count));
  INVALID(ntk_builder_apply(builder, "tanh", &v, 1, NULL, 5, NULL, 0, &w, 1, &count));
  INVALID(ntk_builder_apply(builder, "tanh", &v, 1, NULL, 0, NULL, 3, &w, 1, &count));
  REFUSED(ntk_builder_apply(builder, "tanh", &v, SIZE_MAX, NULL, 0, NULL, 0, &w, 1, &count));
  INVALID(ntk_builder_call(NULL, p, &v, 1, &w, 1, &count));
  INVALID(ntk_builder_call(builder, NULL, &v, 1, &w, 1, &count));
  INVALID(ntk_builder_call(builder, p, NULL, 3, &w, 1, &count));
  INVALID(ntk_builder_type(NULL, v, &type, &rank, sizes, 2));
  INVALID(ntk_builder_type(builder, 77, &type, &rank, sizes, 2));
  INVALID(ntk_builder_type(builder, -1, &type, &rank, sizes, 2));
  INVALID(ntk_builder_location(NULL, "f", 1));
  INVALID(ntk_builder_finish(NULL, &v, 1, NULL, 0, &v, 1, &out));
  INVALID(ntk_builder_finish(builder, NULL, 1, NULL, 0, &v, 1, &out));
  INVALID(ntk_builder_finish(builder, &v, 1, NULL, 1, &v, 1, &out));
  INVALID(ntk_builder_finish(builder, &v, 1, NULL, 0, NULL, 1, &out));
  INVALID(ntk_builder_finish(builder, &v, 1, NULL, 0, &v, 1, NULL));
  /* Lengths that no memory has. */
  REFUSED(ntk_program_parse(&out, AFFINE, SIZE_MAX));
  REFUSED(ntk_builder_apply(builder, "tanh", &v, 1, "", SIZE_MAX, NULL, 0, &w, 1, &count));
  OK(ntk_program_text(p, long_text, SIZE_MAX, &needed));
  OK(ntk_program_input_type(p, 0, &type, &rank, sizes, SIZE_MAX));
  /* NULL parameters of length 0 are none. */
  OK(ntk_builder_apply(builder, "tanh", &v, 1, NULL, 0, NULL, 0, &w, 1, &count));
  ntk_builder_free(builder);

  INVALID(ntk_program_jvp(NULL, p, active, 1));
  INVALID(ntk_program_jvp(&out, NULL, active, 1));
  INVALID(ntk_program_jvp(&out, p, NULL, 1));
  INVALID(ntk_program_jvp(&out, p, active, SIZE_MAX));
  INVALID(ntk_program_linearize(NULL, &linear, p, active, 1));
  INVALID(ntk_program_linearize(&out, NULL, p, active, 1));
  INVALID(ntk_program_linearize(&out, &linear, NULL, active, 1));
  INVALID(ntk_program_transpose(NULL, p, active, 1));
  INVALID(ntk_program_transpose(&out, NULL, active, 1));
  INVALID(ntk_program_vjp(NULL, &linear, p, active, 1));
  INVALID(ntk_program_vjp(&out, NULL, p, active, 1));
  INVALID(ntk_program_vjp(&out, &linear, NULL, active, 1));
  INVALID(ntk_program_jacobian(NULL, p, active, 1, 0));
  INVALID(ntk_program_jacobian(&out, NULL, active, 1, 0));
  INVALID(ntk_program_vmap(NULL, p, 2, axes, axes));
  INVALID(ntk_program_vmap(&out, NULL, 2, axes, axes));
  INVALID(ntk_program_vmap(&out, p, 2, NULL, axes));
  INVALID(ntk_program_vmap(&out, p, 2, axes, NULL));
  INVALID(ntk_program_simplify(NULL, p));
  INVALID(ntk_program_simplify(&out, NULL));
  INVALID(ntk_program_resize(NULL, p, 2, 0, 3));
  INVALID(ntk_program_resize(&out, NULL, 2, 0, 3));
  CHECK(out == NULL && linear == NULL);
  INVALID(ntk_cancellation_create(NULL));
  INVALID(ntk_program_peak_memory(NULL, &bytes));
  INVALID(ntk_program_peak_memory(p, NULL));
  INVALID(ntk_tangent_kernel_program(NULL, &out));
  INVALID(ntk_tangent_kernel_count(NULL, &count));
  INVALID(ntk_tangent_kernel_explain(NULL, text, 10, &needed));
  INVALID(ntk_kernel(NULL, NULL, NULL, NULL, 0, NULL, 0, NULL));
  INVALID(ntk_jvp(NULL, active, 1, NULL, 0, NULL, NULL, 0, NULL));
  INVALID(ntk_vjp(NULL, active, 1, NULL, 0, NULL, 0, NULL, 0, NULL));
  INVALID(ntk_jacobian(NULL, active, 1, 0, NULL, 0, NULL, 0, NULL));
  INVALID(ntk_set_threads(0));
  CHECK(ntk_get_threads() >= 1);
  ntk_program_free(p);
}

/* ---- Sizes that are too large ------------------------------------------------- */

/** A status, and if it is a program after all, one that frees. */
static void check_survives(const char *text) {
  ntk_program *program = NULL;
  uint64_t bytes = 0;
  ntk_status status = ntk_program_parse(&program, text, strlen(text));
  if (!CHECK(status != NTK_INTERNAL && (status == NTK_OK) == (program != NULL)))
    printf("    %s\n    %s\n", text, ntk_last_error());
  if (program) CHECK(ntk_program_peak_memory(program, &bytes) != NTK_INTERNAL);
  ntk_program_free(program);
}

static void check_refuses(const char *text) {
  ntk_program *program = NULL;
  ntk_status status = ntk_program_parse(&program, text, strlen(text));
  if (!CHECK(status != NTK_OK && status != NTK_INTERNAL && program == NULL))
    printf("    %s\n    %s\n", text, ntk_last_error());
  ntk_program_free(program);
}

#define MAX64 "9223372036854775807"
#define MIN64 "-9223372036854775808"

static void test_overflowing_sizes(void) {
  static const char *const refused[] = {
      "ntk 1\nprogram(%0: f64[" MAX64 ",2]) { return %0 }",
      "ntk 1\nprogram(%0: f64[" MAX64 "]) { return %0 }", /* its bytes overflow */
      "ntk 1\nprogram(%0: f64[4294967296,4294967296]) { return %0 }",
      "ntk 1\nprogram(%0: f64[9223372036854775808]) { return %0 }",
      "ntk 1\nprogram(%0: f64[99999999999999999999999999]) { return %0 }",
      "ntk 1\nprogram(%0: f64[-1]) { return %0 }",
      "ntk 1\nprogram(%0: f64[" MIN64 "]) { return %0 }",
      ("ntk 1\nprogram(%0: f64[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1])"
       " { return %0 }"),
      "ntk 99999999999999999999\nprogram() { return }",
      "ntk 1\nprogram(%99999999999999999999: f64[]) { return %99999999999999999999 }",
  };
  static const char *const equations[] = {
      "%9 = full[shape=[" MAX64 ", " MAX64 "], value=0.0, dtype=f64]()",
      "%9 = full[shape=[-1], value=0.0, dtype=f64]()",
      "%9 = iota[dtype=f64, shape=[" MAX64 "], dimension=0]()",
      "%9 = iota[dtype=f64, shape=[2], dimension=" MAX64 "]()",
      "%9 = iota[dtype=f64, shape=[2], dimension=" MIN64 "]()",
      "%9 = broadcast_in_dim[shape=[" MAX64 ", 3], broadcast_dimensions=[1]](%0)",
      "%9 = broadcast_in_dim[shape=[3], broadcast_dimensions=[" MAX64 "]](%0)",
      "%9 = broadcast_in_dim[shape=[3], broadcast_dimensions=[" MIN64 "]](%0)",
      "%9 = reshape[new_sizes=[" MAX64 ", " MAX64 "]](%0)",
      "%9 = reshape[new_sizes=[" MIN64 ", 0]](%0)",
      "%9 = transpose[permutation=[" MAX64 "]](%0)",
      "%9 = reduce_sum[axes=[" MIN64 "]](%0)",
      "%9 = slice[start_indices=[" MIN64 "], limit_indices=[" MAX64 "]](%0)",
      "%9 = slice[start_indices=[0], limit_indices=[3], strides=[" MIN64 "]](%0)",
      "%9 = pad[padding_config=[[" MAX64 ", " MAX64 ", " MAX64 "]]](%0, %1)",
      "%9 = pad[padding_config=[[" MIN64 ", " MIN64 ", 0]]](%0, %1)",
      "%9 = pad[padding_config=[[0, 0, " MAX64 "]]](%0, %1)",
      "%9 = concatenate[dimension=" MAX64 "](%0, %0)",
      "%9 = concatenate[dimension=0](%2, %2)",
      "%9 = dot_general[dimension_numbers=[[[" MAX64 "], [0]], [[], []]]](%0, %0)",
      "%9 = dot_general[dimension_numbers=[[[], []], [[], []]]](%2, %2)",
      "%9 = gather[offset_dims=[" MAX64 "], collapsed_slice_dims=[" MIN64 "], start_index_map=[0], "
      "slice_sizes=[" MAX64 "]](%0, %0)",
      "%9 = scan[jaxpr={program(%0: f64[]) { return %0 }}, length=" MAX64 ", num_consts=" MAX64
      ", num_carry=" MAX64 "](%0)",
      "%9 = scan[jaxpr={program(%0: f64[]) { return %0 }}, length=3, num_consts=" MIN64
      ", num_carry=0](%0)",
      /* ys of 2^63 bytes and more */
      "%9 = scan[jaxpr={program(%0: f64[3]) { return %0 }}, length=" MAX64
      ", num_consts=1, num_carry=0](%0)",
  };
  static const char *const survived[] = {
      "%9 = integer_pow[y=" MIN64 "](%0)",
      "%9 = integer_pow[y=" MAX64 "](%0)",
      "%9 = slice[start_indices=[0], limit_indices=[3], strides=[" MAX64 "]](%0)",
      "%9 = full[shape=[0, " MAX64 "], value=0.0, dtype=f64]()",
      "%9 = full[shape=[4611686018427387904], value=0.0, dtype=f64]()",
      "%9 = full[shape=[1152921504606846975], value=0.0, dtype=f64]()",
      "%9 = full[shape=[1], value=1e999, dtype=f64]()",
      "%9 = full[shape=[1], value=" MIN64 ", dtype=i64]()",
      "%9 = full[shape=[1], value=-1, dtype=u64]()",
      "%9 = scan[jaxpr={program(%0: f64[3]) { return %0 }}, length=" MAX64
      ", num_consts=0, num_carry=1](%0)",
  };
  size_t i;
  char text[1000];
  ntk_builder *builder = NULL;
  ntk_value v = 0;
  static const int64_t huge[2] = {INT64_MAX, INT64_MAX}, negative[2] = {3, -1}, one[1] = {1};
  static const int64_t large[1] = {(int64_t)1 << 50};
  for (i = 0; i < COUNT(refused); i++) check_refuses(refused[i]);
  for (i = 0; i < COUNT(equations) + COUNT(survived); i++) {
    snprintf(text, sizeof text,
             "ntk 1\nprogram(%%0: f64[3], %%1: f64[], %%2: f64[288230376151711744,2]) "
             "{ %s return %%9 }",
             i < COUNT(equations) ? equations[i] : survived[i - COUNT(equations)]);
    (i < COUNT(equations) ? check_refuses : check_survives)(text);
  }
  OK(ntk_builder_create(&builder));
  REFUSED(ntk_builder_input(builder, NTK_F64, 2, huge, NULL, &v));
  REFUSED(ntk_builder_input(builder, NTK_F64, 2, negative, NULL, &v));
  REFUSED(ntk_builder_input(builder, NTK_F64, NTK_MAX_RANK + 1, huge, NULL, &v));
  REFUSED(ntk_builder_input(builder, NTK_F64, SIZE_MAX, one, NULL, &v));
  REFUSED(ntk_builder_input(builder, NTK_F64, (size_t)INT64_MAX + 1, one, NULL, &v));
  OK(ntk_builder_input(builder, NTK_F64, 1, large, NULL, &v));
  ntk_builder_free(builder);
}

/* An intermediate of 2^50 bytes: refused, with its size, and nothing is written. */
static void test_gigantic_intermediate(void) {
  ntk_program *program = parse(
      "ntk 1\nprogram(%0: f32[]) {\n"
      "%1 = broadcast_in_dim[shape=[16777216], broadcast_dimensions=[]](%0)\n"
      "%2 = dot_general[dimension_numbers=[[[], []], [[], []]]](%1, %1)\n"
      "%3 = tanh(%2)\n"
      "%4 = transpose[permutation=[1, 0]](%3)\n"
      "%5 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%3, %4)\n"
      "%6 = reduce_max[axes=[0, 1]](%5)\n"
      "return %6 }");
  float x = 1, y = 5;
  uint64_t bytes = 0;
  size_t active[1] = {0};
  ntk_buffer in = buffer(&x, NTK_F32, 0, NULL, NULL), out = buffer(&y, NTK_F32, 0, NULL, NULL);
  ntk_buffer outs[2];
  OK(ntk_program_peak_memory(program, &bytes));
  CHECK(bytes >= (uint64_t)1 << 50);
  STATUS(NTK_OUT_OF_MEMORY, ntk_evaluate(program, &in, 1, &out, 1, NULL));
  CHECK(y == 5 && ntk_last_error()[0] != 0);
  outs[0] = outs[1] = out;
  outs[1].data = &x;
  in.data = &bytes;
  STATUS(NTK_OUT_OF_MEMORY, ntk_vjp(program, active, 1, &in, 1, &in, 1, outs, 2, NULL));
  CHECK(y == 5 && x == 1);
  ntk_program_free(program);
}

static void test_memory_limit(void) {
  ntk_program *program = parse(
      "ntk 1\nprogram(%0: f64[100,100]) {\n"
      "%1 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%0, %0)\n"
      "%2 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%1, %0)\n"
      "%3 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%2, %1)\n"
      "%4 = reduce_sum[axes=[0, 1]](%3) return %4 }");
  ntk_run_options options = NTK_RUN_OPTIONS_INIT;
  tensor in[1];
  ntk_buffer b[1], out;
  double y = 1e300;
  uint64_t bytes = 0;
  make_inputs(program, in);
  views(b, in, 1);
  out = buffer(&y, NTK_F64, 0, NULL, NULL);
  OK(ntk_program_peak_memory(program, &bytes));
  CHECK(bytes >= 160000 && bytes <= 4 * 160000);
  options.memory_limit = bytes - 1;
  STATUS(NTK_OUT_OF_MEMORY, ntk_evaluate(program, b, 1, &out, 1, &options));
  CHECK(y == 1e300);
  options.memory_limit = 1;
  STATUS(NTK_OUT_OF_MEMORY, ntk_evaluate(program, b, 1, &out, 1, &options));
  CHECK(y == 1e300);
  options.memory_limit = bytes;
  OK(ntk_evaluate(program, b, 1, &out, 1, &options));
  CHECK(y != 1e300);
  options.memory_limit = UINT64_MAX;
  OK(ntk_evaluate(program, b, 1, &out, 1, &options));
  free_all(in, 1);
  ntk_program_free(program);
}

/* ---- Any bytes --------------------------------------------------------------------- */

/** Law: any bytes are a status; a program that comes of them prints and parses back. */
static void check_bytes(const char *bytes, size_t length) {
  ntk_program *program = NULL;
  ntk_status status = ntk_program_parse(&program, bytes, length);
  size_t line = 0, column = 0, lines = 1, i;
  CHECK((status == NTK_OK) == (program != NULL));
  if (!CHECK(status != NTK_INTERNAL))
    printf("    %s\n    %.*s\n", ntk_last_error(), (int)length, bytes);
  ntk_last_error_position(&line, &column);
  for (i = 0; i < length; i++) lines += bytes[i] == '\n';
  if (status == NTK_SYNTAX)
    CHECK(line >= 1 && column >= 1 && line <= lines && column <= length + 1);
  if (program) check_round_trip(program);
  ntk_program_free(program);
}

static void test_any_bytes(void) {
  static const char *const pieces[] = {
      "%", "%0", "%99", "[", "]", "{", "}", "(", ")", ",", "\"", "@", "$0", "=", ":", "#", "\n",
      "-1", MAX64, MIN64, "1e999", "nan", "none", "true", "f32", "bool[2]", "program", "return",
      "captured", "scan", "add", "{program() { return }}", "\xff", "\xc3", "\xe2\x82\xac", "0x10",
      "1.", ".5", "1e", "--1", "[[[[", "data @a f32[1] \"AACAPw==\"\n", "ntk 1\n",
  };
  char *bytes = (char *)malloc(20000);
  size_t round, i, length, source;
  for (round = 0; round < 1500; round++) {
    for (source = 0; program_text(source) != NULL; source++) {}
    strcpy(bytes, program_text(random_bits() % source));
    length = strlen(bytes);
    for (i = 0; i <= round % 5; i++) {
      size_t at = random_bits() % (length + 1), cut;
      const char *piece = pieces[random_bits() % COUNT(pieces)];
      switch (random_bits() % 5) {
        case 0: /* another byte */
          if (at < length) bytes[at] = (char)random_bits();
          break;
        case 1: /* a piece put in */
          memmove(bytes + at + strlen(piece), bytes + at, length - at);
          memcpy(bytes + at, piece, strlen(piece));
          length += strlen(piece);
          break;
        case 2: /* bytes taken out */
          cut = random_bits() % 12;
          if (cut > length - at) cut = length - at;
          memmove(bytes + at, bytes + at + cut, length - at - cut);
          length -= cut;
          break;
        case 3: /* another digit, where there is one */
          for (; at < length; at++)
            if (bytes[at] >= '0' && bytes[at] <= '9') {
              bytes[at] = (char)('0' + random_bits() % 10);
              break;
            }
          break;
        default: /* the end cut off */
          if (round % 7 == 0) length = at;
      }
    }
    check_bytes(bytes, length);
  }
  for (round = 0; round < 500; round++) {
    length = random_bits() % 300;
    for (i = 0; i < length; i++) bytes[i] = (char)random_bits();
    if (round % 2) memcpy(bytes, "ntk 1\nprogram(", 14);
    check_bytes(bytes, length);
  }
  free(bytes);
}

/* Nested deeper than any stack. */
static void test_deep_nesting(void) {
  static const char *const parts[][3] = {
      {"ntk 1\nprogram(%0: f32[2]) { %1 = reduce_sum[axes=", "[", "]](%0) return %1 }"},
      {"ntk 1\nprogram(%0: f32[2]) { %1 = reduce_sum[axes=", "(", ")](%0) return %1 }"},
      {"ntk 1\nprogram(%0: f32[2]) { ", "%1 = scan[jaxpr={program(%0: f32[2]) { ", "return %0 }"},
      {"ntk 1\nprogram", "(", ") { return }"},
      {"ntk 1\nprogram() ", "{", "}"},
      {"ntk 1", "\n", "program() { return }"},
      {"ntk 1\nprogram(%0: f32[]) { return %0", ", %0", " }"},
      {"ntk 1\n", "#", "\nprogram() { return }"},
      {"ntk 1\nprogram() { return }", " ", ""},
      {"ntk 1\nprogram(%0: f32[1", ",1", "]) { return %0 }"},
      {"ntk 1\nprogram(%0: f32[", "9", "]) { return %0 }"},
  };
  size_t i, k;
  for (i = 0; i < COUNT(parts); i++) {
    size_t count = 200000, piece = strlen(parts[i][1]), length = 0;
    char *text = (char *)malloc(strlen(parts[i][0]) + count * piece + strlen(parts[i][2]) + 1);
    ntk_program *program = NULL;
    ntk_status status;
    memcpy(text, parts[i][0], length = strlen(parts[i][0]));
    for (k = 0; k < count; k++, length += piece) memcpy(text + length, parts[i][1], piece);
    strcpy(text + length, parts[i][2]);
    status = ntk_program_parse(&program, text, strlen(text));
    if (!CHECK((status == NTK_OK) == (program != NULL) && status != NTK_INTERNAL &&
               (status == NTK_OK || i < 5 || i > 8)))
      printf("    %s%s...: %s: %.200s\n", parts[i][0], parts[i][1], ntk_status_name(status),
             ntk_last_error());
    ntk_program_free(program);
    free(text);
  }
}

/* A chain of 100,000 equations parses, transforms, runs and frees. */
static void test_long_chain(void) {
  size_t count = 100000, i, active[1] = {0}, length;
  char *text = (char *)malloc(count * 40 + 200), *at = text;
  ntk_program *program = NULL, *jvp = NULL, *simple = NULL;
  double x[3] = {0.1, -0.2, 0.3}, y[3], dx[3] = {1, 2, 3}, dy[3], xbar[3], expected[3];
  int64_t sizes[1] = {3};
  ntk_buffer in = buffer(x, NTK_F64, 1, sizes, NULL), out[2], tangent;
  at += sprintf(at, "ntk 1\nprogram(%%0: f64[3]) {\n");
  for (i = 0; i < count; i++)
    at += i % 2 ? sprintf(at, "%%%lu = neg(%%%lu)\n", (unsigned long)i + 1, (unsigned long)i)
                : sprintf(at, "%%%lu = add(%%%lu, %%0)\n", (unsigned long)i + 1, (unsigned long)i);
  at += sprintf(at, "return %%%lu }", (unsigned long)count);
  length = (size_t)(at - text);
  /* y <- -(y + x), 50,000 times, from x: x. */
  OK(ntk_program_parse(&program, text, length));
  free(text);
  out[0] = buffer(y, NTK_F64, 1, sizes, NULL);
  out[1] = buffer(dy, NTK_F64, 1, sizes, NULL);
  tangent = buffer(dx, NTK_F64, 1, sizes, NULL);
  for (i = 0; i < 3; i++) expected[i] = x[i];
  for (i = 0; i < count / 2; i++) {
    expected[0] = -(expected[0] + x[0]);
    expected[1] = -(expected[1] + x[1]);
    expected[2] = -(expected[2] + x[2]);
  }
  OK(ntk_evaluate(program, &in, 1, out, 1, NULL));
  CHECK(close_to(y, expected, 3));
  OK(ntk_jvp(program, active, 1, &in, 1, &tangent, out, 2, NULL));
  CHECK(close_to(dy, dx, 3));
  out[1].data = xbar;
  OK(ntk_vjp(program, active, 1, &in, 1, &tangent, 1, out, 2, NULL));
  CHECK(close_to(xbar, dx, 3));
  OK(ntk_program_jvp(&jvp, program, active, 1));
  OK(ntk_program_simplify(&simple, program));
  ntk_program_free(jvp);
  ntk_program_free(simple);
  ntk_program_free(program);
}

/* ---- Threads and processes ------------------------------------------------------- */

/* Products, reductions, elementwise chains, large enough to be split. */
static const char *const LARGE =
    "ntk 1\nprogram(%0: f32[300,400], %1: f32[400,500], %2: f32[100000]) {\n"
    "%3 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%0, %1)\n"
    "%4 = tanh(%3) %5 = mul(%4, %3)\n"
    "%6 = reduce_sum[axes=[0]](%5) %7 = reduce_sum[axes=[0, 1]](%5)\n"
    "%8 = exp(%2) %9 = reduce_sum[axes=[0]](%8) %10 = reduce_max[axes=[1]](%3)\n"
    "return %3, %5, %6, %7, %8, %9, %10 }";

typedef struct job {
  const ntk_program *program;
  const tensor *in, *expected;
  size_t in_count, out_count;
  int rounds, differences, failures;
} job;

static void *run_job(void *context) {
  job *j = (job *)context;
  size_t i;
  int round;
  for (round = 0; round < j->rounds; round++) {
    tensor out[MANY];
    ntk_buffer b[MANY], o[MANY];
    for (i = 0; i < j->out_count; i++)
      out[i] = tensor_make(j->expected[i].type, j->expected[i].rank, j->expected[i].sizes);
    views(b, j->in, j->in_count);
    views(o, out, j->out_count);
    j->failures += ntk_evaluate(j->program, b, j->in_count, o, j->out_count, NULL) != NTK_OK;
    for (i = 0; i < j->out_count; i++) j->differences += !same_bits(out[i], j->expected[i]);
    free_all(out, j->out_count);
  }
  return NULL;
}

static void prepare(job *j, const char *text, tensor *in, tensor *out) {
  memset(j, 0, sizeof *j);
  j->program = parse(text);
  j->in_count = make_inputs(j->program, in);
  j->in = in;
  j->out_count = evaluate(j->program, in, j->in_count, out);
  j->expected = out;
  j->rounds = 10;
}

static void test_any_thread_count(void) {
  static const size_t counts[] = {1, 2, 3, 2, 1};
  const char *texts[3];
  size_t i, t;
  texts[0] = LARGE;
  texts[1] = RECURRENT;
  texts[2] = AFFINE;
  for (t = 0; t < COUNT(texts); t++) {
    tensor in[MANY], out[MANY];
    job j;
    OK(ntk_set_threads(1));
    prepare(&j, texts[t], in, out);
    j.rounds = 3;
    for (i = 0; i < COUNT(counts); i++) {
      OK(ntk_set_threads(counts[i]));
      CHECK(ntk_get_threads() == counts[i]);
      run_job(&j);
    }
    CHECK(j.failures == 0 && j.differences == 0);
    free_all(in, j.in_count);
    free_all(out, j.out_count);
    ntk_program_free((ntk_program *)j.program);
  }
  /* Absurd counts: a status. */
  if (ntk_set_threads(SIZE_MAX) != NTK_OK) CHECK(ntk_last_error()[0] != 0);
  CHECK(ntk_get_threads() >= 1);
  OK(ntk_set_threads(2));
}

static void test_concurrent_runs(void) {
  pthread_t threads[4];
  job jobs[4], first;
  tensor in[MANY], out[MANY];
  size_t i;
  prepare(&first, LARGE, in, out);
  for (i = 0; i < 4; i++) jobs[i] = first;
  for (i = 0; i < 4; i++) pthread_create(&threads[i], NULL, run_job, &jobs[i]);
  ntk_clear_cache();
  for (i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  for (i = 0; i < 4; i++) CHECK(jobs[i].failures == 0 && jobs[i].differences == 0);
  free_all(in, first.in_count);
  free_all(out, first.out_count);
  ntk_program_free((ntk_program *)first.program);
}

static void test_fork(void) {
  tensor in[MANY], out[MANY];
  job j;
  int generation, status = 0;
  pid_t child;
  OK(ntk_set_threads(2));
  prepare(&j, LARGE, in, out);
  run_job(&j);
  child = fork();
  if (child == 0) {
    alarm(30);
    for (generation = 0; generation < 2; generation++) {
      pid_t grandchild;
      run_job(&j);
      if (j.failures || j.differences) _exit(1);
      grandchild = generation == 0 ? fork() : 1;
      if (grandchild > 0 && generation == 0) {
        waitpid(grandchild, &status, 0);
        _exit(status != 0);
      }
    }
    _exit(0);
  }
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  run_job(&j); /* and the parent goes on */
  CHECK(j.failures == 0 && j.differences == 0);
  free_all(in, j.in_count);
  free_all(out, j.out_count);
  ntk_program_free((ntk_program *)j.program);
}

static long resident_kilobytes(void) {
  long pages = 0, ignored = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL) return 0;
  if (fscanf(file, "%ld %ld", &ignored, &pages) != 2) pages = 0;
  fclose(file);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Neither calls that succeed nor calls that fail leave memory behind. */
static void test_no_leak(void) {
  static const size_t parameters[2] = {0, 1};
  ntk_kernel_options options = NTK_KERNEL_OPTIONS_INIT;
  int64_t sizes[4] = {4, 4, 2, 2};
  double theta[64];
  long before = 0;
  int i;
  ntk_buffer result = buffer(theta, NTK_F64, 4, sizes, NULL);
  options.parameters = parameters;
  options.parameter_count = 2;
  for (i = 0; i < 2200; i++) {
    ntk_program *program = NULL, *jvp = NULL, *failed = NULL;
    tensor in[3];
    ntk_buffer b[3];
    if (i == 200) before = resident_kilobytes();
    ntk_program_parse(&program, AFFINE, strlen(AFFINE));
    ntk_program_parse(&failed, AFFINE, 100 + (size_t)i % 100);
    ntk_program_free(failed);
    ntk_program_jvp(&jvp, program, parameters, 2);
    make_inputs(program, in);
    views(b, in, 3);
    if (ntk_kernel(program, NULL, &options, b, 3, &result, 1, NULL) != NTK_OK) break;
    free_all(in, 3);
    ntk_program_free(jvp);
    ntk_program_free(program);
  }
  CHECK(i == 2200);
  CHECK(resident_kilobytes() - before < 4000);
}

/* ---- Running the cases ------------------------------------------------------------ */

#define CASE(name) {#name, test_##name}
static const struct {
  const char *name;
  void (*run)(void);
} CASES[] = {
    CASE(version),
    CASE(build_info),
    CASE(round_trip),
    CASE(equality_ignores_names_and_lines),
    CASE(queries),
    CASE(built_equals_parsed),
    CASE(builder_types_and_constants),
    CASE(builder_functions),
    CASE(builder_bodies_and_calls),
    CASE(builder_refusals),
    CASE(evaluate),
    CASE(strides),
    CASE(trivial_programs),
    CASE(element_types),
    CASE(refused_runs),
    CASE(index_out_of_range),
    CASE(derivatives_by_hand),
    CASE(derivatives),
    CASE(transform_conventions),
    CASE(transpose),
    CASE(vmap),
    CASE(resize),
    CASE(simplify),
    CASE(kernels),
    CASE(kernel_refusals),
    CASE(kernel_of_scan),
    CASE(cancellation),
    CASE(progress),
    CASE(poll),
    CASE(syntax_errors),
    CASE(malformed_equations),
    CASE(messages_are_per_thread),
    CASE(nulls),
    CASE(overflowing_sizes),
    CASE(gigantic_intermediate),
    CASE(memory_limit),
    CASE(any_bytes),
    CASE(deep_nesting),
    CASE(long_chain),
    CASE(any_thread_count),
    CASE(concurrent_runs),
    CASE(fork),
    CASE(no_leak),
};

static void run_case(size_t index) {
  long failed = tally.failed;
  alarm(60);
  CASES[index].run();
  if (tally.failed != failed)
    printf("%s: %ld failed\n", CASES[index].name, tally.failed - failed);
}

/** Run a case in a process of its own. */
static void run_apart(size_t index) {
  int channel[2], status = 0;
  long counts[2] = {0, 0};
  pid_t child;
  fflush(stdout);
  if (pipe(channel) != 0 || (child = fork()) < 0) {
    perror("test_abi");
    exit(2);
  }
  if (child == 0) {
    close(channel[0]);
    tally.passed = tally.failed = 0;
    run_case(index);
    fflush(stdout);
    counts[0] = tally.passed;
    counts[1] = tally.failed;
    _exit(write(channel[1], counts, sizeof counts) != (ssize_t)sizeof counts);
  }
  close(channel[1]);
  if (read(channel[0], counts, sizeof counts) != (ssize_t)sizeof counts) counts[0] = counts[1] = 0;
  close(channel[0]);
  waitpid(child, &status, 0);
  tally.passed += counts[0];
  tally.failed += counts[1];
  if (status != 0) {
    tally.failed++;
    if (WIFSIGNALED(status))
      printf("%s: killed by signal %d\n", CASES[index].name, WTERMSIG(status));
    else
      printf("%s: exited with %d\n", CASES[index].name, WEXITSTATUS(status));
  }
}

int main(int argc, char **argv) {
  size_t i;
  int a, known;
  for (i = 0; i < COUNT(CASES) && argc < 2; i++) run_apart(i);
  for (a = 1; a < argc; a++) {
    known = 0;
    for (i = 0; i < COUNT(CASES); i++)
      if (strcmp(argv[a], CASES[i].name) == 0) {
        known = 1;
        run_case(i);
      }
    if (!known) {
      fprintf(stderr, "test_abi: no case %s\n", argv[a]);
      return 2;
    }
  }
  printf("%ld passed, %ld failed\n", tally.passed, tally.failed);
  return tally.failed != 0;
}
