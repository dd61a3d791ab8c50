/* Elementwise, copying and reducing loops over plain memory.
 *
 * Every loop is written once and compiled for several instruction sets; the best one that this
 * machine has is chosen at first use. All functions may be called from any thread at any time,
 * allocate nothing and never fail. Memory belongs to the caller, is aligned to its element type,
 * and an output is disjoint from each input or (elementwise loops) begins at the same address and
 * has the same item size. An element's result depends on the values of its operands only, never on
 * its position, so that a caller may cut arrays into blocks as it likes.
 */
#ifndef NTK_VECTOR_LOOPS_H
#define NTK_VECTOR_LOOPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop_lists.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Types of elements, numbered as ntk_element_type in ntk.h. */
typedef enum ntk_loop_type {
  NTK_LOOP_F32 = 1,
  NTK_LOOP_F64 = 2,
  NTK_LOOP_I32 = 3,
  NTK_LOOP_I64 = 4,
  NTK_LOOP_U8 = 5,
  NTK_LOOP_U32 = 6,
  NTK_LOOP_U64 = 7,
  NTK_LOOP_BOOL = 8 /* one byte, 0 or 1 */
} ntk_loop_type;

#define NTK_LOOP_TYPE_COUNT 9 /* 0 is no type */

/** Bytes of an element; 0 for a number that is no type. */
size_t ntk_loop_item_size(ntk_loop_type type);

/* ---- Elementwise ------------------------------------------------------ */

#define NTK_ENUMERATOR(NAME, ...) NTK_LOOP_##NAME,

/** NTK_LOOP_NEG, NTK_LOOP_EXP, ...: see loop_lists.h. */
typedef enum ntk_unary_operation {
  NTK_UNARY_LOOPS(NTK_ENUMERATOR) NTK_UNARY_COUNT
} ntk_unary_operation;

/** NTK_LOOP_ADD, NTK_LOOP_LT, ...: see loop_lists.h. */
typedef enum ntk_binary_operation {
  NTK_BINARY_LOOPS(NTK_ENUMERATOR) NTK_BINARY_COUNT
} ntk_binary_operation;

#undef NTK_ENUMERATOR
#define NTK_ENUMERATOR(NAME, ...) NTK_LOOP_REDUCE_##NAME,

/** NTK_LOOP_REDUCE_SUM, ...: see loop_lists.h. */
typedef enum ntk_reduction {
  NTK_REDUCTIONS(NTK_ENUMERATOR) NTK_REDUCTION_COUNT
} ntk_reduction;

#undef NTK_ENUMERATOR

/** out[i] = f(a[i]) for count elements. */
typedef void (*ntk_unary_loop)(void *out, const void *a, size_t count);

/** out[i] = f(a[i], b[i]) for count elements. */
typedef void (*ntk_binary_loop)(void *out, const void *a, const void *b, size_t count);

/** out[i] = which[i] ? on_true[i] : on_false[i]; which is bool. */
typedef void (*ntk_select_loop)(void *out, const void *which, const void *on_false,
                                const void *on_true, size_t count);

/** out[i] = a[i]**exponent by repeated squaring, as jax.lax.integer_pow; a negative exponent gives
 *  1 / a[i]**|exponent| (integers: truncated, 0 where a[i] is 0). */
typedef void (*ntk_power_loop)(void *out, const void *a, int64_t exponent, size_t count);

/** out[i] = start + step * i for count elements, wrapping for integers. */
typedef void (*ntk_iota_loop)(void *out, int64_t start, int64_t step, size_t count);

/** The Threefry-2x32 block function, 20 rounds, of count blocks: key (k0[i], k1[i]), counter
 *  (x0[i], x1[i]). Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011. Outputs
 *  are disjoint from inputs. */
typedef void (*ntk_threefry_loop)(uint32_t *out0, uint32_t *out1, const uint32_t *k0,
                                  const uint32_t *k1, const uint32_t *x0, const uint32_t *x1,
                                  size_t count);

/** Reduce the middle axis of a: [outer, reduce, row] to out: [outer, row], in columns [0, inner) of
 *  the row; inner <= row. A caller that splits the work adds its offset to both pointers. Nothing
 *  to reduce gives the identity: 0, 1, or for max the type's least value (floats: -inf), for min
 *  its greatest. max and min of a NaN are NaN. Sums of f32 are taken in double, sums of f64 so that
 *  the error grows as log(reduce) at most; the order depends on the sizes only. */
typedef void (*ntk_reduction_loop)(void *out, const void *a, size_t outer, size_t reduce,
                                   size_t inner, size_t row);

/** Of batch index i: out[i] (+)= a[i] b[i] for matrices [rows, inner] and [inner, columns], with
 *  strides in elements for each axis. For small products and integers, which wrap around. The
 *  order of the sum depends on the sizes only. */
typedef struct ntk_product {
  size_t rows, columns, inner, batch;
  ptrdiff_t a_row, a_inner, a_batch;
  ptrdiff_t b_inner, b_column, b_batch;
  ptrdiff_t out_row, out_batch; /* out's columns are adjacent */
  bool accumulates;             /* add to what out holds */
} ntk_product;

typedef void (*ntk_product_loop)(void *out, const void *a, const void *b,
                                 const ntk_product *product);

/** Everything compiled for one instruction set. */
typedef struct ntk_loop_table ntk_loop_table;

/** The table in use. */
const ntk_loop_table *ntk_loops(void);

/** The table for level 0 (baseline), 1 (x86-64-v3: AVX2, FMA) or 2 (x86-64-v4: AVX-512); NULL
 *  where it was not built or this machine cannot run it. For tests and benchmarks. */
const ntk_loop_table *ntk_loops_for(int level);

/** "baseline", "x86-64-v3" or "x86-64-v4". Static storage. */
const char *ntk_loops_instruction_set(const ntk_loop_table *loops);

/** The operation's name as in program text, from static storage; NULL for a number that is none. */
const char *ntk_unary_operation_name(ntk_unary_operation operation);
const char *ntk_binary_operation_name(ntk_binary_operation operation);

/* Loops of the table in use. NULL: the operation does not have that type. */

ntk_unary_loop ntk_find_unary_loop(ntk_unary_operation operation, ntk_loop_type type);
ntk_binary_loop ntk_find_binary_loop(ntk_binary_operation operation, ntk_loop_type type);
ntk_select_loop ntk_find_select_loop(ntk_loop_type type);
ntk_power_loop ntk_find_integer_pow_loop(ntk_loop_type type);
ntk_unary_loop ntk_find_convert_loop(ntk_loop_type out_type, ntk_loop_type type);
ntk_iota_loop ntk_find_iota_loop(ntk_loop_type type);
ntk_reduction_loop ntk_find_reduction_loop(ntk_reduction operation, ntk_loop_type type);
ntk_product_loop ntk_find_product_loop(ntk_loop_type type);
ntk_threefry_loop ntk_find_threefry_loop(void);

/* The same of a given table. */

ntk_unary_loop ntk_table_unary_loop(const ntk_loop_table *loops, ntk_unary_operation operation,
                                    ntk_loop_type type);
ntk_binary_loop ntk_table_binary_loop(const ntk_loop_table *loops, ntk_binary_operation operation,
                                      ntk_loop_type type);
ntk_select_loop ntk_table_select_loop(const ntk_loop_table *loops, ntk_loop_type type);
ntk_power_loop ntk_table_integer_pow_loop(const ntk_loop_table *loops, ntk_loop_type type);
ntk_unary_loop ntk_table_convert_loop(const ntk_loop_table *loops, ntk_loop_type out_type,
                                      ntk_loop_type type);
ntk_iota_loop ntk_table_iota_loop(const ntk_loop_table *loops, ntk_loop_type type);
ntk_reduction_loop ntk_table_reduction_loop(const ntk_loop_table *loops, ntk_reduction operation,
                                            ntk_loop_type type);
ntk_product_loop ntk_table_product_loop(const ntk_loop_table *loops, ntk_loop_type type);
ntk_threefry_loop ntk_table_threefry_loop(const ntk_loop_table *loops);

/* ---- Copies ----------------------------------------------------------- */

/* Item sizes are 1, 2, 4, 8 or 16. Strides are in bytes, may be negative or 0, and belong to the
 * axes of sizes; rank is at most NTK_COPY_MAX_RANK. Where a size is 0 nothing is touched. */

#define NTK_COPY_MAX_RANK 64

/** Copy an array between two layouts. out's items must not overlap one another or in's. */
void ntk_copy(void *out, const ptrdiff_t *out_strides, const void *in, const ptrdiff_t *in_strides,
              const ptrdiff_t *sizes, int rank, size_t item_size);

/** Copy items [begin, begin + count) of the row-major order of a strided array to consecutive
 *  memory. The range must lie within the array. */
void ntk_gather_block(void *out, const void *in, const ptrdiff_t *in_strides,
                      const ptrdiff_t *sizes, int rank, size_t begin, size_t count,
                      size_t item_size);

/** Repeat one item count times. */
void ntk_fill(void *out, const void *item, size_t item_size, size_t count);

#ifdef __cplusplus
}
#endif

#endif
