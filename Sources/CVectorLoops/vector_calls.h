/* Calls of functions of the x86-64 vector ABI, which take and return whole vector registers.
 *
 * A C function cannot make such a call itself without compiler flags that a package may not ask
 * for: clang passes a 32-byte vector on the stack unless the whole file, rather than the function,
 * is compiled for AVX. So vector_calls.S has the loops around the calls. */
#ifndef NTK_VECTOR_CALLS_H
#define NTK_VECTOR_CALLS_H

#include <stddef.h>

typedef void (*ntk_vector_function)(void); /* really of vectors */

/* out[i] = function(a[i]) or function(a[i], b[i]) for vectors of 32 or 64 bytes, not necessarily
 * aligned. */
void ntk_call_32_v(void *out, const void *a, size_t vectors, ntk_vector_function function);
void ntk_call_64_v(void *out, const void *a, size_t vectors, ntk_vector_function function);
void ntk_call_32_vv(void *out, const void *a, const void *b, size_t vectors,
                    ntk_vector_function function);
void ntk_call_64_vv(void *out, const void *a, const void *b, size_t vectors,
                    ntk_vector_function function);

#endif
