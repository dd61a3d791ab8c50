/// A part of a batch of matrix products that one thread computes.
struct ProductTile {
  var batch: Range<Int>
  var rows: Range<Int>
  var columns: Range<Int>
  var inner: Range<Int>
  /// Which of the partial sums over the inner axis.
  var part: Int
}

/// How a batch of matrix products is cut into tiles: by the sizes alone, since BLAS rounds
/// differently for other sizes.
struct ProductTiling: Hashable, Sendable {
  private let rows: Cut
  private let columns: Cut
  private let inner: Cut
  private let batch: Cut

  /// An axis cut into pieces of equal size but the last.
  private struct Cut: Hashable, Sendable {
    let size: Int
    let piece: Int
    let count: Int

    /// About `size / piece` pieces, of nearly one size, in multiples of `unit`.
    init(_ size: Int, piece: Int, unit: Int) {
      self.size = size
      let count = max((size - 1) / piece + 1, 1)
      let even = (size - 1) / count + 1
      self.piece = min(max((even - 1) / unit + 1, 1) * unit, max(size, 1))
      self.count = size == 0 ? 1 : (size - 1) / self.piece + 1
    }

    func range(_ index: Int) -> Range<Int> {
      let start = index * piece
      return start..<(start + min(piece, size - start))
    }
  }

  /// Tiles enough for a few threads; each more packs operands once more. A large product bears it.
  private static let fewTiles = 8.0
  private static let manyTiles = 64.0
  private static let largeWork = Double(1 << 27)
  /// Multiplications that are worth a thread's waking.
  private static let leastWork = Double(1 << 20)
  /// What a product of a batch costs besides its multiplications, in multiplications.
  private static let overhead = Double(1 << 13)
  /// A multiplication of a matrix by a vector waits for memory.
  private static let vectorCost = 4.0
  /// Beyond this, a tile's operands leave the cache.
  private static let largestSide = 512
  private static let smallestSide = 64
  private static let smallestDepth = 1024

  init(rows: Int, columns: Int, inner: Int, batch: Int) {
    var rowPiece = max(min(rows, Self.largestSide), 1)
    var columnPiece = max(min(columns, Self.largestSide), 1)
    // One long side makes up for a short one.
    if columnPiece < Self.largestSide {
      rowPiece = max(min(rows, Self.largestSide * Self.largestSide / columnPiece), 1)
    } else if rowPiece < Self.largestSide {
      columnPiece = max(min(columns, Self.largestSide * Self.largestSide / rowPiece), 1)
    }
    var depthPiece = max(inner, 1)
    func tiles() -> Double {
      (Double(rows) / Double(rowPiece)).rounded(.up)
        * (Double(columns) / Double(columnPiece)).rounded(.up)
        * (Double(inner) / Double(depthPiece)).rounded(.up) * Double(batch)
    }
    let cost = min(rows, columns) == 1 ? Self.vectorCost : 1
    func work() -> Double { cost * Double(rowPiece) * Double(columnPiece) * Double(depthPiece) }
    func isCoarse() -> Bool {
      work() >= 2 * Self.leastWork && tiles() < Self.fewTiles
        || work() >= Self.largeWork && tiles() < Self.manyTiles
    }
    while isCoarse() {
      let side = max(rowPiece, columnPiece)
      // Partial sums cost memory and another pass over the result, so only deep products have them.
      if depthPiece >= 2 * Self.smallestDepth, depthPiece / 8 > side {
        depthPiece = (depthPiece + 1) / 2
      } else if side < 2 * Self.smallestSide {
        break
      } else if rowPiece >= columnPiece {
        rowPiece = (rowPiece + 1) / 2
      } else {
        columnPiece = (columnPiece + 1) / 2
      }
    }
    self.rows = Cut(rows, piece: rowPiece, unit: 16)
    self.columns = Cut(columns, piece: columnPiece, unit: 16)
    self.inner = Cut(inner, piece: depthPiece, unit: 64)
    let together = max(Self.leastWork / (work() + Self.overhead), 1)
    self.batch = Cut(batch, piece: Int(together), unit: 1)
  }

  var depthParts: Int { inner.count }

  var count: Int { batch.count &* rows.count &* columns.count &* inner.count }

  func tile(_ index: Int) -> ProductTile {
    var (rest, part) = index.quotientAndRemainder(dividingBy: inner.count)
    let column: Int
    (rest, column) = rest.quotientAndRemainder(dividingBy: columns.count)
    let (item, row) = rest.quotientAndRemainder(dividingBy: rows.count)
    return ProductTile(
      batch: batch.range(item), rows: rows.range(row), columns: columns.range(column),
      inner: inner.range(part), part: part)
  }
}
