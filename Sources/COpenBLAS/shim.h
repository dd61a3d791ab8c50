/* OpenBLAS: cblas and its controls from its own header, LAPACK by its Fortran names.
 *
 * Debian's header declares no LAPACK and 0.3.21 has no LAPACKE. A Fortran routine takes every
 * argument by address and, after them, the length of each character argument; all matrices are
 * column-major. */
#ifndef NTK_COPENBLAS_SHIM_H
#define NTK_COPENBLAS_SHIM_H

#include <stddef.h>

#if __has_include(<cblas-openblas.h>)
#include <cblas-openblas.h>
#else
#include <cblas.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define NTK_LAPACK(real, s)                                                                     \
  void s##potrf_(const char *uplo, const blasint *n, real *a, const blasint *lda,               \
                 blasint *info, size_t uplo_length);                                            \
  void s##trtrs_(const char *uplo, const char *trans, const char *diag, const blasint *n,       \
                 const blasint *nrhs, const real *a, const blasint *lda, real *b,               \
                 const blasint *ldb, blasint *info, size_t uplo_length, size_t trans_length,    \
                 size_t diag_length);                                                           \
  void s##getrf_(const blasint *m, const blasint *n, real *a, const blasint *lda,               \
                 blasint *pivots, blasint *info);                                               \
  void s##geqrf_(const blasint *m, const blasint *n, real *a, const blasint *lda, real *tau,    \
                 real *work, const blasint *lwork, blasint *info);                              \
  void s##orgqr_(const blasint *m, const blasint *n, const blasint *k, real *a,                 \
                 const blasint *lda, const real *tau, real *work, const blasint *lwork,         \
                 blasint *info);                                                                \
  void s##syevd_(const char *jobz, const char *uplo, const blasint *n, real *a,                 \
                 const blasint *lda, real *w, real *work, const blasint *lwork,                 \
                 blasint *iwork, const blasint *liwork, blasint *info, size_t jobz_length,      \
                 size_t uplo_length);                                                           \
  void s##gesdd_(const char *jobz, const blasint *m, const blasint *n, real *a,                 \
                 const blasint *lda, real *sigma, real *u, const blasint *ldu, real *vt,        \
                 const blasint *ldvt, real *work, const blasint *lwork, blasint *iwork,         \
                 blasint *info, size_t jobz_length);

NTK_LAPACK(float, s)
NTK_LAPACK(double, d)

#undef NTK_LAPACK

#ifdef __cplusplus
}
#endif

#endif
