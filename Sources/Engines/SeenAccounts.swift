import Base
public import Market

/// Trades of one account on one side, one behind the other.
struct AddressRun {
  var address: Address
  var trades: UInt32
  var hash: UInt64
  var first: WallTime
  var last: WallTime
}

/// The accounts of trades on their way into the address book.
///
/// Most of what an account costs is waiting for its memory. So accounts are gathered over trades and frames, and looked
/// up many at a time: the waits overlap. Trades of one account on one side that follow each other, like a taker's, are
/// one look-up. Whoever reads the book calls `settle` first.
/// Bound: `runsMax`; then the book is brought up to date in between.
public final class SeenAccounts {
  /// The most runs gathered.
  public static let runsMax = 128

  /// Hears of every account that was new, or came back after `AddressBook.absenceS`, once the book is up to date.
  @exclusivity(unchecked) public var onNews: ((Sighting) -> Void)?

  private let book: AddressBook
  private let news = UnsafeMutablePointer<Sighting>.allocate(capacity: runsMax)
  private let runs = UnsafeMutablePointer<AddressRun>.allocate(capacity: runsMax)
  @exclusivity(unchecked) private var count = 0
  /// The runs that go on, by number; -1 when there is none.
  @exclusivity(unchecked) private var buyer = -1
  @exclusivity(unchecked) private var seller = -1
  /// Accounts seen for the first time, as far as settled.
  @exclusivity(unchecked) public private(set) var discovered: UInt64 = 0

  /// Nothing gathered for `book`.
  public init(_ book: AddressBook) { self.book = book }

  deinit {
    runs.deallocate()
    news.deallocate()
  }

  /// Takes both accounts of a trade.
  public func add(_ trade: UnsafePointer<Trade>) {
    if count &+ 2 > SeenAccounts.runsMax { settle() }
    let time = trade.pointee.time
    if buyer >= 0, runs[buyer].address == trade.pointee.buyer {
      extend(buyer, time)
    } else {
      buyer = open(trade.pointee.buyer, time)
    }
    if seller >= 0, runs[seller].address == trade.pointee.seller {
      extend(seller, time)
    } else {
      seller = open(trade.pointee.seller, time)
    }
  }

  /// Brings the book up to date.
  public func settle() {
    guard count > 0 else { return }
    let newsCount = book.see(UnsafeMutableBufferPointer(start: runs, count: count), news: news)
    count = 0
    buyer = -1
    seller = -1
    guard newsCount > 0 else { return }
    for place in 0..<newsCount {
      if news[place].isNew { discovered &+= 1 }
      onNews?(news[place])
    }
  }

  @inline(__always)
  private func extend(_ run: Int, _ time: WallTime) {
    runs[run].trades &+= 1
    if time < runs[run].first { runs[run].first = time }
    if time > runs[run].last { runs[run].last = time }
  }

  @inline(__always)
  private func open(_ address: Address, _ time: WallTime) -> Int {
    (runs + count).initialize(to: AddressRun(address: address, trades: 1, hash: 0, first: time, last: time))
    count &+= 1
    return count &- 1
  }
}
