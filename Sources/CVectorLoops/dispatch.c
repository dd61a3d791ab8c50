/* The choice of instruction set, made once, and lookups in the chosen table. */
#include <stdatomic.h>

#include "loop_table.h"

static const ntk_loop_table *available(int level) {
  if (level == 0) return &ntk_loops_baseline;
#ifdef NTK_HAVE_X86_64_LEVELS
  __builtin_cpu_init();
  if (level == 1 && __builtin_cpu_supports("x86-64-v3")) return &ntk_loops_x86_64_v3;
  if (level == 2 && __builtin_cpu_supports("x86-64-v4")) return &ntk_loops_x86_64_v4;
#endif
  return NULL;
}

const ntk_loop_table *ntk_loops_for(int level) { return available(level); }

/* Threads that come here together all find the same answer. */
const ntk_loop_table *ntk_loops(void) {
  static const ntk_loop_table *_Atomic chosen;
  const ntk_loop_table *loops = atomic_load_explicit(&chosen, memory_order_relaxed);
  for (int level = 2; !loops; level--) loops = available(level);
  atomic_store_explicit(&chosen, loops, memory_order_relaxed);
  return loops;
}

const char *ntk_loops_instruction_set(const ntk_loop_table *loops) {
  return loops->instruction_set;
}

size_t ntk_loop_item_size(ntk_loop_type type) {
  static const uint8_t sizes[NTK_LOOP_TYPE_COUNT] = {0, 4, 8, 4, 8, 1, 4, 8, 1};
  return (unsigned)type < NTK_LOOP_TYPE_COUNT ? sizes[type] : 0;
}

#define NAME(NAME, name, ...) #name,

const char *ntk_unary_operation_name(ntk_unary_operation operation) {
  static const char *const names[] = {NTK_UNARY_LOOPS(NAME)};
  return (unsigned)operation < NTK_UNARY_COUNT ? names[operation] : NULL;
}

const char *ntk_binary_operation_name(ntk_binary_operation operation) {
  static const char *const names[] = {NTK_BINARY_LOOPS(NAME)};
  return (unsigned)operation < NTK_BINARY_COUNT ? names[operation] : NULL;
}

#define IS_TYPE(type) ((unsigned)(type) < NTK_LOOP_TYPE_COUNT)

ntk_unary_loop ntk_table_unary_loop(const ntk_loop_table *loops, ntk_unary_operation operation,
                                    ntk_loop_type type) {
  if ((unsigned)operation >= NTK_UNARY_COUNT || !IS_TYPE(type)) return NULL;
  return loops->unary[operation][type];
}

ntk_binary_loop ntk_table_binary_loop(const ntk_loop_table *loops, ntk_binary_operation operation,
                                      ntk_loop_type type) {
  if ((unsigned)operation >= NTK_BINARY_COUNT || !IS_TYPE(type)) return NULL;
  return loops->binary[operation][type];
}

ntk_reduction_loop ntk_table_reduction_loop(const ntk_loop_table *loops, ntk_reduction operation,
                                            ntk_loop_type type) {
  if ((unsigned)operation >= NTK_REDUCTION_COUNT || !IS_TYPE(type)) return NULL;
  return loops->reduction[operation][type];
}

ntk_unary_loop ntk_table_convert_loop(const ntk_loop_table *loops, ntk_loop_type out_type,
                                      ntk_loop_type type) {
  return IS_TYPE(out_type) && IS_TYPE(type) ? loops->convert[type][out_type] : NULL;
}

ntk_select_loop ntk_table_select_loop(const ntk_loop_table *loops, ntk_loop_type type) {
  return IS_TYPE(type) ? loops->select[type] : NULL;
}

ntk_power_loop ntk_table_integer_pow_loop(const ntk_loop_table *loops, ntk_loop_type type) {
  return IS_TYPE(type) ? loops->integer_pow[type] : NULL;
}

ntk_iota_loop ntk_table_iota_loop(const ntk_loop_table *loops, ntk_loop_type type) {
  return IS_TYPE(type) ? loops->iota[type] : NULL;
}

ntk_product_loop ntk_table_product_loop(const ntk_loop_table *loops, ntk_loop_type type) {
  return IS_TYPE(type) ? loops->product[type] : NULL;
}

ntk_window_product_loop ntk_find_window_product_loop(ntk_loop_type type) {
  return IS_TYPE(type) ? ntk_loops()->window_product[type] : NULL;
}

ntk_window_add_loop ntk_find_window_add_loop(ntk_loop_type type) {
  return IS_TYPE(type) ? ntk_loops()->window_add[type] : NULL;
}

ntk_window_choose_loop ntk_find_window_choose_loop(ntk_loop_type type) {
  return IS_TYPE(type) ? ntk_loops()->window_choose[type] : NULL;
}

ntk_unary_loop ntk_find_unary_loop(ntk_unary_operation operation, ntk_loop_type type) {
  return ntk_table_unary_loop(ntk_loops(), operation, type);
}

ntk_binary_loop ntk_find_binary_loop(ntk_binary_operation operation, ntk_loop_type type) {
  return ntk_table_binary_loop(ntk_loops(), operation, type);
}

ntk_reduction_loop ntk_find_reduction_loop(ntk_reduction operation, ntk_loop_type type) {
  return ntk_table_reduction_loop(ntk_loops(), operation, type);
}

ntk_unary_loop ntk_find_convert_loop(ntk_loop_type out_type, ntk_loop_type type) {
  return ntk_table_convert_loop(ntk_loops(), out_type, type);
}

ntk_select_loop ntk_find_select_loop(ntk_loop_type type) {
  return ntk_table_select_loop(ntk_loops(), type);
}

ntk_power_loop ntk_find_integer_pow_loop(ntk_loop_type type) {
  return ntk_table_integer_pow_loop(ntk_loops(), type);
}

ntk_iota_loop ntk_find_iota_loop(ntk_loop_type type) {
  return ntk_table_iota_loop(ntk_loops(), type);
}

ntk_product_loop ntk_find_product_loop(ntk_loop_type type) {
  return ntk_table_product_loop(ntk_loops(), type);
}

ntk_threefry_loop ntk_table_threefry_loop(const ntk_loop_table *loops) { return loops->threefry; }

ntk_threefry_loop ntk_find_threefry_loop(void) { return ntk_table_threefry_loop(ntk_loops()); }
