import NTKProgram

/// Every operation, by name.
public struct StandardCatalog: OperationCatalog {
  public static let primitives: [any Primitive.Type] = [
    Add.self, BroadcastInDim.self, Constant.self, ConvertElementType.self, Eq.self, Full.self,
    Iota.self, ReduceSum.self, Reshape.self, SelectN.self, Transpose.self,
    Abs.self, Acos.self, Acosh.self, And.self, Argmax.self, Argmin.self, Asin.self, Asinh.self,
    Atan.self, Atan2.self, Atanh.self, BitcastConvertType.self, Callback.self, CallbackJVP.self,
    CallbackVJP.self, Cbrt.self, Ceil.self, Checkpoint.self, Clamp.self,
    Concatenate.self, Cond.self, ConvGeneralDilated.self, Cos.self, Cosh.self, Cumlogsumexp.self,
    Cummax.self, Cummin.self,
    Cumprod.self, Cumsum.self, CustomJVPCall.self, CustomLinear.self, CustomLinearSolve.self,
    CustomRoot.self, CustomVJPCall.self, Div.self, DotGeneral.self, DynamicSlice.self,
    DynamicUpdateSlice.self, Erf.self, Erfc.self, ErfInv.self, Exp.self, Exp2.self, Expm1.self,
    Floor.self, Gather.self, Ge.self, Gt.self, IntegerPow.self, IsFinite.self, Le.self, Log.self,
    Log1p.self, Logistic.self, Lt.self, Max.self, Min.self, Mul.self, Ne.self, Neg.self,
    Nextafter.self, Not.self, Or.self, Pad.self, Pow.self, ReduceAnd.self, ReduceMax.self,
    ReduceMin.self, ReduceOr.self, ReduceProd.self, ReduceWindowMax.self,
    ReduceWindowMin.self, ReduceWindowSum.self, ReduceXor.self, Rem.self, Rev.self, Round.self,
    Rsqrt.self, Scan.self, ScatterAdd.self, SelectAndGatherAdd.self, SelectAndScatterAdd.self,
    ShiftLeft.self, ShiftRightArithmetic.self,
    ShiftRightLogical.self, Sign.self, Sin.self, Sinh.self, Slice.self, Sqrt.self, Squeeze.self,
    Cholesky.self, Det.self, Eigh.self, Fft.self, LinearSolve.self, Lu.self, Pinv.self, Qr.self,
    Slogdet.self, Svd.self, TriangularSolve.self,
    StopGradient.self, Sub.self, Tan.self, Tanh.self, Threefry2x32.self, While.self, Xor.self,
    BesselI0e.self, BesselI1e.self, Clz.self, Digamma.self, Lgamma.self, Polygamma.self,
    PopulationCount.self, RandomGammaGrad.self, RandomGammaSample.self,
    Scatter.self, ScatterMax.self, ScatterMin.self, ScatterMul.self,
    Sort.self, TopK.self,
  ]

  private let types: [String: any Primitive.Type]

  public init() {
    var types: [String: any Primitive.Type] = [:]
    for primitive in StandardCatalog.primitives { types[primitive.name] = primitive }
    self.types = types
  }

  public func primitive(named name: String) -> (any Primitive.Type)? { types[name] }
}

public let standardCatalog = StandardCatalog()
