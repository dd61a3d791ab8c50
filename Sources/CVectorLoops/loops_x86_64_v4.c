#include "loop_table.h"

#ifdef NTK_HAVE_X86_64_LEVELS

#define VECTOR_BYTES 64
#define TABLE ntk_loops_x86_64_v4
#define INSTRUCTION_SET "x86-64-v4"
#define VECTOR_ABI_NAME_f32(arguments, name) _ZGVeN16##arguments##_##name##f
#define VECTOR_ABI_NAME_f64(arguments, name) _ZGVeN8##arguments##_##name

#include "loop_types.h"
/* Whole 512-bit registers, which the architecture's name alone does not give. */
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4,no-prefer-256-bit"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v4,prefer-vector-width=512")
#endif

#include "loops.inc"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
