/* Loops over windows: of convolutions and of reductions over windows.
 *
 * Offsets and steps are in elements. As in vector_loops.h: any thread, no allocation, no failure,
 * the caller's memory.
 */
#ifndef NTK_WINDOW_LOOPS_H
#define NTK_WINDOW_LOOPS_H

#include "vector_loops.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A virtual matrix whose element at (line, column) is in[line offset + column offset], or 0 where
 *  on some axis the sum of both coordinates is not in [0, limit).
 *
 *  Columns come in runs: `run_lengths[r]` columns, the first of which is number `run_starts[r]` of
 *  a row of elements that stand `step` apart. Along a row the coordinate of `run_axis` (-1: none)
 *  grows by `run_coordinate` every `run_unit` elements; `run_axis` is not among the other axes. */
typedef struct ntk_window_matrix {
  size_t lines, runs;
  size_t axes; /* whose coordinates must be checked; those of item i begin at i * axes */
  const ptrdiff_t *limits;
  const ptrdiff_t *line_offsets, *line_coordinates;
  const ptrdiff_t *run_offsets, *run_coordinates;
  const ptrdiff_t *run_starts, *run_lengths;
  ptrdiff_t run_axis, run_coordinate, run_unit, step;
} ntk_window_matrix;

/** Write the matrix row-major, lines `leading` elements apart. Item sizes are 1, 4 and 8. */
void ntk_pack_windows(void *out, size_t leading, const void *in, const ntk_window_matrix *matrix,
                      size_t item_size);

/** out[i] (+)= sum over terms t of a[a_offsets[t] + i * a_step] * b[b_offsets[t] + i * b_step], for
 *  count elements that stand next to one another in out. The order of the sum depends on the number
 *  of terms only. f32 and f64. */
typedef void (*ntk_window_product_loop)(void *out, const void *a, const void *b,
                                        const ptrdiff_t *a_offsets, const ptrdiff_t *b_offsets,
                                        ptrdiff_t a_step, ptrdiff_t b_step, size_t terms,
                                        size_t count, bool accumulates);

/** out[i] += factor[0] * in[i * step]. f32 and f64. */
typedef void (*ntk_window_add_loop)(void *out, const void *in, const void *factor, ptrdiff_t step,
                                    size_t count);

/** Unless best[i] is at least (sign > 0) or at most x[i * step], or where which[i] is negative,
 *  x[i * step] becomes best[i] and `number` becomes which[i]. Nothing compares with a NaN: it takes
 *  the place of what was best, and the next takes its place. f32 and f64. */
typedef void (*ntk_window_choose_loop)(void *best, int32_t *which, const void *x, ptrdiff_t step,
                                       int32_t number, int sign, size_t count);

ntk_window_product_loop ntk_find_window_product_loop(ntk_loop_type type);
ntk_window_add_loop ntk_find_window_add_loop(ntk_loop_type type);
ntk_window_choose_loop ntk_find_window_choose_loop(ntk_loop_type type);

#ifdef __cplusplus
}
#endif

#endif
