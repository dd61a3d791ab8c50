import NTKProgram

/// Every operation, by name.
public struct StandardCatalog: OperationCatalog {
  public static let primitives: [any Primitive.Type] = [
    Add.self, BroadcastInDim.self, Constant.self, ConvertElementType.self, Eq.self, Full.self,
    Iota.self, ReduceSum.self, Reshape.self, SelectN.self, Transpose.self,
    And.self, Concatenate.self, Cos.self, Div.self, DotGeneral.self, Exp.self, Gather.self,
    Ge.self, Gt.self, IntegerPow.self, Le.self, Log.self, Logistic.self, Lt.self, Max.self,
    Mul.self, Ne.self, Neg.self, Not.self, Or.self, Pad.self, ReduceMax.self, Rev.self, Scan.self,
    ScatterAdd.self, Sin.self, Slice.self, Sqrt.self, StopGradient.self, Sub.self, Tanh.self,
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
