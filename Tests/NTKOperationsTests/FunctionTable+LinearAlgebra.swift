import NTKProgram

let linearAlgebraFunctionTable: [FunctionCase] = {
  var table: [FunctionCase] = []
  let squares = [
    type(.f64, 3, 3), type(.f64, 1, 1), type(.f64, 0, 0), type(.f64, 2, 2, 2), type(.f64, 4, 4),
  ]
  for square in squares {
    for name in ["inv", "det", "slogdet", "cholesky", "eigh"] {
      table.append(FunctionCase("np.linalg.\(name)", [square], [:], [.dominant]))
    }
    table.append(
      FunctionCase("np.linalg.cholesky", [square], ["upper": .bool(true)], [.dominant]))
    table.append(
      FunctionCase("np.linalg.eigh", [square], ["UPLO": .string("U")], [.dominant]))
  }
  for (a, b) in [
    (type(.f64, 2, 2), type(.f64, 2)), (type(.f64, 2, 2), type(.f64, 2, 3)),
    (type(.f64, 2, 2), type(.f64, 3, 2, 1)), (type(.f64, 3, 2, 2), type(.f64, 2, 1)),
    (type(.f64, 3, 1, 2, 2), type(.f64, 2, 2, 1)), (type(.f64, 3, 2, 2), type(.f64, 2)),
    (type(.f64, 0, 0), type(.f64, 0)), (type(.f64, 0, 2, 2), type(.f64, 2, 1)),
  ] {
    table.append(FunctionCase("np.linalg.solve", [a, b], [:], [.dominant, .any]))
  }
  return table
}()
