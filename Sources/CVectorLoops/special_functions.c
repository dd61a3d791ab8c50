/* Special functions of one number: ψ and its derivatives, log |Γ|, and the modified Bessel functions
 * times exp(-|x|). Accuracy over the whole range: docs/accuracy.md.
 *
 * Polynomials are Chebyshev interpolants of relative error below 2⁻⁵⁷, over [-1, 1], highest power
 * first.
 */
#include "special_functions.h"

#include <math.h>
#include <stddef.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("-ffp-contract=off")
#endif

/* Where a sum cancels, it is taken again in numbers of 113 bits: the zeros of ψ left of 0 are no
 * doubles, and 2⁻⁵³ of the terms may be all of the sum. */
#if defined(__SIZEOF_FLOAT128__)
typedef __float128 wide;
#else
typedef long double wide;
#endif

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define AT(table, x, low, high) \
  polynomial(table, COUNT(table), (2 * (x) - ((low) + (high))) / ((high) - (low)))

static inline double polynomial(const double *coefficients, size_t count, double t) {
  double value = coefficients[0];
  for (size_t k = 1; k < count; k++) value = value * t + coefficients[k];
  return value;
}

/* B₂, B₄, ... */
static const struct {
  double numerator, denominator;
} bernoulli[] = {
    {1, 6},          {-1, 30},           {1, 42},
    {-1, 30},        {5, 66},            {-691, 2730},
    {7, 6},          {-3617, 510},       {43867, 798},
    {-174611, 330},  {854513, 138},      {-236364091, 2730},
    {8553103, 6},    {-23749461029, 870}, {8615841276005, 14322},
    {-7709321041217, 510}, {2577687858367, 6}};

static const double digamma_1_0[] = {
    -0x1.606000651f802p-36, 0x1.00b9586de3d93p-34, -0x1.e338118b9fa53p-35, 0x1.8024300bde40ap-33,
    -0x1.cd8a64a53e307p-31, 0x1.56c2b6cddbe5dp-29, -0x1.e1732cbd22a58p-28, 0x1.69b13443aa78dp-26,
    -0x1.11391b55ef06fp-24, 0x1.99c4743b2be33p-23, -0x1.332c0aa9ffc62p-21, 0x1.ccc3fc3761f5fp-20,
    -0x1.599639c113c63p-18, 0x1.0332ab400918dp-16, -0x1.84d3101b748d5p-15, 0x1.23aadaa6632b7p-13,
    -0x1.b5aca8cd3b0c4p-12, 0x1.4890658668d7fp-10, -0x1.edf415aeacba4p-9, 0x1.747d8b6836b92p-7,
    -0x1.1b31998eab301p-5, 0x1.b82cd48157b25p-4, -0x1.6d7e89b2cc233p-2, 0x1.869fab254b399p+0};
static const double digamma_2_0[] = {
    -0x1.606028e8bf55cp-37, 0x1.00b98a8f0aa04p-35, -0x1.e3398d469a1d0p-36, 0x1.80260c257a44fp-34,
    -0x1.cd8ccba6f21b1p-32, 0x1.56c5b73aaffa6p-30, -0x1.e17aa9af08d5cp-29, 0x1.69ba8fdd1d52cp-27,
    -0x1.1144ccfb9f265p-25, 0x1.99e1aca26565dp-24, -0x1.33508ac98b319p-22, 0x1.cd1f26d55994ep-21,
    -0x1.5a080a5ba7f11p-19, 0x1.03c0b2b60f6f7p-17, -0x1.86355909e5cc0p-16, 0x1.25647156391a7p-14,
    -0x1.b9f8b1503d333p-13, 0x1.4de9aa1802de8p-11, -0x1.fb44202998234p-10, 0x1.8512e59037ebbp-8,
    -0x1.2feeeb98a7e3cp-6, 0x1.eca189b8e6f7bp-5, -0x1.b1cb63005ee96p-3, 0x1.e6f0cbb873616p-1};
static const double digamma_4[] = {
    0x1.01b5692007635p-37, -0x1.779aea76423dcp-36, 0x1.620f7f2a263bdp-36, -0x1.19a9d3655cc7ep-34,
    0x1.525290e73646ap-32, -0x1.f7092a863124cp-31, 0x1.61e3351af7c59p-29, -0x1.0a606b1ba73a2p-27,
    0x1.93787f6b8d2cap-26, -0x1.2f9d751134808p-24, 0x1.c95a899017329p-23, -0x1.593823e6caa51p-21,
    0x1.052da97ff517cp-19, -0x1.8c6fa38407147p-18, 0x1.2e33a53ebb074p-16, -0x1.cf9ec053182a4p-15,
    0x1.66d5f0c925ac2p-13, -0x1.196d0a68413b9p-11, 0x1.c26130248cb31p-10, -0x1.7418eca7cbbebp-8,
    0x1.44c8ab1f61233p-6, -0x1.3ba004f00621ap-4, 0x1.94699894c1f4dp-2, 0x1.d8773039049e7p-1};
static const double digamma_8[] = {
    -0x1.80922f1cdec19p-37, 0x1.196e418057071p-35, -0x1.27b4e775d4f2cp-35, 0x1.d62d2cee2eabfp-34,
    -0x1.08859a9d79c61p-31, 0x1.8d4144d2a0a41p-30, -0x1.1dfc1398ff586p-28, 0x1.b3a26b0cd3a4ap-27,
    -0x1.4dfb6a953d328p-25, 0x1.ff0b19a843965p-24, -0x1.887c9ef6672e2p-22, 0x1.2f0b2cd5434fdp-20,
    -0x1.d6e74237e44a3p-19, 0x1.70c725c812468p-17, -0x1.23c4c9bad8d0ap-15, 0x1.d3f259347e0f7p-14,
    -0x1.7e2cdc7c5bdaep-12, 0x1.40454efd87c31p-10, -0x1.16e2c95f50022p-8, 0x1.0262026c6c561p-6,
    -0x1.0c9d0d7465483p-4, 0x1.735973273d5edp-2, 0x1.b4c420a50ad7cp+0};
static const double i0e_1[] = {
    -0x1.7f9ac13b44667p-45, 0x1.75306cbafd078p-41, -0x1.4e3870f26fb85p-37, 0x1.1b3da81fba136p-33,
    -0x1.bcea8976e52efp-30, 0x1.41c14f2cbffbdp-26, -0x1.a97354f4ab7f6p-23, 0x1.fddd613f37ec4p-20,
    -0x1.1202940a76010p-16, 0x1.04c51b563f1d1p-13, -0x1.b071dc7f24f6bp-11, 0x1.320b2762aa235p-8,
    -0x1.67fb9a0887f4fp-6, 0x1.542a936ca349fp-4, -0x1.f45759d502996p-3, 0x1.4a42101eb0f47p-1};
static const double i1e_1[] = {
    0x1.7cec2db187285p-44, -0x1.7237f96834e46p-40, 0x1.4b86486d2a5e4p-36, -0x1.18956eacc2fe4p-32,
    0x1.b7fe5cead65b2p-29, -0x1.3d8115f873cb4p-25, 0x1.a29fea5c037e3p-22, -0x1.f3ba1b2dc4308p-19,
    0x1.0b166f06bf753p-15, -0x1.f8446b39d3d80p-13, 0x1.9ce602eaa31f9p-10, -0x1.1e1fec999872cp-7,
    0x1.43a2afe3328e6p-5, -0x1.18b77f98f5490p-3, 0x1.40598cd0be9efp-2};
static const double i0e_2[] = {
    0x1.b3cc3f5491592p-44, -0x1.8f46953758e73p-40, 0x1.4f3d18a94c4b0p-36, -0x1.098356f23a857p-32,
    0x1.840e4dd2e264ep-29, -0x1.03d2fe75af005p-25, 0x1.3c5c6cb011f84p-22, -0x1.5b134d379bbfcp-19,
    0x1.5374a8765c4b3p-16, -0x1.245e148784590p-13, 0x1.b58bb61bed421p-11, -0x1.18eb98d35f141p-8,
    0x1.34c2cdefe6d9fp-6, -0x1.2fe94f46a410cp-4, 0x1.784084195afe0p-2};
static const double i1e_2[] = {
    0x1.f5a744f6965c1p-47, -0x1.ee20d856cf86cp-43, 0x1.c18242f012c9fp-39, -0x1.834193b443c59p-35,
    0x1.35fd1c2e5741dp-31, -0x1.ca74bb191d8bdp-28, 0x1.3734bad1e9b6fp-24, -0x1.80f1f43ce1e15p-21,
    0x1.ae0047ce5a992p-18, -0x1.ad2d39c32e86dp-15, 0x1.79c1ddd32d964p-12, -0x1.205871ca86322p-9,
    0x1.74e272a072d90p-7, -0x1.88486d457dfdcp-5, 0x1.2b0fd09d61478p-3};
static const double i0e_4[] = {
    -0x1.66994481567dap-43, 0x1.8f1a29e09567ep-40, -0x1.8c022e9a12979p-37, 0x1.87260783691bbp-34,
    -0x1.6b4612efae382p-31, 0x1.3af3297d0933ep-28, -0x1.fc6f8652e294bp-26, 0x1.7c5901a44fb00p-23,
    -0x1.0662d44468a52p-20, 0x1.4c234cc72c772p-18, -0x1.7fd7e12cc26dbp-16, 0x1.9375e4c3521a3p-14,
    -0x1.816946974b3aap-12, 0x1.50a8eea5b463ap-10, -0x1.1278ef1bab19fp-8, 0x1.b614e2025f63fp-7,
    -0x1.7a4124ae6987bp-5, 0x1.f1aa2b7054e7bp-3};
static const double i1e_4[] = {
    -0x1.92a2ec35a6bbbp-46, 0x1.e02943695495ap-43, -0x1.027c05788496ap-39, 0x1.148a09d19196cp-36,
    -0x1.17bbb7dd4cbe5p-33, 0x1.0a11a54215713p-30, -0x1.dae967ab84776p-28, 0x1.8c48b0679c682p-25,
    -0x1.33fb73046a3e8p-22, 0x1.bc09130bfb341p-20, -0x1.27a0ef80dc0f0p-17, 0x1.69f00fb037993p-15,
    -0x1.9595fe69cdb49p-13, 0x1.9e1447167fbd6p-11, -0x1.7f1c8a1c94730p-9, 0x1.3e6d675a73aaap-7,
    -0x1.d0745d5b3e21ap-6, 0x1.0cbbec2dd1ae8p-4};
static const double i0e_8[] = {
    0x1.5b9ef01e1db30p-41, -0x1.cdae11279950ap-39, 0x1.dd5f8614a438fp-37, -0x1.1e5001f0031ebp-34,
    0x1.4e252af4e62ffp-32, -0x1.6b5e327ba7515p-30, 0x1.7691bdfb278cdp-28, -0x1.6e97ed6d5a41cp-26,
    0x1.5417e7213e5bfp-24, -0x1.2b33540364406p-22, 0x1.f4567becece9bp-21, -0x1.8f624607c074ap-19,
    0x1.32b25bd3bcbd1p-17, -0x1.ca699234245d7p-16, 0x1.5285b828bc564p-14, -0x1.f6bca41cfe8d0p-13,
    0x1.7deeaea54cb34p-11, -0x1.2dd51ba2d40fcp-9, 0x1.fb40e2ca60e82p-8, -0x1.de9bc8e46191dp-6,
    0x1.55507df69630cp-3};
static const double i1e_8[] = {
    0x1.c70686e93462cp-44, -0x1.45e24504aceb1p-41, 0x1.79316ee543467p-39, -0x1.eecd05e633861p-37,
    0x1.3ba37a1348abfp-34, -0x1.7c0114b7d5bc7p-32, 0x1.b51d0badccdacp-30, -0x1.e0c81ad020a37p-28,
    0x1.f90db7c784948p-26, -0x1.fa9e56c359c16p-24, 0x1.e56ee698cf741p-22, -0x1.bcb0b9a451cbfp-20,
    0x1.860700fb578b4p-18, -0x1.482c4df200d43p-16, 0x1.09809f2278496p-14, -0x1.9de698a2c8059p-13,
    0x1.370e707e1dd49p-11, -0x1.c1a776b8664a6p-10, 0x1.358627f641446p-8, -0x1.8a10f86d516b2p-7,
    0x1.9f33ac8b1574dp-6};
static const double i0e_far[] = {
    0x1.604db61ad3debp-35, 0x1.24d48c789b293p-36, -0x1.60f60148f6515p-32, -0x1.1153c28a5c5a9p-33,
    0x1.4b8dc5e843814p-30, 0x1.e28f74bf3433bp-32, -0x1.8ab4cd3d4020ep-29, -0x1.1a39fc6f3bf77p-30,
    0x1.56f1d3b1b3a43p-28, 0x1.10973e09f287fp-29, -0x1.dcd81d0c61ce6p-28, -0x1.0693a8366885bp-28,
    0x1.103d02e6bfeafp-27, 0x1.087d59e67c7aep-27, -0x1.7eff15504675ap-28, -0x1.ce4513f876844p-27,
    -0x1.cd0a7f75b5268p-28, 0x1.03e3a46a554fap-27, 0x1.7219c8ee56ad4p-26, 0x1.51cbf2b8d32b7p-25,
    0x1.7d0fa25980c1ap-24, 0x1.3f49ad6d6f0a1p-22, 0x1.8e513a0ac9181p-20, 0x1.75e5ee702007ep-17,
    0x1.1daa72b5e65fcp-13, 0x1.b87969bb93bc0p-9, 0x1.9bd428ad249a5p-2};
static const double i1e_far[] = {
    -0x1.6ea1785f94461p-35, -0x1.12e7f21d2c006p-36, 0x1.6f38e89af41c8p-32, 0x1.fef895f7b3a5dp-34,
    -0x1.58ea81b215aecp-30, -0x1.c15e6112d1143p-32, 0x1.9ac4c401343a2p-29, 0x1.07047fc5cbf7ap-30,
    -0x1.657e73fb0c472p-28, -0x1.0183064563578p-29, 0x1.f378468033ef8p-28, 0x1.ff8b852ecf6dbp-29,
    -0x1.20a8e052b5bb9p-27, -0x1.0b4539bc94915p-27, 0x1.a69d58942c511p-28, 0x1.e3a948c415f47p-27,
    0x1.cc06c41e1855cp-28, -0x1.21de6538102d1p-27, -0x1.91759fab32ad6p-26,
    -0x1.7277b8802ae6ap-25, -0x1.ad8de57f3f4ffp-24, -0x1.761384ba8ebf9p-22,
    -0x1.ec8e1003fce04p-20, -0x1.f89c2304b860ep-17, -0x1.cbc54df1ecf62p-13,
    -0x1.3f796198ee63ap-7, 0x1.8ebe783a84030p-2};

/* ---- In 113 bits ------------------------------------------------------ */

static const double pi_parts[] = {0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53, -0x1.f1976b7ed8fbcp-109};
static const double log2_parts[] = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56, 0x1.7b57a079a1934p-111};

static wide wide_sum(const double parts[3]) { return (wide)parts[2] + parts[1] + parts[0]; }

static wide wide_exp(wide x) {
  int k = (int)rint((double)x / log2_parts[0]);
  wide r = x - k * wide_sum(log2_parts), term = 1, sum = 1;
  for (int n = 1; n < 28; n++) {
    term *= r / n;
    sum += term;
  }
  return sum * (wide)ldexp(1, k);
}

/* One step of Newton's method, whose error is cubic here. */
static wide wide_log(wide x) {
  double guess = log((double)x);
  wide z = x * wide_exp(-(wide)guess) - 1;
  return guess + (z - z * z / 2);
}

/* π cot(πr) for r in [-1/2, 1/2]. */
static wide wide_cotangent(wide r) {
  wide magnitude = r < 0 ? -r : r;
  int is_far = magnitude > 0.25;
  wide pi = wide_sum(pi_parts), u = pi * (is_far ? (wide)0.5 - magnitude : magnitude);
  wide sine = u, cosine = 1, s = u, c = 1;
  for (int n = 1; n < 18; n++) {
    c *= -u * u / ((2 * n - 1) * (2 * n));
    s *= -u * u / ((2 * n) * (2 * n + 1));
    cosine += c;
    sine += s;
  }
  wide value = pi * (is_far ? sine / cosine : cosine / sine);
  return r < 0 ? -value : value;
}

/* x > 0 */
static wide wide_digamma(wide x) {
  wide sum = 0;
  for (; x < 26; x += 1) sum -= 1 / x;
  wide square = 1 / (x * x), power = 1;
  sum += wide_log(x) - 1 / (2 * x);
  for (size_t k = 0; k < COUNT(bernoulli); k++) {
    power *= square;
    sum -= bernoulli[k].numerator / (bernoulli[k].denominator * (wide)(2 * (k + 1))) * power;
  }
  return sum;
}

static wide wide_power(wide x, double exponent) {
  wide power = 1;
  for (unsigned long n = (unsigned long)exponent; n; n >>= 1, x *= x)
    if (n & 1) power *= x;
  return power;
}

/* Σ (q + k)^-s over k >= 0 by Euler and Maclaurin, q > 0, s a whole number. */
static wide wide_zeta(double s, wide q) {
  wide sum = 0;
  for (int k = 0; k < 500 && q < 28 + s; k++, q += 1) sum += 1 / wide_power(q, s);
  wide square = 1 / (q * q), term = s * square, factorial = 2;
  wide tail = 1 / (wide)(s - 1) + 1 / (2 * q);
  for (size_t k = 0; k < COUNT(bernoulli); k++) {
    double n = 2 * (double)(k + 1);
    tail += bernoulli[k].numerator / (bernoulli[k].denominator * factorial) * term;
    term *= (s + n - 1) * (wide)(s + n) * square;
    factorial *= (n + 1) * (n + 2);
  }
  return sum + tail / wide_power(q, s - 1);
}

/* ---- Digamma ---------------------------------------------------------- */

/* ψ's zero right of 0, whose rest is 2⁻⁵⁴ of it. */
static const double digamma_zero = 0x1.762d86356be3fp+0, digamma_zero_rest = 0x1.b86a722197829p-54;

static double digamma_right(double x) {
  if (x < 0.5) {
    if (x > 0x1p-60) return digamma_right(x + 1) - 1 / x;
    return -1 / x;
  }
  if (x < 2) {
    double from_zero = (x - digamma_zero) - digamma_zero_rest;
    return from_zero * (x < 1 ? AT(digamma_1_0, x, 0.5, 1) : AT(digamma_2_0, x, 1, 2));
  }
  if (x < 4) return AT(digamma_4, x, 2, 4);
  if (x < 8) return AT(digamma_8, x, 4, 8);
  double inverse = 1 / x, square = inverse * inverse, series = 0;
  for (int k = 9; k >= 0; k--)
    series = (series + bernoulli[k].numerator / (bernoulli[k].denominator * 2 * (k + 1))) * square;
  return log(x) - (0.5 * inverse + series);
}

/* The place of x between whole numbers, [-1/2, 1/2]; exact. */
static double from_nearest(double x) { return x - rint(x); }

double ntk_digamma(double x) {
  if (x > 0 || x != x) return x == (double)INFINITY ? x : x != x ? x : digamma_right(x);
  double r = from_nearest(x);
  if (r == 0 || x == -(double)INFINITY) return (double)NAN;
  /* ψ(x) = ψ(1 - x) - π cot(πx) */
  double magnitude = fabs(r), pi = pi_parts[0];
  if (magnitude < 0x1p-60) return -1 / r;
  double cotangent =
      magnitude > 0.25 ? pi * tan(pi * (0.5 - magnitude)) : pi / tan(pi * magnitude);
  if (r < 0) cotangent = -cotangent;
  double mirrored = digamma_right(1 - x), value = mirrored - cotangent;
  /* The terms' errors are 2⁻⁵³ of them, and of 1 at least: that of 1 - x. */
  if (fabs(value) > 0.75 * fmax(fmax(fabs(mirrored), fabs(cotangent)), 1.25)) return value;
  return (double)(wide_digamma(1 - (wide)x) - wide_cotangent(r));
}

/* ---- Polygamma -------------------------------------------------------- */

/* (a + rest)^-s for a whole number s. */
static double inverse_power(double a, double rest, double s) {
  double power;
  if (s <= 4) {
    power = a;
    for (int k = 1; k < (int)s; k++) power *= a;
    power = 1 / power;
  } else {
    power = pow(a, -s);
  }
  return power * (1 - s * (rest / a));
}

/* Σ (q + k)^-s over k >= 0 by Euler and Maclaurin, the least terms first; q > 0, s >= 2 a whole
 * number. If scaled, times q^s. */
static double zeta(double s, double q, int scaled) {
  double count = ceil(10 + s - q);
  count = count > 500 ? 500 : count < 0 ? 0 : count;
#define REST(a, k) ((q - ((a) - (k))) + ((k) - ((a) - ((a) - (k)))))
  double a = q + count, square = 1 / (a * a), term = s * square, factorial = 2;
  double tail = 0;
  for (size_t k = 0; k < 12; k++) {
    double n = 2 * (double)(k + 1);
    tail += bernoulli[k].numerator / (bernoulli[k].denominator * factorial) * term;
    term *= (s + n - 1) * (s + n) * square;
    factorial *= (n + 1) * (n + 2);
  }
  tail = 1 / (s - 1) + (1 / (2 * a) + tail);
  double sum = tail * (scaled ? q * pow(q / a, s - 1) : inverse_power(a, REST(a, count), s - 1));
  for (double k = count - 1; k >= 0; k--) {
    a = q + k;
    sum += scaled ? pow(q / a, s) : inverse_power(a, REST(a, k), s);
  }
#undef REST
  return sum;
}

static double factorial(double m) {
  double product = 1;
  for (double k = 2; k <= m; k++) product *= k;
  return product;
}

/* ψ⁽ᵐ⁾(x) = (-1)ᵐ⁺¹ m! Σ (x + k)⁻ᵐ⁻¹ */
double ntk_polygamma(double m, double x) {
  if (m == 0) return ntk_digamma(x);
  if (!(m > 0) || m != floor(m) || m == (double)INFINITY || x != x) return (double)NAN;
  double s = m + 1;
  int is_even = fmod(m, 2) == 0;
  if (x > 0) {
    if (x == (double)INFINITY) return is_even ? -0.0 : 0.0;
    double value = m <= 170
        ? factorial(m) * zeta(s, x, 0)
        : exp(ntk_lgamma(s) - s * log(x)) * zeta(s, x, 1);
    return is_even ? -value : value;
  }
  if (x == 0) return is_even ? copysign((double)INFINITY, -x) : (double)INFINITY;
  if (x == floor(x)) return is_even ? (double)NAN : (double)INFINITY;
  if (m > 170) return (double)NAN;
  /* The terms of both signs: with n + r for -x's whole part, those of all integers but n + 1 on. */
  wide sign = is_even ? -1 : 1, value;
  if (x > -0.5) {
    value = 1 / wide_power(x, s) + wide_zeta(s, 1 + (wide)x);
  } else {
    wide r = (wide)x - floor(x);
    value = wide_zeta(s, r) + sign * (wide_zeta(s, 1 - r) - wide_zeta(s, 1 - (wide)x));
  }
  return (double)(sign * factorial(m) * value);
}

/* ---- Logarithm of the gamma function ---------------------------------- */

/* Not lgamma, which writes the sign to a variable that all threads share. */
extern double lgamma_r(double x, int *sign);

double ntk_lgamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}

/* ---- Bessel functions ------------------------------------------------- */

double ntk_bessel_i0e(double x) {
  x = fabs(x);
  if (x < 1) return AT(i0e_1, x, 0, 1);
  if (x < 2) return AT(i0e_2, x, 1, 2);
  if (x < 4) return AT(i0e_4, x, 2, 4);
  if (x < 8) return AT(i0e_8, x, 4, 8);
  return AT(i0e_far, 8 / x, 0, 1) / sqrt(x);
}

double ntk_bessel_i1e(double x) {
  double magnitude = fabs(x);
  if (magnitude < 1) return x * AT(i1e_1, magnitude, 0, 1);
  if (magnitude < 2) return x * AT(i1e_2, magnitude, 1, 2);
  if (magnitude < 4) return x * AT(i1e_4, magnitude, 2, 4);
  if (magnitude < 8) return x * AT(i1e_8, magnitude, 4, 8);
  double value = AT(i1e_far, 8 / magnitude, 0, 1) / sqrt(magnitude);
  return x < 0 ? -value : x != x ? x : value;
}

/* ---- Derivative of samples of the gamma distribution ------------------- */

/* With p and P the density and the distribution function, x moves by -∂P/∂a / p where P stays. Up to
 * a or 1 by the series of P, whose terms are positive, beyond by the continued fraction of 1 - P, each
 * carried with its derivative by a (Cephes' igam and igamc; Moore, AS 187, 1982). */
double ntk_random_gamma_grad(double a, double x) {
  enum { most = 100000 };
  if (!(a > 0) || !(x >= 0) || a == (double)INFINITY) return (double)NAN;
  if (x == 0) return 0;
  if (x == (double)INFINITY) return (double)NAN;
  if (x <= 1 || x <= a) {
    double term = 1, slope = 0, sum = 1, slopes = 0, r = a;
    for (int n = 0; n < most; n++) {
      r += 1;
      slope = slope * (x / r) - term * x / (r * r);
      term *= x / r;
      sum += term;
      slopes += slope;
      if (term <= 0x1p-56 * sum && fabs(slope) <= 0x1p-56 * fabs(slopes)) break;
    }
    return -(x / a) * (slopes + sum * (log(x) - ntk_digamma(a + 1)));
  }
  double y = 1 - a, z = x + y + 1;
  double before_p = 1, before_q = x, p = x + 1, q = z * x;
  double before_dp = 0, before_dq = 0, dp = 0, dq = -x;
  double ratio = p / q, slope = (dp - ratio * dq) / q;
  for (int n = 1; n < most; n++) {
    y += 1;
    z += 2;
    double yc = y * n;
    double next_p = p * z - before_p * yc, next_q = q * z - before_q * yc;
    double next_dp = dp * z - p - before_dp * yc + before_p * n;
    double next_dq = dq * z - q - before_dq * yc + before_q * n;
    before_p = p, before_q = q, before_dp = dp, before_dq = dq;
    p = next_p, q = next_q, dp = next_dp, dq = next_dq;
    if (fabs(p) > 0x1p500) {
      before_p *= 0x1p-500, before_q *= 0x1p-500, before_dp *= 0x1p-500, before_dq *= 0x1p-500;
      p *= 0x1p-500, q *= 0x1p-500, dp *= 0x1p-500, dq *= 0x1p-500;
    }
    if (q == 0) continue;
    double next_ratio = p / q, next_slope = (dp - next_ratio * dq) / q;
    int is_done = fabs(next_ratio - ratio) <= 0x1p-53 * fabs(next_ratio) &&
                  fabs(next_slope - slope) <= 0x1p-52 * fabs(next_slope);
    ratio = next_ratio, slope = next_slope;
    if (is_done) break;
  }
  return x * (slope + ratio * (log(x) - ntk_digamma(a)));
}
