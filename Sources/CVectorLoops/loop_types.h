/* Element types and groups of them, for the templates. A type's tag is f32 f64 i32 i64 u8 u32 u64
 * or b8 (bool, which is a macro and cannot be pasted). */
#ifndef NTK_LOOP_TYPES_H
#define NTK_LOOP_TYPES_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* CODE its enumerator, T its C type, U the type of arithmetic that wraps around, I an integer. */
enum {
  CODE_f32 = 1, CODE_f64, CODE_i32, CODE_i64, CODE_u8, CODE_u32, CODE_u64, CODE_b8,
  IS_FLOAT_f32 = 1, IS_FLOAT_f64 = 1, IS_FLOAT_i32 = 0, IS_FLOAT_i64 = 0,
  IS_FLOAT_u8 = 0, IS_FLOAT_u32 = 0, IS_FLOAT_u64 = 0, IS_FLOAT_b8 = 0,
  IS_SIGNED_f32 = 1, IS_SIGNED_f64 = 1, IS_SIGNED_i32 = 1, IS_SIGNED_i64 = 1,
  IS_SIGNED_u8 = 0, IS_SIGNED_u32 = 0, IS_SIGNED_u64 = 0, IS_SIGNED_b8 = 0,
  IS_BOOL_f32 = 0, IS_BOOL_f64 = 0, IS_BOOL_i32 = 0, IS_BOOL_i64 = 0,
  IS_BOOL_u8 = 0, IS_BOOL_u32 = 0, IS_BOOL_u64 = 0, IS_BOOL_b8 = 1,
};

typedef uint8_t B;
typedef float T_f32;
typedef float U_f32;
typedef int32_t I_f32;
typedef double T_f64;
typedef double U_f64;
typedef int64_t I_f64;
typedef int32_t T_i32;
typedef uint32_t U_i32;
typedef int32_t I_i32;
typedef int64_t T_i64;
typedef uint64_t U_i64;
typedef int64_t I_i64;
typedef uint8_t T_u8;
typedef uint32_t U_u8;
typedef uint8_t I_u8;
typedef uint32_t T_u32;
typedef uint32_t U_u32;
typedef uint32_t I_u32;
typedef uint64_t T_u64;
typedef uint64_t U_u64;
typedef uint64_t I_u64;
typedef uint8_t T_b8;
typedef uint32_t U_b8;
typedef uint8_t I_b8;

/* The least and greatest value, and for integers the first float above the greatest. */
#define LEAST_f32 (-INFINITY)
#define LEAST_f64 ((double)-INFINITY)
#define LEAST_i32 INT32_MIN
#define LEAST_i64 INT64_MIN
#define LEAST_u8 0
#define LEAST_u32 0
#define LEAST_u64 0
#define LEAST_b8 0
#define GREATEST_f32 INFINITY
#define GREATEST_f64 ((double)INFINITY)
#define GREATEST_i32 INT32_MAX
#define GREATEST_i64 INT64_MAX
#define GREATEST_u8 UINT8_MAX
#define GREATEST_u32 UINT32_MAX
#define GREATEST_u64 UINT64_MAX
#define GREATEST_b8 1
#define ABOVE_i32 0x1p31f
#define ABOVE_i64 0x1p63f
#define ABOVE_u8 0x1p8f
#define ABOVE_u32 0x1p32f
#define ABOVE_u64 0x1p64f

#define FOR_FLOATS(M, ...) M(f32, __VA_ARGS__) M(f64, __VA_ARGS__)
#define FOR_INTEGERS(M, ...)                                                                    \
  M(i32, __VA_ARGS__) M(i64, __VA_ARGS__) M(u8, __VA_ARGS__) M(u32, __VA_ARGS__)                \
  M(u64, __VA_ARGS__)
#define FOR_NUMBERS(M, ...) FOR_FLOATS(M, __VA_ARGS__) FOR_INTEGERS(M, __VA_ARGS__)
#define FOR_BITS(M, ...) FOR_INTEGERS(M, __VA_ARGS__) M(b8, __VA_ARGS__)
#define FOR_ALL(M, ...) FOR_FLOATS(M, __VA_ARGS__) FOR_BITS(M, __VA_ARGS__)

#if defined(__clang__)
/* An output is its input or disjoint from it, so no iteration reads what another writes. */
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#pragma clang diagnostic ignored "-Wpass-failed"
/* In the branch of an expression that another type takes. */
#pragma clang diagnostic ignored "-Wabsolute-value"
#elif defined(__GNUC__)
#define INDEPENDENT _Pragma("GCC ivdep")
#else
#define INDEPENDENT
#endif

#endif
