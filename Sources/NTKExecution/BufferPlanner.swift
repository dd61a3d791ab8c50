import NTKProgram
import NTKRuntime

/// Gives every value that reaches memory a buffer, by lifetimes, and writes the steps.
struct BufferPlanner {
  private(set) var buffers: [Executable.Buffer] = []
  private(set) var steps: [Executable.Step] = []
  private(set) var arena = ArenaPlanner()
  private(set) var slotsByteCount = 0

  private let program: Program
  private let schedule: Schedule
  /// The buffer of each root value, -1: none.
  private var bufferOf: [Int]
  private var constantBuffers: [Int: Int] = [:]
  /// The last item that reads each root value; the number of items for an output.
  private var lastUse: [Int]
  /// Arena buffers by the item after which they are free.
  private var releases: [Int: [(offset: Int, size: Int)]] = [:]

  init(_ program: Program, _ schedule: Schedule) {
    self.program = program
    self.schedule = schedule
    bufferOf = [Int](repeating: -1, count: program.valueCount)
    lastUse = [Int](repeating: -1, count: program.valueCount)
  }

  mutating func plan() throws(NTKError) {
    for index in 0..<program.inputCount {
      bufferOf[index] = buffers.count
      buffers.append(.input(index))
    }
    let inMemory = valuesInMemory()
    let outputCopies = assignOutputs(inMemory)
    for (item, work) in schedule.items.enumerated() {
      switch work {
      case .group(let members): try planGroup(item, members, inMemory)
      case .equation(let index): try planEvaluation(item, index)
      }
      for (offset, size) in releases.removeValue(forKey: item) ?? [] {
        arena.release(offset, size)
      }
    }
    for (value, output) in outputCopies {
      steps.append(
        .copy(from: place(value), to: output, program.type(of: value).elementType))
    }
  }

  private func root(_ value: Value) -> Int? {
    if case .value(let index) = schedule.roots[value.index] { index } else { nil }
  }

  /// Values of groups that something outside the group reads; fills in `lastUse` on the way.
  private mutating func valuesInMemory() -> [Bool] {
    var inMemory = [Bool](repeating: false, count: program.valueCount)
    func read(_ value: Value, at item: Int) {
      guard let root = root(value) else { return }
      lastUse[root] = max(lastUse[root], item)
      if root != value.index || schedule.groupOf[root] != item { inMemory[root] = true }
    }
    for (item, work) in schedule.items.enumerated() {
      switch work {
      case .group(let members):
        for index in members {
          for operand in program.equation(index).operands { read(operand, at: item) }
        }
      case .equation(let index):
        for operand in program.equation(index).operands { read(operand, at: item) }
      }
    }
    for output in program.outputs { read(output, at: schedule.items.count) }
    return inMemory
  }

  /// Values that are outputs as they stand are computed in the caller's buffer; others are copied
  /// there at the end.
  private mutating func assignOutputs(_ inMemory: [Bool]) -> [(Value, buffer: Int)] {
    var copies: [(Value, buffer: Int)] = []
    for (index, output) in program.outputs.enumerated() {
      buffers.append(.output(index))
      if let root = root(output), root == output.index, bufferOf[root] < 0 {
        bufferOf[root] = buffers.count - 1
      } else {
        copies.append((output, buffers.count - 1))
      }
    }
    return copies
  }

  private mutating func takeArena(_ size: Int, until item: Int) throws(NTKError) -> Int {
    let offset = try arena.allocate(size)
    if item < schedule.items.count { releases[item, default: []].append((offset, size)) }
    buffers.append(.arena(offset: offset))
    return buffers.count - 1
  }

  /// The buffer of a value that an item computes.
  private mutating func result(_ value: Value, of item: Int) throws(NTKError) -> Int {
    if bufferOf[value.index] < 0 {
      bufferOf[value.index] = try takeArena(
        program.type(of: value).byteCount, until: max(lastUse[value.index], item))
    }
    return bufferOf[value.index]
  }

  private mutating func place(_ value: Value) -> Executable.Place {
    let layout = schedule.layouts[value.index]
    switch schedule.roots[value.index] {
    case .value(let root): return Executable.Place(buffer: bufferOf[root], layout: layout)
    case .constant(let offset):
      if let buffer = constantBuffers[offset] {
        return Executable.Place(buffer: buffer, layout: layout)
      }
      constantBuffers[offset] = buffers.count
      buffers.append(.constant(offset: offset))
      return Executable.Place(buffer: buffers.count - 1, layout: layout)
    }
  }

  private mutating func planEvaluation(_ item: Int, _ index: Int) throws(NTKError) {
    let equation = program.equation(index)
    let primitive = equation.primitive
    let takesAnyStrides = primitive.evaluation.contains(.anyStrides)
    var operands: [(place: Executable.Place, elementType: ElementType)] = []
    var contiguous: [Int?] = []
    var layouts: [Layout] = []
    for operand in equation.operands {
      let place = place(operand)
      let type = program.type(of: operand)
      operands.append((place, type.elementType))
      if takesAnyStrides || place.layout.isContiguous {
        contiguous.append(nil)
        layouts.append(place.layout)
      } else {
        contiguous.append(try takeArena(type.byteCount, until: item))
        layouts.append(Layout(type.shape))
      }
    }
    var bodies: [ObjectIdentifier: Executable] = [:]
    var bodyArena = 0
    if let higherOrder = primitive as? any HigherOrder {
      for body in higherOrder.bodies {
        let executable = try CompileCache.executable(for: body)
        bodies[ObjectIdentifier(body)] = executable
        bodyArena = max(bodyArena, executable.arenaByteCount)
        slotsByteCount = max(slotsByteCount, executable.slotsByteCount)
      }
    }
    let needed = try primitive.scratchByteCount(
      program.types(of: equation.operands), layouts: layouts)
    guard needed <= Int.max / 4 else { throw .outOfMemory(needed: needed, limit: nil) }
    let ownScratch = ArenaPlanner.rounded(needed)
    let scratch = try takeArena([ownScratch, bodyArena].saturatingSum(), until: item)
    var results: [(buffer: Int, type: ValueType)] = []
    for value in equation.results {
      results.append((try result(value, of: item), program.type(of: value)))
    }
    steps.append(
      .evaluate(
        Executable.Evaluation(
          primitive: primitive, operands: operands, contiguous: contiguous, results: results,
          scratch: scratch, bodies: bodies, bodyOffset: ownScratch, source: equation.source)))
  }

  private mutating func planGroup(
    _ item: Int, _ members: [Int], _ inMemory: [Bool]
  ) throws(NTKError) {
    let first = program.equation(members[0])
    let shape = program.type(of: first.results[0]).shape
    var writer = GroupWriter(sizes: shape.sizes, elementCount: shape.elementCount)
    // The last member that reads each value, so that slots are used again.
    var lastReader: [Int: Int] = [:]
    for (position, index) in members.enumerated() {
      for operand in program.equation(index).operands { lastReader[operand.index] = position }
    }
    for (position, index) in members.enumerated() {
      let equation = program.equation(index)
      guard let primitive = equation.primitive as? any Elementwise,
        let block = primitive.block(program.types(of: equation.operands).map(\.elementType))
      else { continue }
      var operands: [ElementwiseGroup.Register] = []
      for operand in equation.operands {
        let type = program.type(of: operand).elementType
        if let register = writer.registers[operand.index] {
          operands.append(register)
        } else {
          operands.append(writer.load(operand.index, place(operand), itemSize: type.byteCount))
        }
      }
      // A result may stand where an operand dies, if the items are of one size; the others'
      // slots are free only after the operation.
      let value = equation.results[0]
      let itemSize = program.type(of: value).elementType.byteCount
      let dying = equation.operands.filter { lastReader[$0.index] == position }
      for operand in dying where program.type(of: operand).elementType.byteCount == itemSize {
        writer.free(operand.index)
      }
      let register: ElementwiseGroup.Register
      if inMemory[value.index] || bufferOf[value.index] >= 0 {
        let buffer = try result(value, of: item)
        register = .array(buffer: buffer, byteOffset: 0, itemSize: itemSize)
      } else {
        register = .slot(writer.takeSlot(value.index))
      }
      writer.registers[value.index] = register
      for operand in dying { writer.free(operand.index) }
      if lastReader[value.index] == nil { writer.free(value.index) }
      writer.group.operations.append(.init(block: block, operands: operands, result: register))
    }
    slotsByteCount = max(slotsByteCount, writer.group.slotsByteCount)
    steps.append(.group(writer.group))
  }
}

/// Writes the operations of a group, giving out slots.
private struct GroupWriter {
  var group: ElementwiseGroup
  /// Where each value stands while the group runs.
  var registers: [Int: ElementwiseGroup.Register] = [:]
  private var freeSlots: [Int] = []
  private var slotOf: [Int: Int] = [:]

  init(sizes: [Int], elementCount: Int) {
    group = ElementwiseGroup(sizes: sizes, elementCount: elementCount)
  }

  mutating func takeSlot(_ value: Int) -> Int {
    let slot: Int
    if let free = freeSlots.popLast() {
      slot = free
    } else {
      slot = group.slotCount
      group.slotCount += 1
    }
    slotOf[value] = slot
    return slot
  }

  /// Gives a value's slot back. Slots that are loaded at the start of a block are kept: they are
  /// loaded before any operation runs.
  mutating func free(_ value: Int) {
    guard let slot = slotOf.removeValue(forKey: value) else { return }
    freeSlots.append(slot)
  }

  /// An operand from outside: used where it stands if it is row-major, else copied into a slot.
  mutating func load(
    _ value: Int, _ place: Executable.Place, itemSize: Int
  ) -> ElementwiseGroup.Register {
    let layout = place.layout
    let byteOffset = layout.offset * itemSize
    let register: ElementwiseGroup.Register
    if zip(layout.sizes, layout.strides).allSatisfy({ $0 == 1 || $1 == 0 }),
      group.elementCount > 1
    {
      register = .slot(group.slotCount)
      group.fills.append(
        .init(
          slot: group.slotCount, buffer: place.buffer, byteOffset: byteOffset,
          itemSize: itemSize))
      group.slotCount += 1
    } else if layout.isContiguous {
      register = .array(buffer: place.buffer, byteOffset: byteOffset, itemSize: itemSize)
    } else {
      register = .slot(group.slotCount)
      group.gathers.append(
        .init(
          slot: group.slotCount, buffer: place.buffer, byteOffset: byteOffset,
          byteStrides: layout.strides.map { $0 * itemSize }, itemSize: itemSize))
      group.slotCount += 1
    }
    registers[value] = register
    return register
  }
}
