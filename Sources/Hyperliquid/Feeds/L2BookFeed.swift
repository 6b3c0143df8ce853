import Base
public import Market
public import Wire

extension Feed {
  /// The book of one coin: at most 20 levels a side, the whole book each time, about every 5 s.
  public static let l2Book = Feed(channel: .l2Book, name: "l2Book", subject: .coin)

  /// The most levels kept a side; the exchange sends 20.
  public static let bookLevelsMax = 100
}

extension Book {
  /// Reads the message of channel `l2Book`; empties the book before it throws.
  public mutating func decode(_ frame: Frame, coins: Coins) throws(JSONError) {
    do throws(JSONError) {
      var reader = frame.reader()
      try read(&reader, coins)
      try frame.finish(&reader)
    } catch {
      clear()
      throw error
    }
  }

  private mutating func clear() {
    coin = nil
    time = WallTime(ms: 0)
    bids.removeAll(keepingCapacity: true)
    asks.removeAll(keepingCapacity: true)
  }

  /// Reads the object; `.null` for an unknown coin, `.missingField`, `.badValue` for rows that are no levels.
  mutating func read(_ reader: inout JSONReader, _ coins: Coins) throws(JSONError) {
    clear()
    if try reader.readNull() { throw JSONError(.null, offset: reader.offset) }
    var seen = 0
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if key.is("coin") {
        coin = coins.find(try reader.readString())
        seen |= 1
      } else if key.is("time") {
        guard let time = try reader.readTime() else { throw JSONError(.badValue, offset: reader.offset) }
        self.time = time
      } else if key.is("levels") {
        try readLevels(&reader)
        seen |= 2
      } else {
        try reader.skipValue()
      }
    }
    // `time` is absent in bodies of 2023 and present in every frame; a book without it is dated 0.
    guard seen == 3 else { throw JSONError(.missingField, offset: reader.offset) }
  }

  private mutating func readLevels(_ reader: inout JSONReader) throws(JSONError) {
    bids.removeAll(keepingCapacity: true)
    asks.removeAll(keepingCapacity: true)
    var sides = 0
    try reader.beginArray()
    while try reader.nextElement() {
      sides += 1
      guard sides <= 2 else { throw JSONError(.badValue, offset: reader.offset) }
      try reader.beginArray()
      while try reader.nextElement() {
        let level = try Book.level(&reader)
        if sides == 1, bids.count < Feed.bookLevelsMax { bids.append(level) }
        if sides == 2, asks.count < Feed.bookLevelsMax { asks.append(level) }
      }
    }
    guard sides == 2 else { throw JSONError(.badValue, offset: reader.offset) }
  }

  private static func level(_ reader: inout JSONReader) throws(JSONError) -> BookLevel {
    var px: Px?
    var sz: Sz?
    var orders: UInt64 = 0
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if key.is("px") {
        px = try reader.readPx()
      } else if key.is("sz") {
        sz = try reader.readSz()
      } else if key.is("n") {
        orders = try reader.readCount() ?? 0
      } else {
        try reader.skipValue()
      }
    }
    guard let px, let sz, sz.raw >= 0 else { throw JSONError(.badValue, offset: reader.offset) }
    return BookLevel(px: px, sz: sz, orders: UInt32(clamping: orders))
  }
}
