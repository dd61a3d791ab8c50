import NTKProgram

/// Einstein's summation by loops over all labels. The output is explicit; labels are letters; a
/// label has one size, or 1.
func naiveEinsum(_ subscripts: String, _ operands: [TestArray]) -> [Double] {
  let sides = subscripts.split(separator: ">", omittingEmptySubsequences: false)
  let terms = sides[0].dropLast().split(separator: ",", omittingEmptySubsequences: false)
    .map(Array.init)
  let output = Array(sides[1])
  var sizes: [Character: Int] = [:]
  for (term, operand) in zip(terms, operands) {
    for (label, size) in zip(term, operand.shape) where size != 1 || sizes[label] == nil {
      sizes[label] = size
    }
  }
  let summed = Set(terms.joined()).subtracting(output).sorted()
  let labels = output + summed
  let counts = labels.map { sizes[$0] ?? 1 }
  let outputCount = output.reduce(1) { $0 * (sizes[$1] ?? 1) }
  var result = [Double](repeating: 0, count: outputCount)
  for flat in 0..<counts.reduce(1, *) {
    var rest = flat
    var values: [Character: Int] = [:]
    for (label, count) in zip(labels, counts).reversed() {
      values[label] = rest % count
      rest /= count
    }
    var product = 1.0
    for (term, operand) in zip(terms, operands) {
      var index = 0
      for (label, size) in zip(term, operand.shape) {
        index = index * size + (size == 1 ? 0 : values[label] ?? 0)
      }
      product *= operand.values[index]
    }
    let row = output.reduce(0) { $0 * (sizes[$1] ?? 1) + (values[$1] ?? 0) }
    result[row] += product
  }
  return result
}
