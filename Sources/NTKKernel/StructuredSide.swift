import NTKOperations
import NTKProgram

/// One output of one side, taken apart at its cut: the terms Σ D A B of each parameter's Jacobian,
/// and the program of the arrays that they are made of.
struct StructuredOutput {
  /// One path from a parameter to an edge.
  struct Term {
    /// The equation of the edge.
    let edge: Int
    /// The steps from the parameter to the edge, the edge last, with their forms.
    let steps: [(step: ParameterCut.Step, form: LinearForm)]
  }

  /// What an array of `program` is.
  enum Content: Hashable {
    /// The Jacobian by a parameter, dense.
    case jacobian(Int)
    /// D of an equation.
    case cotangent(Int)
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
  private let index: [Content: Int]
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
    let edges = distinct(terms.flatMap { $0?.map(\.edge) ?? [] }).sorted()
    var residuals: [Value] = []
    for term in terms.flatMap({ $0 ?? [] }) {
      for (step, form) in term.steps {
        let operands = cut.jvp.equation(step.equation).operands
        residuals += form.residuals.filter { $0.operand >= 0 }.map { operands[$0.operand] }
        for case .table(_, let operand, _) in form.relations { residuals.append(operands[operand]) }
      }
    }
    residuals = distinct(residuals.map(\.index)).map { Value($0) }
    let contents =
      parameters.indices.map { Content.jacobian($0) } + edges.map { .cotangent($0) }
      + residuals.map { .residual($0) }
    self.contents = contents
    index = Dictionary(uniqueKeysWithValues: contents.enumerated().map { ($1, $0) })
    let blocks = try cut.blocks(of: edges)
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
    var forms: [ParameterCut.Step: LinearForm?] = [:]
    for edge in cut.edges {
      guard let paths = cut.paths(to: edge, most: 64) else {
        return terms.map { _ in nil }
      }
      for (parameter, path) in paths {
        guard let others = terms[parameter] else { continue }
        var steps: [(step: ParameterCut.Step, form: LinearForm)] = []
        for step in path {
          if forms[step] == nil { forms[step] = .some(try cut.form(step)) }
          guard case .some(.some(let form)) = forms[step] else { break }
          steps.append((step, form))
        }
        guard steps.count == path.count, others.count < greatestTermCount else {
          terms[parameter] = nil
          continue
        }
        terms[parameter] = others + [Term(edge: edge.equation, steps: steps)]
      }
    }
    return terms
  }

  /// The position of an array among the outputs of `program`.
  func position(_ content: Content) throws(NTKError) -> Int {
    guard let position = index[content] else {
      throw .invariant("a term of a kernel has no array")
    }
    return position
  }
}
