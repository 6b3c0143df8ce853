/// The positions of all coins at one moment, for jobs off the loop.
///
/// Taking one copies references to the chunks, one per coin. Whoever changes a position afterwards copies its
/// chunk first, 1.5 KB, and a coin's list of chunks once, so a snapshot never changes and never waits.
public import Market

/// What a heatmap needs of 64 positions: three columns behind each other, so that a scan reads straight on.
///
/// A row nobody uses is 0 in every column. Invariant: empty, or exactly `words` long.
struct PositionChunk: Sendable {
  /// Rows in a chunk: the bits of one word.
  static let rows = 64
  /// Int64s in a chunk.
  static let words = 3 * rows
  /// Where the notionals begin: micros, negative for shorts. The liquidation prices lie before, 0 for none.
  static let sizes = rows
  /// Where the marks begin (`PositionMark`).
  static let marks = 2 * rows

  var columns: ContiguousArray<Int64>

  init() { columns = [] }

  init(zeros: Void) { columns = ContiguousArray(repeating: 0, count: PositionChunk.words) }
}

/// Whose a position is, when it was learned and whether a bot's, in one word that sorts by time.
///
/// From the top: 1 bit for bots, which makes them negative and so older than any cut; 42 bits of milliseconds
/// since the epoch (to the year 2109); 21 bits of account.
struct PositionMark {
  static let accountBits: Int64 = 21
  static let accountsMax = 1 << Int(accountBits)
  static let timeMax: Int64 = 1 << 42 - 1

  var word: Int64

  init(word: Int64) { self.word = word }

  init(account: AddressID, ms: Int64, isBot: Bool) {
    let time = max(0, min(ms, PositionMark.timeMax))
    word = time << PositionMark.accountBits | Int64(account.raw) | (isBot ? .min : 0)
  }

  var account: AddressID {
    AddressID(raw: UInt32(truncatingIfNeeded: word & (1 << PositionMark.accountBits - 1)))
  }
  var ms: Int64 { (word & .max) >> PositionMark.accountBits }
  var isBot: Bool { word < 0 }
}

/// One coin's part of a snapshot.
struct CoinSnapshot: Sendable {
  var chunks: ContiguousArray<PositionChunk>
  var count: Int
  var long: Int64
  var short: Int64
}

/// See the head of this file.
public struct PositionSnapshot: Sendable {
  /// By coin index.
  var coins: ContiguousArray<CoinSnapshot>
  /// Positions held.
  public let count: Int
  /// The version of the table it was taken from.
  public let version: UInt64

  /// Positions in `coin`.
  public func count(of coin: CoinID) -> Int { coin.index < coins.count ? coins[coin.index].count : 0 }
}
