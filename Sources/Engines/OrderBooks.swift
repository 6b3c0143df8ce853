public import Base
public import Market

/// The latest order book of each followed coin.
///
/// The exchange sends whole books, so the latest replaces the one before; a book that was received longer ago than
/// `staleAfter` is not handed out any more. Bound: `booksMax` coins, each with the levels the decoder keeps.
public final class OrderBooks {
  /// A book received longer ago says nothing about now.
  public static let staleAfter = TimeSpan.seconds(10)
  /// The most coins whose books are kept.
  public static let booksMax = 100

  private struct Row {
    var coin: CoinID
    var book: Book
    var receivedAt: Instant
  }

  @exclusivity(unchecked) private var rows: [Row] = []
  /// Books taken in.
  @exclusivity(unchecked) public private(set) var received: UInt64 = 0
  /// Books of coins beyond the bound, and those older by the exchange's time than the one held.
  @exclusivity(unchecked) public private(set) var refused: UInt64 = 0

  /// No books.
  public init() {}

  /// Coins a book is held of, fresh or not.
  public var count: Int { rows.count }

  /// Takes a book in; false when it names no listed coin, comes too late or does not fit.
  @discardableResult
  public func apply(_ book: Book, now: Instant) -> Bool {
    guard let coin = book.coin else { return false }
    received &+= 1
    guard let index = index(coin) else {
      guard rows.count < OrderBooks.booksMax else {
        refused &+= 1
        return false
      }
      rows.append(Row(coin: coin, book: book, receivedAt: now))
      return true
    }
    // A delayed connection must not turn the book back; a book without a date (0) always counts.
    if book.time.ms > 0, book.time < rows[index].book.time,
      now - rows[index].receivedAt < OrderBooks.staleAfter
    {
      refused &+= 1
      return false
    }
    rows[index].book = book
    rows[index].receivedAt = now
    return true
  }

  /// The book of `coin` and when it was received, unless it is stale.
  public func book(of coin: CoinID, now: Instant) -> (book: Book, receivedAt: Instant)? {
    guard let index = index(coin), now - rows[index].receivedAt <= OrderBooks.staleAfter else { return nil }
    return (rows[index].book, rows[index].receivedAt)
  }

  /// Coins whose book is fresh.
  public func live(now: Instant) -> Int {
    rows.count { now - $0.receivedAt <= OrderBooks.staleAfter }
  }

  /// Forgets the book of a coin that is not followed any more.
  public func remove(_ coin: CoinID) {
    if let index = index(coin) { rows.remove(at: index) }
  }

  private func index(_ coin: CoinID) -> Int? { rows.firstIndex { $0.coin == coin } }
}
