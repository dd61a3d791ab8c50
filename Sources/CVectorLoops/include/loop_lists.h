/* The elementwise loops. A new one is one line here: its enumerator, table entry, and a copy for
 * every instruction set follow.
 *
 *   X(ENUMERATOR, name, types, result, form, expression)
 *
 * types       FLOATS, INTEGERS, NUMBERS (both), BITS (integers and bool) or ALL
 * result      T, the operands' type, or B, bool
 * form        EACH   the expression is over elements x (and y) of type T, and the compiler
 *                    vectorizes it. U is T's type for arithmetic that wraps (T for floats);
 *                    is_float, is_signed and is_bool are constants; FLOAT(sqrt) is sqrtf or sqrt.
 *             LIBM   the expression is the name of a function of libm, called by vectors where
 *                    the platform has a vector version of it.
 *             OWN    the expression is the name of a macro in functions.inc that defines the loop;
 *                    it may call those in the lines above.
 */
#ifndef NTK_LOOP_LISTS_H
#define NTK_LOOP_LISTS_H

#define NTK_UNARY_LOOPS(X)                                                                      \
  X(NEG, neg, NUMBERS, T, EACH, (T)(-(U)x))                                                     \
  X(ABS, abs, NUMBERS, T, EACH, is_float ? (T)FLOAT(fabs)(x) : x < 0 ? (T)(-(U)x) : x)          \
  X(SIGN, sign, NUMBERS, T, EACH, x > 0 ? (T)1 : x < 0 ? (T)(-1) : x)                           \
  X(NOT, not, BITS, T, EACH, (T)(is_bool ? x == 0 : ~(U)x))                                     \
  X(IS_FINITE, is_finite, FLOATS, B, EACH, FLOAT(fabs)(x) <= LARGEST_FLOAT)                     \
  X(FLOOR, floor, FLOATS, T, EACH, FLOAT(floor)(x))                                             \
  X(CEIL, ceil, FLOATS, T, EACH, FLOAT(ceil)(x))                                                \
  X(ROUND, round, FLOATS, T, EACH, FLOAT(round)(x))                                             \
  X(ROUND_EVEN, round_even, FLOATS, T, EACH, FLOAT(rint)(x))                                    \
  X(SQRT, sqrt, FLOATS, T, EACH, SQUARE_ROOT(x))                                                \
  X(RSQRT, rsqrt, FLOATS, T, EACH, 1 / SQUARE_ROOT(x))                                          \
  X(CBRT, cbrt, FLOATS, T, LIBM, cbrt)                                                          \
  X(EXP, exp, FLOATS, T, LIBM, exp)                                                             \
  X(EXP2, exp2, FLOATS, T, LIBM, exp2)                                                          \
  X(EXPM1, expm1, FLOATS, T, LIBM, expm1)                                                       \
  X(LOG, log, FLOATS, T, LIBM, log)                                                             \
  X(LOG1P, log1p, FLOATS, T, LIBM, log1p)                                                       \
  X(SIN, sin, FLOATS, T, LIBM, sin)                                                             \
  X(COS, cos, FLOATS, T, LIBM, cos)                                                             \
  X(TAN, tan, FLOATS, T, LIBM, tan)                                                             \
  X(ASIN, asin, FLOATS, T, LIBM, asin)                                                          \
  X(ACOS, acos, FLOATS, T, LIBM, acos)                                                          \
  X(ATAN, atan, FLOATS, T, LIBM, atan)                                                          \
  X(SINH, sinh, FLOATS, T, LIBM, sinh)                                                          \
  X(COSH, cosh, FLOATS, T, LIBM, cosh)                                                          \
  X(TANH, tanh, FLOATS, T, LIBM, tanh)                                                          \
  X(ASINH, asinh, FLOATS, T, LIBM, asinh)                                                       \
  X(ACOSH, acosh, FLOATS, T, LIBM, acosh)                                                       \
  X(ATANH, atanh, FLOATS, T, LIBM, atanh)                                                       \
  X(ERF, erf, FLOATS, T, LIBM, erf)                                                             \
  X(ERFC, erfc, FLOATS, T, LIBM, erfc)                                                          \
  X(ERF_INV, erf_inv, FLOATS, T, OWN, ERF_INV)                                                  \
  X(LGAMMA, lgamma, FLOATS, T, EACH, ntk_lgamma(x))                                             \
  X(DIGAMMA, digamma, FLOATS, T, EACH, ntk_digamma(x))                                          \
  X(BESSEL_I0E, bessel_i0e, FLOATS, T, EACH, ntk_bessel_i0e(x))                                 \
  X(BESSEL_I1E, bessel_i1e, FLOATS, T, EACH, ntk_bessel_i1e(x))                                 \
  X(POPULATION_COUNT, population_count, INTEGERS, T, EACH, __builtin_popcountll(BITS_OF(x)))    \
  X(CLZ, clz, INTEGERS, T, EACH, LEADING_ZEROS(x))                                              \
  X(LOGISTIC, logistic, FLOATS, T, OWN, LOGISTIC)

#define NTK_BINARY_LOOPS(X)                                                                     \
  X(ADD, add, NUMBERS, T, EACH, (T)((U)x + (U)y))                                               \
  X(SUB, sub, NUMBERS, T, EACH, (T)((U)x - (U)y))                                               \
  X(MUL, mul, NUMBERS, T, EACH, (T)((U)x * (U)y))                                               \
  X(DIV, div, NUMBERS, T, EACH, QUOTIENT(x, y))                                                 \
  X(REM, rem, NUMBERS, T, EACH, REMAINDER(x, y))                                                \
  X(MAX, max, ALL, T, EACH, GREATER_OF(x, y))                                                   \
  X(MIN, min, ALL, T, EACH, LESSER_OF(x, y))                                                    \
  X(AND, and, BITS, T, EACH, (T)(x & y))                                                        \
  X(OR, or, BITS, T, EACH, (T)(x | y))                                                          \
  X(XOR, xor, BITS, T, EACH, (T)(x ^ y))                                                        \
  X(SHIFT_LEFT, shift_left, INTEGERS, T, EACH, SHIFTED_LEFT(x, y))                              \
  X(SHIFT_RIGHT_LOGICAL, shift_right_logical, INTEGERS, T, EACH, SHIFTED_RIGHT(x, y))           \
  X(SHIFT_RIGHT_ARITHMETIC, shift_right_arithmetic, INTEGERS, T, EACH, SHIFTED_SIGNED(x, y))    \
  X(INTEGER_POWER, integer_power, INTEGERS, T, EACH, INTEGER_POWER(x, y))                       \
  X(NEXTAFTER, nextafter, FLOATS, T, EACH, FLOAT(nextafter)(x, y))                              \
  X(EQ, eq, ALL, B, EACH, x == y)                                                               \
  X(NE, ne, ALL, B, EACH, x != y)                                                               \
  X(LT, lt, ALL, B, EACH, x < y)                                                                \
  X(LE, le, ALL, B, EACH, x <= y)                                                               \
  X(GT, gt, ALL, B, EACH, x > y)                                                                \
  X(GE, ge, ALL, B, EACH, x >= y)                                                               \
  X(POW, pow, FLOATS, T, LIBM, pow)                                                             \
  X(ATAN2, atan2, FLOATS, T, LIBM, atan2)                                                       \
  X(POLYGAMMA, polygamma, FLOATS, T, EACH, ntk_polygamma(x, y))                                 \
  X(RANDOM_GAMMA_GRAD, random_gamma_grad, FLOATS, T, EACH, ntk_random_gamma_grad(x, y))

/* X(ENUMERATOR, name, types) */
#define NTK_REDUCTIONS(X)                                                                       \
  X(SUM, sum, NUMBERS)                                                                          \
  X(PROD, prod, NUMBERS)                                                                        \
  X(MAX, max, ALL)                                                                              \
  X(MIN, min, ALL)                                                                              \
  X(AND, and, BITS)                                                                             \
  X(OR, or, BITS)                                                                               \
  X(XOR, xor, BITS)

#endif
