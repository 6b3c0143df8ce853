import Base
public import Market

/// Rows to be written together: all of them are committed or none, in the order they were added.
///
/// A plain value: made on the loop, handed to a pool job, applied by `Database.apply`. Row kinds are not
/// known here; each brings its own `add` (`Rows/`), which puts its cells into one flat array.
/// Bound: `rowsMax`; a row beyond it is refused, and the caller sends the batch and starts the next.
public struct Batch: Hashable, Sendable {
  /// The most rows: up to 6 MiB of cells and a commit of well under a second.
  public static let rowsMax = 16_384

  /// One value of a row.
  public enum Cell: Hashable, Sendable {
    /// Nothing.
    case null
    /// A whole number or a 0/1 flag.
    case integer(Int64)
    /// A number; one that is not finite is stored as 0, since no reader of the file expects such a thing.
    case real(Double)
    /// Text.
    case text(String)
    /// An account, stored as lower-case `0x…` text.
    case address(Address)

    /// A number or nothing.
    static func real(orNull value: Double?) -> Cell { value.map { .real($0) } ?? .null }
    /// Text or nothing.
    static func text(orNull value: String?) -> Cell { value.map { .text($0) } ?? .null }
    /// A time, in epoch seconds.
    static func time(_ value: WallTime) -> Cell { .real(value.seconds) }
    /// A 0/1 flag.
    static func flag(_ value: Bool) -> Cell { .integer(value ? 1 : 0) }
    /// `long` or `short`.
    static func side(isLong: Bool) -> Cell { .text(isLong ? "long" : "short") }
  }

  /// Whether the commit must have reached the disk before `apply` returns: for what a client was told is
  /// saved. Otherwise the last commits may be lost to a power cut, never to a crash of the process.
  public var isDurable: Bool
  /// The writes used, each once.
  private(set) var writes: [Write] = []
  /// For each row, its write's place in `writes`.
  private(set) var rows: [UInt8] = []
  /// The rows' cells after each other.
  private(set) var cells: [Cell] = []

  /// An empty batch.
  public init(isDurable: Bool = false) { self.isDurable = isDurable }

  /// Some neighbouring rows of `whole` with their cells.
  init(_ whole: Batch, rows: Range<Int>, cells: Range<Int>) {
    isDurable = whole.isDurable
    writes = whole.writes
    self.rows = Array(whole.rows[rows])
    self.cells = Array(whole.cells[cells])
  }

  /// Rows added.
  public var count: Int { rows.count }
  /// Whether there is nothing to write.
  public var isEmpty: Bool { rows.isEmpty }
  /// Whether the next row will be refused.
  public var isFull: Bool { rows.count >= Batch.rowsMax }

  /// Forgets the rows and keeps the memory.
  public mutating func removeAll() {
    rows.removeAll(keepingCapacity: true)
    cells.removeAll(keepingCapacity: true)
  }

  /// Starts a row; its `cells` follow by `put`. `false` when the batch is full.
  mutating func begin(_ write: Write) -> Bool {
    guard !isFull else { return false }
    for index in writes.indices where writes[index].identity == write.identity {
      rows.append(UInt8(truncatingIfNeeded: index))
      return true
    }
    precondition(writes.count < 256, "more kinds of rows than a batch can name")
    rows.append(UInt8(truncatingIfNeeded: writes.count))
    writes.append(write)
    return true
  }

  /// Adds the next cell of the row begun last.
  mutating func put(_ cell: Cell) {
    if case .real(let value) = cell, !value.isFinite { return cells.append(.real(0)) }
    cells.append(cell)
  }

  /// Equal rows in equal order; how the memory came about does not matter.
  public static func == (a: Batch, b: Batch) -> Bool {
    a.isDurable == b.isDurable && a.cells == b.cells && a.count == b.count
      && zip(a.rows, b.rows).allSatisfy {
        a.writes[Int($0)].identity == b.writes[Int($1)].identity
      }
  }

  /// By the cells, which equal batches share.
  public func hash(into hasher: inout Hasher) { hasher.combine(cells) }
}
