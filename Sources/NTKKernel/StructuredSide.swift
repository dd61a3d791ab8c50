import NTKOperations
import NTKProgram

/// One output of one side, taken apart at its cut: the terms Σ D A B of each parameter's Jacobian,
/// and the program of the arrays that they are made of.
struct StructuredOutput {
  /// One path from a parameter to an edge.
  struct Term {
    let edge: ParameterCut.Place
    /// The forms of the steps from the parameter to the edge, the edge's own last if it has one.
    let steps: [Step]
  }

  struct Step {
    let form: LinearForm
    /// What the form's residuals and tables number.
    let operands: [Value]

    /// The values that the form reads.
    var values: [Value] {
      var values = form.residuals.filter { $0.operand >= 0 }.map { operands[$0.operand] }
      for case .table(_, let operand, _) in form.relations { values.append(operands[operand]) }
      return values
    }
  }

  /// What an array of `program` is.
  enum Content: Hashable {
    /// The Jacobian by a parameter, dense.
    case jacobian(Int)
    /// D of an edge.
    case cotangent(ParameterCut.Place)
    /// A value that a form has as a residual.
    case residual(Value)
  }

  let samples: SampleAxis?
  let cut: ParameterCut
  /// The output's type, all samples together.
  let type: ValueType
  /// For each parameter, its terms; nil: there is a path without a form, or too many.
  let terms: [[Term]?]
  let contents: [Content]
  /// The position of each content among the outputs of `program`.
  private let positions: [Content: Int]
  /// (parameters, other inputs) -> `contents`; the arrays of samples have them on axis 0.
  let program: Program
  /// Whether an array has samples.
  let isMapped: [Bool]

  /// More uses of a parameter than this make one dense product cheaper than their pairs.
  private static let greatestTermCount = 24

  init(
    _ program: Program, output: Int, _ options: KernelOptions,
    _ found: Result<SampleAxis, SampleAxis.Mixing>
  ) throws(NTKError) {
    let parameters = options.parameters
    type = program.outputTypes[output]
    let single: Program
    switch found {
    case .success(let axis):
      samples = axis
      single = try axis.single().binding()
    case .failure:
      samples = nil
      single = try program.selecting([output]).binding()
    }
    let cut = try ParameterCut(single, parameters: parameters)
    self.cut = cut
    let terms = try StructuredOutput.terms(cut, count: parameters.count)
    self.terms = terms
    let edges = distinct(terms.flatMap { $0?.map(\.edge) ?? [] })
    var residuals: [Value] = []
    for term in terms.flatMap({ $0 ?? [] }) { residuals += term.steps.flatMap(\.values) }
    residuals = distinct(residuals.map(\.index)).map { Value($0) }
    let contents =
      parameters.indices.map { Content.jacobian($0) } + edges.map { .cotangent($0) }
      + residuals.map { .residual($0) }
    self.contents = contents
    positions = Dictionary(uniqueKeysWithValues: contents.enumerated().map { ($1, $0) })
    let blocks = try cut.blocks(at: edges)
    let values = try cut.residuals(residuals)
    var isMapped: [Bool] = []
    let samples = self.samples
    self.program = try program.building(
      parametersFirst: parameters
    ) { b, inputs throws(NTKError) in
      let both = try Program.build(single.inputTypes) { c, own throws(NTKError) in
        try c.call(blocks, own) + c.call(values, own)
      }.simplified()
      guard let samples else {
        isMapped = contents.map { _ in false }
        return try b.call(both, inputs)
      }
      let (arrays, axes) = try both.mapped(
        samples.arguments(inputs, in: &b), samples.axes, size: samples.size, in: &b)
      isMapped = axes.map { $0 != nil }
      var placed: [Value] = []
      for (array, axis) in zip(arrays, axes) {
        placed.append(
          try axis.map { axis throws(NTKError) in
            try b.move(array, axis: axis, to: 0)
          } ?? array)
      }
      return placed
    }
    self.isMapped = isMapped
  }

  private static func terms(
    _ cut: ParameterCut, count: Int
  ) throws(NTKError) -> [[Term]?] {
    var terms = [[Term]?](repeating: cut.isComplete ? [] : nil, count: count)
    var known: [ParameterCut.Step: Step?] = [:]
    for edge in cut.edges {
      guard let paths = cut.paths(to: edge, most: 64) else {
        return terms.map { _ in nil }
      }
      for (parameter, path) in paths {
        guard let others = terms[parameter] else { continue }
        var steps: [Step] = []
        for step in path {
          if known[step] == nil { known[step] = .some(try cut.reducedForm(step)) }
          guard case .some(.some(let form)) = known[step] else { break }
          steps.append(form)
        }
        guard steps.count >= path.count - 1, others.count < greatestTermCount else {
          terms[parameter] = nil
          continue
        }
        let place: ParameterCut.Place =
          steps.count == path.count ? .result(equation: edge.equation) : .operand(edge)
        terms[parameter] = others + [Term(edge: place, steps: steps)]
      }
    }
    return terms
  }

  /// The position of an array among the outputs of `program`; nil for a value that no form reads.
  func index(of content: Content) -> Int? { positions[content] }

  /// The same of an array that a term needs.
  func position(_ content: Content) throws(NTKError) -> Int {
    guard let position = positions[content] else {
      throw .invariant("a term of a kernel has no array")
    }
    return position
  }
}

extension ParameterCut {
  /// The form of an equation for one operand. A residual that only repeats a smaller array has that
  /// array's labels alone, and one number everywhere is a scale: so a scaled weight costs what the
  /// weight does.
  fileprivate func reducedForm(_ step: Step) throws(NTKError) -> StructuredOutput.Step? {
    guard var form = try form(step) else { return nil }
    var operands = jvp.equation(step.equation).operands
    for index in form.residuals.indices {
      var residual = form.residuals[index]
      while residual.operand >= 0, let defining = definition(of: operands[residual.operand]) {
        if let full = defining.primitive as? Full {
          let number = full.value.doubleValue
          switch residual.use {
          case .factor: residual = .init(-1, [], .scale(number))
          case .reciprocalFactor: residual = .init(-1, [], .scale(1 / number))
          case .mask, .scale: break
          }
          break
        }
        guard let axes = try relabelled(residual.axes, through: defining) else { break }
        residual.operand = operands.count
        residual.axes = axes
        operands.append(defining.operands[0])
      }
      form.residuals[index] = residual
    }
    return StructuredOutput.Step(form: form, operands: operands)
  }

  /// The axes of what a view is of, given the view's; nil if it is none, or does not only repeat and
  /// permute.
  private func relabelled(
    _ axes: [[Int]], through equation: Program.Equation
  ) throws(NTKError) -> [[Int]]? {
    guard equation.primitive is any ViewPrimitive,
      let linear = equation.primitive as? any LinearInOperands,
      let form = try linear.form(of: 0, jvp.types(of: equation.operands)),
      form.residuals.isEmpty, form.relations.isEmpty, form.result.allSatisfy({ $0.count <= 1 })
    else { return nil }
    var places: [Int: [Int]] = [:]
    for (own, labels) in zip(form.result, axes) {
      guard let label = own.first else { continue }
      guard places[label] == nil else { return nil }
      places[label] = labels
    }
    var result: [[Int]] = []
    for own in form.operand {
      var labels: [Int] = []
      for label in own {
        guard let place = places[label] ?? (form.labels[label] == 1 ? [] : nil) else { return nil }
        labels += place
      }
      result.append(labels)
    }
    return result
  }
}
