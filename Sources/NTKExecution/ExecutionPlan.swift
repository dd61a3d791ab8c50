import NTKProgram
import NTKRuntime

/// How a program runs: which equations are views, which form elementwise groups, in which order
/// steps stand, and where every buffer is.
struct ExecutionPlan {
  private(set) var buffers: [Executable.Buffer] = []
  private(set) var steps: [Executable.Step] = []
  private(set) var arena = ArenaPlanner()
  private(set) var constants: AlignedStorage
  private(set) var slotsByteCount = 0

  init(_ program: Program) throws(NTKError) {
    let schedule = try Schedule(program)
    constants = try ExecutionPlan.constantStorage(schedule)
    var planner = BufferPlanner(program, schedule)
    try planner.plan()
    buffers = planner.buffers
    steps = planner.steps
    arena = planner.arena
    slotsByteCount = planner.slotsByteCount
  }

  /// One value for each `full`, 64 bytes apart, then the constant arrays.
  private static func constantStorage(_ schedule: Schedule) throws(NTKError) -> AlignedStorage {
    guard let storage = AlignedStorage(byteCount: schedule.constantByteCount) else {
      throw .outOfMemory(needed: schedule.constantByteCount, limit: nil)
    }
    for (offset, constant) in schedule.constants {
      switch constant {
      case .literal(let literal): literal.store(to: storage.baseAddress + offset)
      case .array(let array):
        array.bytes.withUnsafeBytes { bytes in
          if let source = bytes.baseAddress {
            (storage.baseAddress + offset).copyMemory(from: source, byteCount: bytes.count)
          }
        }
      }
    }
    return storage
  }
}

/// The order of work, before memory is planned.
struct Schedule {
  enum Item {
    /// Elementwise equations, by index.
    case group([Int])
    case equation(Int)
  }

  enum Stored {
    case literal(Literal)
    case array(DenseArray)
  }

  /// What a value is a view of: another value, or a constant.
  enum Root: Hashable {
    case value(Int)
    case constant(offset: Int)
  }

  private(set) var items: [Item] = []
  /// For each value, the memory that it is a view of, and its layout there.
  private(set) var roots: [Root] = []
  private(set) var layouts: [Layout] = []
  /// For each value that a group computes, the item.
  private(set) var groupOf: [Int?] = []
  private(set) var constants: [(offset: Int, Stored)] = []
  private(set) var constantByteCount = 0

  /// More operations than this in a group would need more slots than the cache has room for.
  private static let greatestGroup = 48

  init(_ program: Program) throws(NTKError) {
    // The item after which each value is ready; -1: from the start.
    var ready: [Int] = []
    var openGroups: [[Int]: Int] = [:]
    for index in 0..<program.inputCount {
      add(.value(index), Layout(program.inputTypes[index].shape))
      ready.append(-1)
    }
    for (index, equation) in program.equations.enumerated() {
      let primitive = equation.primitive
      if let full = primitive as? Full, let shape = try? Shape(full.shape) {
        let offset = addConstant(.literal(full.value), 8)
        add(
          .constant(offset: offset),
          Layout(sizes: shape.sizes, strides: [Int](repeating: 0, count: shape.rank)))
        ready.append(-1)
        continue
      }
      if let constant = primitive as? Constant {
        let offset = addConstant(.array(constant.data), constant.data.bytes.count)
        add(.constant(offset: offset), Layout(constant.data.type.shape))
        ready.append(-1)
        continue
      }
      if let view = primitive as? any ViewPrimitive,
        let layout = view.view(
          of: layouts[equation.operands[0].index], program.type(of: equation.results[0]))
      {
        let operand = equation.operands[0].index
        roots.append(roots[operand])
        layouts.append(layout)
        groupOf.append(nil)
        ready.append(ready[operand])
        continue
      }
      if primitive is any Elementwise {
        let shape = program.type(of: equation.results[0]).shape
        let item = place(index, equation, shape, ready, &openGroups)
        add(.value(equation.results[0].index), Layout(shape))
        groupOf[groupOf.count - 1] = item
        ready.append(item)
        continue
      }
      items.append(.equation(index))
      for result in equation.results {
        add(.value(result.index), Layout(program.type(of: result).shape))
        ready.append(items.count - 1)
      }
    }
  }

  private mutating func add(_ root: Root, _ layout: Layout) {
    roots.append(root)
    layouts.append(layout)
    groupOf.append(nil)
  }

  private mutating func addConstant(_ constant: Stored, _ byteCount: Int) -> Int {
    let offset = constantByteCount
    constants.append((offset, constant))
    constantByteCount += ArenaPlanner.rounded(byteCount)
    return offset
  }

  /// Puts an elementwise equation into the last group of its shape if its operands are ready there,
  /// else into a new one; returns the item.
  private mutating func place(
    _ index: Int, _ equation: Program.Equation, _ shape: Shape, _ ready: [Int],
    _ openGroups: inout [[Int]: Int]
  ) -> Int {
    if let item = openGroups[shape.sizes], case .group(var members) = items[item],
      members.count < Schedule.greatestGroup,
      equation.operands.allSatisfy({ operand in
        ready[operand.index] < item
          // From the group itself: as it was computed, not as a view.
          || (ready[operand.index] == item && groupOf[operand.index] == item)
      })
    {
      members.append(index)
      items[item] = .group(members)
      return item
    }
    items.append(.group([index]))
    openGroups[shape.sizes] = items.count - 1
    return items.count - 1
  }
}
