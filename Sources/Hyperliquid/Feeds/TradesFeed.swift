import Base
public import Market
public import Wire

extension Feed {
  /// Executions of one coin: 1…n a message; the first message after subscribing replays about 30 old ones.
  public static let trades = Feed(channel: .trades, name: "trades", subject: .coin)
}

/// The trades of one message, in storage that is reused: no allocation per trade or per message.
///
/// A row that is not a trade (missing or odd field) is counted in `invalid`, a row of a coin we do not list in
/// `unlisted`; the others are kept. Broken JSON throws and keeps nothing.
/// Bound: `tradesMax` trades a message; more are counted in `dropped`.
public final class TradesFeed {
  /// The most trades kept of one message; a message of the largest size holds about as many.
  public static let tradesMax = 16384

  @exclusivity(unchecked) private var sink = TradeSink()
  /// The coins whose names are known. Held here, since to hand them over with every frame costs a retain for each of
  /// their parts.
  @exclusivity(unchecked) public var coins = Coins()

  /// Empty storage.
  public init() {}

  deinit { sink.storage.deallocate() }

  /// Rows that are no trades.
  public var invalid: Int { sink.invalid }
  /// Rows of coins that are not listed.
  public var unlisted: Int { sink.unlisted }
  /// Trades beyond `tradesMax`.
  public var dropped: Int { sink.dropped }

  /// The trades of the last message, in its order; valid until the next `decode`.
  public var trades: UnsafeBufferPointer<Trade> {
    UnsafeBufferPointer(start: sink.storage, count: sink.filled)
  }

  /// Reads the message of channel `trades`.
  public func decode(_ frame: Frame) throws(JSONError) { try decode(frame, byWords: true) }

  /// Reads the message of channel `trades` with these coins.
  public func decode(_ frame: Frame, coins: Coins) throws(JSONError) {
    self.coins = coins
    try decode(frame, byWords: true)
  }

  /// The same without the fast path, for the tests that hold the two together.
  package func decodeSlowly(_ frame: Frame, coins: Coins) throws(JSONError) {
    self.coins = coins
    try decode(frame, byWords: false)
  }

  @inline(never)
  fileprivate func find(_ name: UnsafeRawBufferPointer) -> CoinID? { coins.find(name) }

  @inline(__always)
  private func decode(_ frame: Frame, byWords: Bool) throws(JSONError) {
    // A local copy: access to a class's property is checked each time.
    var sink = sink
    sink.clear()
    do throws(JSONError) {
      var reader = frame.reader()
      try reader.beginArray()
      while try reader.nextElement() {
        if byWords, sink.keepRows(&reader, self) { continue }
        try sink.readRow(&reader, self)
      }
      try frame.finish(&reader)
    } catch {
      sink.clear()
      self.sink = sink
      throw error
    }
    self.sink = sink
  }
}

/// Where the trades of a message go.
private struct TradeSink {
  var storage = UnsafeMutablePointer<Trade>.allocate(capacity: 64)
  var capacity = 64
  var filled = 0
  var invalid = 0
  var unlisted = 0
  var dropped = 0

  mutating func clear() {
    filled = 0
    invalid = 0
    unlisted = 0
    dropped = 0
  }

  /// Keeps the rows in the recorded shape that lie next to each other; `false` when there is none here.
  @inline(__always)
  mutating func keepRows(_ reader: inout JSONReader, _ coins: TradesFeed) -> Bool {
    let limit = reader.limit
    var at = reader.position
    var rows = 0
    var name = TradeFastPath.Name.none
    var known: CoinID?
    while let row = TradeFastPath(at: at, limit: limit) {
      // A message is about one coin: only the first row's name is looked up.
      if row.name != name {
        name = row.name
        known = coins.find(row.coin)
      }
      if let coin = known {
        keep(
          Trade(
            coin: coin, side: row.side, px: Px(raw: row.px), sz: Sz(raw: row.sz),
            time: WallTime(ms: row.time),
            tid: row.tid, buyer: row.buyer, seller: row.seller))
      } else {
        unlisted += 1
      }
      rows += 1
      reader.jump(behind: row.end)
      // Behind the last byte lies slack, which may hold anything: the end decides.
      guard row.end < limit, row.end.pointee == UInt8(ascii: ",") else { break }
      at = row.end + 1
    }
    return rows > 0
  }

  @inline(__always)
  mutating func keep(_ trade: Trade) {
    if filled == capacity {
      guard capacity < TradesFeed.tradesMax else {
        dropped += 1
        return
      }
      grow()
    }
    (storage + filled).initialize(to: trade)
    filled += 1
  }

  @inline(never)
  mutating func grow() {
    let fresh = UnsafeMutablePointer<Trade>.allocate(capacity: capacity * 2)
    fresh.moveInitialize(from: storage, count: filled)
    storage.deallocate()
    storage = fresh
    capacity *= 2
  }

  /// Reads one row of any shape.
  @inline(never)
  mutating func readRow(_ reader: inout JSONReader, _ coins: TradesFeed) throws(JSONError) {
    guard try reader.peekKind() == .object else {
      try reader.skipValue()
      invalid += 1
      return
    }
    var row = TradeRow()
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if key.is("coin") {
        row.coin = try reader.readText()
      } else if key.is("side") {
        row.side = try reader.readSide()
      } else if key.is("px") {
        row.px = try reader.readExact()
      } else if key.is("sz") {
        row.sz = try reader.readExact()
      } else if key.is("time") {
        row.time = try reader.readTime()
      } else if key.is("tid") {
        row.tid = try reader.readCount()
      } else if key.is("users") {
        (row.buyer, row.seller) = try reader.readUsers()
      } else {
        try reader.skipValue()
      }
    }
    guard let name = row.coin, let side = row.side, let px = row.px, let sz = row.sz, let time = row.time,
      let tid = row.tid, let buyer = row.buyer, let seller = row.seller
    else {
      invalid += 1
      return
    }
    guard let coin = coins.coins.find(name) else {
      unlisted += 1
      return
    }
    keep(
      Trade(
        coin: coin, side: side, px: Px(raw: px), sz: Sz(raw: sz), time: time, tid: tid, buyer: buyer,
        seller: seller))
  }
}

/// A row as far as it is read; a fresh one per row, so that nothing is left over from the one before.
private struct TradeRow {
  var coin: JSONText?
  var side: Side?
  var px: Int64?
  var sz: Int64?
  var time: WallTime?
  var tid: UInt64?
  var buyer: Address?
  var seller: Address?
}

extension JSONReader {
  /// A decimal above zero with at most 8 decimals, in units of 1e-8; `nil` for anything else well-formed.
  fileprivate mutating func readExact() throws(JSONError) -> Int64? {
    let raw = try tolerating { (reader) throws(JSONError) in
      try reader.readDecimal(scale: 8, rounding: .refuse)
    }
    guard let raw, raw > 0 else { return nil }
    return raw
  }

  /// `[buyer, seller]`; nothing for anything else well-formed.
  fileprivate mutating func readUsers() throws(JSONError) -> (Address?, Address?) {
    guard try peekKind() == .array else {
      try skipValue()
      return (nil, nil)
    }
    var users: (Address?, Address?) = (nil, nil)
    var count = 0
    try beginArray()
    while try nextElement() {
      let user = try readAddress()
      if count == 0 { users.0 = user }
      if count == 1 { users.1 = user }
      count += 1
    }
    return count == 2 ? users : (nil, nil)
  }
}
