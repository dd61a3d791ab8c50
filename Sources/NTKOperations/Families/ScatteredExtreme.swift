import NTKProgram

/// The greatest or least of an array's elements and the slices' at each place.
protocol ScatteredExtreme: Scattering {}

extension ScatteredExtreme {
  static func check(_ elementType: ElementType) throws(NTKError) {}

  // As JAX's: where n of the slices' elements and perhaps the array's own are the result, each has
  // an equal part of the tangent. The tangent of the array is taken off in equal parts by all slices
  // at a place, so that a place without any keeps it.
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    let (array, indices, updates) = (operands[0], operands[1], operands[2])
    let (arrayType, updatesType) = (b.type(of: array), b.type(of: updates))
    let mode = mode == .error ? .fill : mode
    let gather = gather(arrayType.shape, updatesType.shape, mode: mode)
    let add = ScatterAdd(numbers, mode: mode)
    let zeros = try b.zeros(updatesType)
    let ones = try b.ones(updatesType)
    let empty = try b.zeros(arrayType)

    let initial = try b.one(gather, array, indices)
    let target = try b.one(gather, results[0], indices)
    let isUpdate = try b.one(Eq(), updates, target)
    let isRetained = try b.one(Eq(), initial, target)
    func counted(_ what: Value, in b: inout ProgramBuilder) throws(NTKError) -> Value {
      let sums = try b.one(add, empty, indices, what)
      return try b.one(gather, sums, indices)
    }
    let successes = try b.select(isUpdate, ones, zeros)
    let successCount = try counted(successes, in: &b)
    let count = try counted(ones, in: &b)
    let one = try b.select(isRetained, ones, zeros)
    let winners = try b.add(successCount, one)
    let share = try b.div(ones, winners)
    let updatesFactor = try b.select(isUpdate, share, zeros)
    let kept = try b.select(isRetained, share, zeros)
    let taken = try b.sub(kept, ones)
    // A slice outside counts none, and is dropped.
    let present = try b.one(Max(), count, ones)
    let arrayFactor = try b.div(taken, present)

    let arrayTangent = try b.instantiate(tangents[0], arrayType)
    var change: Value?
    if tangents[0] != nil {
      let there = try b.one(gather, arrayTangent, indices)
      change = try b.mul(there, arrayFactor)
    }
    if let tangent = tangents[2] {
      let own = try b.mul(tangent, updatesFactor)
      change = try b.sum(change, own)
    }
    let placed = try b.instantiate(change, updatesType)
    return [try b.one(add, arrayTangent, indices, placed)]
  }
}
