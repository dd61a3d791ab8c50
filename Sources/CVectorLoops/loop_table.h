/* What one instruction set's copy of the loops offers. */
#ifndef NTK_LOOP_TABLE_H
#define NTK_LOOP_TABLE_H

#include "vector_loops.h"
#include "window_loops.h"

struct ntk_loop_table {
  const char *instruction_set;
  ntk_unary_loop unary[NTK_UNARY_COUNT][NTK_LOOP_TYPE_COUNT];
  ntk_binary_loop binary[NTK_BINARY_COUNT][NTK_LOOP_TYPE_COUNT];
  ntk_reduction_loop reduction[NTK_REDUCTION_COUNT][NTK_LOOP_TYPE_COUNT];
  ntk_unary_loop convert[NTK_LOOP_TYPE_COUNT][NTK_LOOP_TYPE_COUNT]; /* [from][to] */
  ntk_select_loop select[NTK_LOOP_TYPE_COUNT];
  ntk_power_loop integer_pow[NTK_LOOP_TYPE_COUNT];
  ntk_iota_loop iota[NTK_LOOP_TYPE_COUNT];
  ntk_product_loop product[NTK_LOOP_TYPE_COUNT];
  ntk_threefry_loop threefry;
  ntk_window_product_loop window_product[NTK_LOOP_TYPE_COUNT];
  ntk_window_add_loop window_add[NTK_LOOP_TYPE_COUNT];
  ntk_window_choose_loop window_choose[NTK_LOOP_TYPE_COUNT];
};

#if defined(__x86_64__) && (defined(__clang__) || defined(__GNUC__))
#define NTK_HAVE_X86_64_LEVELS 1
#endif

extern const ntk_loop_table ntk_loops_baseline;
#ifdef NTK_HAVE_X86_64_LEVELS
extern const ntk_loop_table ntk_loops_x86_64_v3;
extern const ntk_loop_table ntk_loops_x86_64_v4;
#endif

#endif
