#include "loop_table.h"

#ifdef NTK_HAVE_X86_64_LEVELS

#define VECTOR_BYTES 32
#define TABLE ntk_loops_x86_64_v3
#define INSTRUCTION_SET "x86-64-v3"
#define VECTOR_ABI_NAME_f32(arguments, name) _ZGVdN8##arguments##_##name##f
#define VECTOR_ABI_NAME_f64(arguments, name) _ZGVdN4##arguments##_##name

#include "loop_types.h"
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v3")
#endif

#include "loops.inc"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
