/* Copies between strided layouts. */
#include <string.h>

#include "vector_loops.h"

typedef struct axis {
  ptrdiff_t size, out, in;
} axis;

typedef uint8_t __attribute__((may_alias)) item_1;
typedef uint16_t __attribute__((may_alias)) item_2;
typedef uint32_t __attribute__((may_alias)) item_4;
typedef uint64_t __attribute__((may_alias)) item_8;
typedef struct __attribute__((may_alias)) item_16 {
  uint64_t low, high;
} item_16;

/* Run the statement with `item` standing for the type of an item. */
#define BY_ITEM_SIZE(item_size, ...)                                                            \
  switch (item_size) {                                                                          \
    case 1: { typedef item_1 item; __VA_ARGS__ break; }                                         \
    case 2: { typedef item_2 item; __VA_ARGS__ break; }                                         \
    case 4: { typedef item_4 item; __VA_ARGS__ break; }                                         \
    case 8: { typedef item_8 item; __VA_ARGS__ break; }                                         \
    case 16: { typedef item_16 item; __VA_ARGS__ break; }                                       \
    default: break;                                                                             \
  }

void ntk_fill(void *out, const void *value, size_t item_size, size_t count) {
  if (!count) return;
  BY_ITEM_SIZE(item_size, {
    item x = *(const item *)value, *to = out;
    for (size_t i = 0; i < count; i++) to[i] = x;
  })
}

static void copy_row(char *out, ptrdiff_t out_step, const char *in, ptrdiff_t in_step,
                     ptrdiff_t count, ptrdiff_t item_size) {
  if (out_step == item_size && in_step == item_size) {
    if (count * item_size >= 64) {
      memcpy(out, in, (size_t)(count * item_size));
      return;
    }
    BY_ITEM_SIZE(item_size, {
      for (ptrdiff_t i = 0; i < count; i++) ((item *)out)[i] = ((const item *)in)[i];
    })
  } else if (out_step == item_size && in_step == 0) {
    ntk_fill(out, in, (size_t)item_size, (size_t)count);
  } else if (out_step == item_size) {
    BY_ITEM_SIZE(item_size, {
      for (ptrdiff_t i = 0; i < count; i++, in += in_step)
        ((item *)out)[i] = *(const item *)in;
    })
  } else {
    BY_ITEM_SIZE(item_size, {
      for (ptrdiff_t i = 0; i < count; i++, out += out_step, in += in_step)
        *(item *)out = *(const item *)in;
    })
  }
}

/* ---- Transposes ------------------------------------------------------- */

enum { LINE = 64 }; /* bytes of a cache line */

#if defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 12)
#define HAVE_SHUFFLES 1
typedef uint32_t quad __attribute__((vector_size(16)));
typedef uint64_t pair __attribute__((vector_size(16)));

/* out[j][i] = in[i][j] for a square of 4-byte items, 4 by 4. */
static inline void transpose_square_4(char *out, ptrdiff_t out_step, const char *in,
                                      ptrdiff_t in_step) {
  quad a, b, c, d;
  memcpy(&a, in, 16);
  memcpy(&b, in + in_step, 16);
  memcpy(&c, in + 2 * in_step, 16);
  memcpy(&d, in + 3 * in_step, 16);
  quad ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  quad cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  quad AB = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  quad CD = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  a = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
  b = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
  c = __builtin_shufflevector(AB, CD, 0, 1, 4, 5);
  d = __builtin_shufflevector(AB, CD, 2, 3, 6, 7);
  memcpy(out, &a, 16);
  memcpy(out + out_step, &b, 16);
  memcpy(out + 2 * out_step, &c, 16);
  memcpy(out + 3 * out_step, &d, 16);
}

static inline void transpose_square_8(char *out, ptrdiff_t out_step, const char *in,
                                      ptrdiff_t in_step) {
  pair a, b;
  memcpy(&a, in, 16);
  memcpy(&b, in + in_step, 16);
  pair c = __builtin_shufflevector(a, b, 0, 2), d = __builtin_shufflevector(a, b, 1, 3);
  memcpy(out, &c, 16);
  memcpy(out + out_step, &d, 16);
}
#endif

/* out[j][i] = in[i][j] for i in [0, rows), j in [0, columns), items adjacent in in's rows and out's
 * rows, in at most a tile. Lines of in, and then of out, are each touched once, in order: where the
 * steps are multiples of a page a tile's lines fall into one set of the cache and do not stay. */
static void transpose_tile(char *out, ptrdiff_t out_step, const char *in, ptrdiff_t in_step,
                           ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t item_size) {
#ifdef HAVE_SHUFFLES
  ptrdiff_t side = LINE / item_size;
  if ((item_size == 4 || item_size == 8) && rows == side && columns == side) {
    char tile[LINE * LINE / 4];
    for (ptrdiff_t i = 0; i < rows; i++) memcpy(tile + i * LINE, in + i * in_step, LINE);
    if (item_size == 4) {
      for (ptrdiff_t j = 0; j < LINE; j += 16, out += 4 * out_step)
        for (ptrdiff_t i = 0; i < LINE; i += 16)
          transpose_square_4(out + i, out_step, tile + i / 4 * LINE + j, LINE);
    } else {
      for (ptrdiff_t j = 0; j < LINE; j += 16, out += 2 * out_step)
        for (ptrdiff_t i = 0; i < LINE; i += 16)
          transpose_square_8(out + i, out_step, tile + i / 8 * LINE + j, LINE);
    }
    return;
  }
#endif
  BY_ITEM_SIZE(item_size, {
    for (ptrdiff_t j = 0; j < columns; j++)
      for (ptrdiff_t i = 0; i < rows; i++)
        ((item *)(out + j * out_step))[i] = ((const item *)(in + i * in_step))[j];
  })
}

/* Along `across` in is contiguous, along `along` out is. A tile is a cache line each way, so that
 * each line is fetched once; tiles run along out's rows, which are then written in order. */
static void transpose_plane(char *out, const char *in, axis across, axis along,
                            ptrdiff_t item_size) {
  ptrdiff_t side = LINE / item_size < 8 ? 8 : LINE / item_size;
  for (ptrdiff_t j = 0; j < across.size; j += side)
    for (ptrdiff_t i = 0; i < along.size; i += side)
      transpose_tile(out + j * across.out + i * item_size, across.out,
                     in + i * along.in + j * item_size, along.in,
                     along.size - i < side ? along.size - i : side,
                     across.size - j < side ? across.size - j : side, item_size);
}

/* ---- Any layout ------------------------------------------------------- */

static ptrdiff_t magnitude(ptrdiff_t x) { return x < 0 ? -x : x; }

/* Join each axis to the one inside it where both arrays step through the two as through one. */
static int coalesce(axis *axes, int rank) {
  int kept = 0;
  for (int i = 0; i < rank; i++) {
    axis inner = axes[i];
    if (inner.size == 1) continue;
    axis *outer = kept ? &axes[kept - 1] : NULL;
    if (outer && outer->out == inner.out * inner.size && outer->in == inner.in * inner.size)
      *outer = (axis){outer->size * inner.size, inner.out, inner.in};
    else
      axes[kept++] = inner;
  }
  return kept;
}

/* Step an odometer over axes [0, rank); false after the last position. */
static bool advance(ptrdiff_t *index, const axis *axes, int rank, char **out, const char **in) {
  for (int i = rank - 1; i >= 0; i--) {
    *out += axes[i].out;
    *in += axes[i].in;
    if (++index[i] < axes[i].size) return true;
    *out -= axes[i].size * axes[i].out;
    *in -= axes[i].size * axes[i].in;
    index[i] = 0;
  }
  return false;
}

void ntk_copy(void *out, const ptrdiff_t *out_strides, const void *in, const ptrdiff_t *in_strides,
              const ptrdiff_t *sizes, int rank, size_t item_size) {
  axis axes[NTK_COPY_MAX_RANK];
  ptrdiff_t index[NTK_COPY_MAX_RANK] = {0}, item = (ptrdiff_t)item_size;
  char *to = out;
  const char *from = in;
  int count = 0;
  if (rank < 0 || rank > NTK_COPY_MAX_RANK) return;
  for (int i = 0; i < rank; i++)
    if (sizes[i] <= 0) return;

  /* The order of the items is free: write forwards, and in the order of memory. */
  for (int i = 0; i < rank; i++) {
    axis new = {sizes[i], out_strides[i], in_strides[i]};
    if (new.size == 1) continue;
    if (new.out < 0) {
      to += (new.size - 1) * new.out;
      from += (new.size - 1) * new.in;
      new.out = -new.out;
      new.in = -new.in;
    }
    int place = count++;
    for (; place > 0 && axes[place - 1].out < new.out; place--) axes[place] = axes[place - 1];
    axes[place] = new;
  }
  count = coalesce(axes, count);
  if (!count) {
    copy_row(to, item, from, item, 1, item);
    return;
  }

  /* Read along the axis where in is contiguous, if that is not the last one. */
  axis last = axes[count - 1];
  int across = -1;
  if (last.out == item && magnitude(last.in) > item && last.size > 1)
    for (int i = 0; i < count - 1; i++)
      if (axes[i].in == item && axes[i].size > 1) across = i;
  if (across >= 0) {
    axis plane = axes[across];
    for (int i = across; i < count - 2; i++) axes[i] = axes[i + 1];
    do {
      transpose_plane(to, from, plane, last, item);
    } while (advance(index, axes, count - 2, &to, &from));
    return;
  }
  do {
    copy_row(to, last.out, from, last.in, last.size, item);
  } while (advance(index, axes, count - 1, &to, &from));
}

void ntk_gather_block(void *out, const void *in, const ptrdiff_t *in_strides,
                      const ptrdiff_t *sizes, int rank, size_t begin, size_t count,
                      size_t item_size) {
  axis axes[NTK_COPY_MAX_RANK];
  ptrdiff_t index[NTK_COPY_MAX_RANK], item = (ptrdiff_t)item_size;
  char *to = out;
  const char *from = in;
  if (rank < 0 || rank > NTK_COPY_MAX_RANK || !count) return;
  for (int i = 0; i < rank; i++) {
    if (sizes[i] <= 0) return;
    axes[i] = (axis){sizes[i], 0, in_strides[i]};
  }
  rank = coalesce(axes, rank);
  if (!rank) {
    copy_row(to, item, from, item, 1, item);
    return;
  }
  size_t position = begin;
  for (int i = rank - 1; i >= 0; i--) {
    index[i] = (ptrdiff_t)(position % (size_t)axes[i].size);
    position /= (size_t)axes[i].size;
    from += index[i] * axes[i].in;
  }
  axis last = axes[rank - 1];
  ptrdiff_t left = (ptrdiff_t)count, start = index[rank - 1];
  char *unused = NULL;
  while (left > 0) {
    ptrdiff_t row = last.size - start < left ? last.size - start : left;
    copy_row(to, item, from, last.in, row, item);
    to += row * item;
    left -= row;
    from -= start * last.in;
    start = 0;
    if (!advance(index, axes, rank - 1, &unused, &from)) break;
  }
}
