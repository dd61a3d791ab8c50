import COpenBLAS

/// A floating type that LAPACK has routines for, by their Fortran names. Matrices are column-major,
/// sizes at least 1 and checked by the caller: LAPACK prints a message about one that is not.
public protocol LAPACKReal: BinaryFloatingPoint, BitwiseCopyable, Sendable {
  static func potrf(
    _ uplo: CChar, _ n: Int32, _ a: UnsafeMutablePointer<Self>, _ lda: Int32
  ) -> Int32
  static func getrf(
    _ m: Int32, _ n: Int32, _ a: UnsafeMutablePointer<Self>, _ pivots: UnsafeMutablePointer<Int32>
  )
    -> Int32
  static func geqrf(
    _ m: Int32, _ n: Int32, _ a: UnsafeMutablePointer<Self>, _ tau: UnsafeMutablePointer<Self>,
    _ work: UnsafeMutablePointer<Self>, _ workCount: Int32
  ) -> Int32
  static func orgqr(
    _ m: Int32, _ n: Int32, _ k: Int32, _ a: UnsafeMutablePointer<Self>,
    _ tau: UnsafePointer<Self>, _ work: UnsafeMutablePointer<Self>, _ workCount: Int32
  ) -> Int32
  static func syevd(
    _ job: CChar, _ uplo: CChar, _ n: Int32, _ a: UnsafeMutablePointer<Self>,
    _ values: UnsafeMutablePointer<Self>, _ work: UnsafeMutablePointer<Self>, _ workCount: Int32,
    _ integers: UnsafeMutablePointer<Int32>, _ integerCount: Int32
  ) -> Int32
  static func gesdd(
    _ job: CChar, _ m: Int32, _ n: Int32, _ a: UnsafeMutablePointer<Self>,
    _ values: UnsafeMutablePointer<Self>, _ u: UnsafeMutablePointer<Self>, _ ldu: Int32,
    _ vt: UnsafeMutablePointer<Self>, _ ldvt: Int32, _ work: UnsafeMutablePointer<Self>,
    _ workCount: Int32, _ integers: UnsafeMutablePointer<Int32>
  ) -> Int32
  /// C = Aᵀ Bᵀ of row-major A (k x m) and B (n x k).
  static func gemmOfTransposes(
    _ m: Int32, _ n: Int32, _ k: Int32, _ a: UnsafePointer<Self>, _ lda: Int32,
    _ b: UnsafePointer<Self>, _ ldb: Int32, _ c: UnsafeMutablePointer<Self>)
  /// BLAS's trsm of row-major matrices.
  static func trsm(
    isLeft: Bool, isLower: Bool, isTransposed: Bool, isUnit: Bool, _ m: Int32, _ n: Int32,
    _ a: UnsafePointer<Self>, _ lda: Int32, _ b: UnsafeMutablePointer<Self>, _ ldb: Int32)
}

extension Float: LAPACKReal {
  public static func gemmOfTransposes(
    _ m: Int32, _ n: Int32, _ k: Int32, _ a: UnsafePointer<Float>, _ lda: Int32,
    _ b: UnsafePointer<Float>, _ ldb: Int32, _ c: UnsafeMutablePointer<Float>
  ) {
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasTrans, m, n, k, 1, a, lda, b, ldb, 0, c, n)
  }

  public static func potrf(
    _ uplo: CChar, _ n: Int32, _ a: UnsafeMutablePointer<Float>, _ lda: Int32
  ) -> Int32 {
    var (uplo, n, lda, info) = (uplo, n, lda, Int32(0))
    spotrf_(&uplo, &n, a, &lda, &info, 1)
    return info
  }

  public static func getrf(
    _ m: Int32, _ n: Int32, _ a: UnsafeMutablePointer<Float>, _ pivots: UnsafeMutablePointer<Int32>
  ) -> Int32 {
    var (m, n, lda, info) = (m, n, m, Int32(0))
    sgetrf_(&m, &n, a, &lda, pivots, &info)
    return info
  }

  public static func geqrf(
    _ m: Int32, _ n: Int32, _ a: UnsafeMutablePointer<Float>, _ tau: UnsafeMutablePointer<Float>,
    _ work: UnsafeMutablePointer<Float>, _ workCount: Int32
  ) -> Int32 {
    var (m, n, lda, workCount, info) = (m, n, m, workCount, Int32(0))
    sgeqrf_(&m, &n, a, &lda, tau, work, &workCount, &info)
    return info
  }

  public static func orgqr(
    _ m: Int32, _ n: Int32, _ k: Int32, _ a: UnsafeMutablePointer<Float>,
    _ tau: UnsafePointer<Float>, _ work: UnsafeMutablePointer<Float>, _ workCount: Int32
  ) -> Int32 {
    var (m, n, k, lda, workCount, info) = (m, n, k, m, workCount, Int32(0))
    sorgqr_(&m, &n, &k, a, &lda, tau, work, &workCount, &info)
    return info
  }

  public static func syevd(
    _ job: CChar, _ uplo: CChar, _ n: Int32, _ a: UnsafeMutablePointer<Float>,
    _ values: UnsafeMutablePointer<Float>, _ work: UnsafeMutablePointer<Float>, _ workCount: Int32,
    _ integers: UnsafeMutablePointer<Int32>, _ integerCount: Int32
  ) -> Int32 {
    var (job, uplo, n, lda, info) = (job, uplo, n, n, Int32(0))
    var (workCount, integerCount) = (workCount, integerCount)
    ssyevd_(
      &job, &uplo, &n, a, &lda, values, work, &workCount, integers, &integerCount, &info, 1, 1)
    return info
  }

  public static func gesdd(
    _ job: CChar, _ m: Int32, _ n: Int32, _ a: UnsafeMutablePointer<Float>,
    _ values: UnsafeMutablePointer<Float>, _ u: UnsafeMutablePointer<Float>, _ ldu: Int32,
    _ vt: UnsafeMutablePointer<Float>, _ ldvt: Int32, _ work: UnsafeMutablePointer<Float>,
    _ workCount: Int32, _ integers: UnsafeMutablePointer<Int32>
  ) -> Int32 {
    var (job, m, n, lda, ldu, ldvt) = (job, m, n, m, ldu, ldvt)
    var (workCount, info) = (workCount, Int32(0))
    sgesdd_(
      &job, &m, &n, a, &lda, values, u, &ldu, vt, &ldvt, work, &workCount, integers, &info, 1)
    return info
  }

  public static func trsm(
    isLeft: Bool, isLower: Bool, isTransposed: Bool, isUnit: Bool, _ m: Int32, _ n: Int32,
    _ a: UnsafePointer<Float>, _ lda: Int32, _ b: UnsafeMutablePointer<Float>, _ ldb: Int32
  ) {
    cblas_strsm(
      CblasRowMajor, isLeft ? CblasLeft : CblasRight, isLower ? CblasLower : CblasUpper,
      isTransposed ? CblasTrans : CblasNoTrans, isUnit ? CblasUnit : CblasNonUnit, m, n, 1, a,
      lda, b, ldb)
  }
}

extension Double: LAPACKReal {
  public static func gemmOfTransposes(
    _ m: Int32, _ n: Int32, _ k: Int32, _ a: UnsafePointer<Double>, _ lda: Int32,
    _ b: UnsafePointer<Double>, _ ldb: Int32, _ c: UnsafeMutablePointer<Double>
  ) {
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasTrans, m, n, k, 1, a, lda, b, ldb, 0, c, n)
  }

  public static func potrf(
    _ uplo: CChar, _ n: Int32, _ a: UnsafeMutablePointer<Double>, _ lda: Int32
  ) -> Int32 {
    var (uplo, n, lda, info) = (uplo, n, lda, Int32(0))
    dpotrf_(&uplo, &n, a, &lda, &info, 1)
    return info
  }

  public static func getrf(
    _ m: Int32, _ n: Int32, _ a: UnsafeMutablePointer<Double>, _ pivots: UnsafeMutablePointer<Int32>
  ) -> Int32 {
    var (m, n, lda, info) = (m, n, m, Int32(0))
    dgetrf_(&m, &n, a, &lda, pivots, &info)
    return info
  }

  public static func geqrf(
    _ m: Int32, _ n: Int32, _ a: UnsafeMutablePointer<Double>, _ tau: UnsafeMutablePointer<Double>,
    _ work: UnsafeMutablePointer<Double>, _ workCount: Int32
  ) -> Int32 {
    var (m, n, lda, workCount, info) = (m, n, m, workCount, Int32(0))
    dgeqrf_(&m, &n, a, &lda, tau, work, &workCount, &info)
    return info
  }

  public static func orgqr(
    _ m: Int32, _ n: Int32, _ k: Int32, _ a: UnsafeMutablePointer<Double>,
    _ tau: UnsafePointer<Double>, _ work: UnsafeMutablePointer<Double>, _ workCount: Int32
  ) -> Int32 {
    var (m, n, k, lda, workCount, info) = (m, n, k, m, workCount, Int32(0))
    dorgqr_(&m, &n, &k, a, &lda, tau, work, &workCount, &info)
    return info
  }

  public static func syevd(
    _ job: CChar, _ uplo: CChar, _ n: Int32, _ a: UnsafeMutablePointer<Double>,
    _ values: UnsafeMutablePointer<Double>, _ work: UnsafeMutablePointer<Double>,
    _ workCount: Int32,
    _ integers: UnsafeMutablePointer<Int32>, _ integerCount: Int32
  ) -> Int32 {
    var (job, uplo, n, lda, info) = (job, uplo, n, n, Int32(0))
    var (workCount, integerCount) = (workCount, integerCount)
    dsyevd_(
      &job, &uplo, &n, a, &lda, values, work, &workCount, integers, &integerCount, &info, 1, 1)
    return info
  }

  public static func gesdd(
    _ job: CChar, _ m: Int32, _ n: Int32, _ a: UnsafeMutablePointer<Double>,
    _ values: UnsafeMutablePointer<Double>, _ u: UnsafeMutablePointer<Double>, _ ldu: Int32,
    _ vt: UnsafeMutablePointer<Double>, _ ldvt: Int32, _ work: UnsafeMutablePointer<Double>,
    _ workCount: Int32, _ integers: UnsafeMutablePointer<Int32>
  ) -> Int32 {
    var (job, m, n, lda, ldu, ldvt) = (job, m, n, m, ldu, ldvt)
    var (workCount, info) = (workCount, Int32(0))
    dgesdd_(
      &job, &m, &n, a, &lda, values, u, &ldu, vt, &ldvt, work, &workCount, integers, &info, 1)
    return info
  }

  public static func trsm(
    isLeft: Bool, isLower: Bool, isTransposed: Bool, isUnit: Bool, _ m: Int32, _ n: Int32,
    _ a: UnsafePointer<Double>, _ lda: Int32, _ b: UnsafeMutablePointer<Double>, _ ldb: Int32
  ) {
    cblas_dtrsm(
      CblasRowMajor, isLeft ? CblasLeft : CblasRight, isLower ? CblasLower : CblasUpper,
      isTransposed ? CblasTrans : CblasNoTrans, isUnit ? CblasUnit : CblasNonUnit, m, n, 1, a,
      lda, b, ldb)
  }
}
