/* Special functions of one number, each defined once, in special_functions.c. */
#ifndef NTK_SPECIAL_FUNCTIONS_H
#define NTK_SPECIAL_FUNCTIONS_H

#ifdef __cplusplus
extern "C" {
#endif

/** log |Γ(x)|; infinite at the poles. */
double ntk_lgamma(double x);

/** ψ(x) = d log Γ(x) / dx; NaN at the poles. */
double ntk_digamma(double x);

/** The m-th derivative of ψ; NaN unless m is a whole number from 0 on. */
double ntk_polygamma(double m, double x);

/** exp(-|x|) I₀(x) */
double ntk_bessel_i0e(double x);

/** exp(-|x|) I₁(x) */
double ntk_bessel_i1e(double x);

/** dx/da of a sample x of the gamma distribution of shape a, its quantile kept. */
double ntk_random_gamma_grad(double a, double x);

#ifdef __cplusplus
}
#endif

#endif
