/* Packing of virtual matrices: the same for every instruction set. */
#include "window_loops.h"

#include <stdint.h>
#include <string.h>

/* A run of columns that is inside on all axes: elements [0, begin) and [end, length) are 0. */
#define COPY_RUN(T)                                                                             \
  static inline void copy_run_##T(T *out, const T *in, ptrdiff_t step, ptrdiff_t begin,         \
                                  ptrdiff_t end, ptrdiff_t length) {                            \
    if (begin > 0) memset(out, 0, (size_t)begin * sizeof(T));                                   \
    if (step == 1) {                                                                            \
      if (end - begin >= 32)                                                                    \
        memcpy(out + begin, in + begin, (size_t)(end - begin) * sizeof(T));                     \
      else                                                                                      \
        for (ptrdiff_t i = begin; i < end; i++) out[i] = in[i];                                 \
    } else {                                                                                    \
      for (ptrdiff_t i = begin; i < end; i++) out[i] = in[i * step];                            \
    }                                                                                           \
    if (end < length) memset(out + end, 0, (size_t)(length - end) * sizeof(T));                 \
  }

static inline ptrdiff_t ceiling(ptrdiff_t x, ptrdiff_t divisor) {
  return x <= 0 ? 0 : divisor == 1 ? x : (x - 1) / divisor + 1;
}

#define PACK(T)                                                                                 \
  COPY_RUN(T)                                                                                   \
  static void pack_##T(T *out, size_t leading, const T *in, const ntk_window_matrix *m) {       \
    size_t axes = m->axes;                                                                      \
    for (size_t line = 0; line < m->lines; line++, out += leading) {                            \
      const ptrdiff_t *at = m->line_coordinates + line * axes;                                  \
      const T *from = in + m->line_offsets[line];                                               \
      T *to = out;                                                                              \
      for (size_t run = 0; run < m->runs; to += m->run_lengths[run], run++) {                   \
        ptrdiff_t length = m->run_lengths[run], start = m->run_starts[run];                     \
        const ptrdiff_t *by = m->run_coordinates + run * axes;                                  \
        ptrdiff_t begin = 0, end = length;                                                      \
        for (size_t axis = 0; axis < axes; axis++) {                                            \
          ptrdiff_t x = at[axis] + by[axis];                                                    \
          if ((ptrdiff_t)axis == m->run_axis) {                                                 \
            ptrdiff_t low = ceiling(-x, m->run_coordinate) * m->run_unit - start;               \
            ptrdiff_t high = ceiling(m->limits[axis] - x, m->run_coordinate) * m->run_unit -    \
                             start;                                                             \
            if (low > begin) begin = low;                                                       \
            if (high < end) end = high;                                                         \
          } else if (x < 0 || x >= m->limits[axis]) {                                           \
            end = 0;                                                                            \
          }                                                                                     \
        }                                                                                       \
        if (begin >= end) {                                                                     \
          memset(to, 0, (size_t)length * sizeof(T));                                            \
          continue;                                                                             \
        }                                                                                       \
        copy_run_##T(to, from + m->run_offsets[run] + start * m->step, m->step, begin, end,     \
                     length);                                                                   \
      }                                                                                         \
    }                                                                                           \
  }

PACK(uint8_t)
PACK(uint32_t)
PACK(uint64_t)

void ntk_pack_windows(void *out, size_t leading, const void *in, const ntk_window_matrix *matrix,
                      size_t item_size) {
  if (item_size == 1) pack_uint8_t(out, leading, in, matrix);
  if (item_size == 4) pack_uint32_t(out, leading, in, matrix);
  if (item_size == 8) pack_uint64_t(out, leading, in, matrix);
}
