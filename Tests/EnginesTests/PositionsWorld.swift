import Base
import Engines
import Market

/// A seeded world of accounts with positions that open, move, close, expire and come back, held twice: in the
/// engine and in the reference.
struct PositionsWorld {
  struct Shape {
    var accounts = 60
    var coins = 6
    /// Positions an account has at most; may pass `coins`, then polls repeat coins.
    var positionsEach = 6
    /// Distinct notionals, so that ties happen; 0 for any.
    var sizes = 0
  }

  let shape: Shape
  let book: AddressBook
  let positions: Positions
  var reference: PositionsReference
  var random: PRNG
  var now = WallTime(ms: 1_795_353_377_000)
  var mids: [Px]

  init(seed: UInt64, shape: Shape = Shape()) {
    self.shape = shape
    random = PRNG(seed: seed)
    book = AddressBook(addressesMax: 1 << 16, seed: seed)
    positions = Positions(book: book)
    var addresses: [Address] = []
    for _ in 0..<shape.accounts {
      // Few different words, so that every part of an address decides ties.
      let address = Address(
        a: random.next() & 1 << 63, b: random.next() & 3 << 62, c: UInt32(truncatingIfNeeded: random.next()))
      guard let seen = book.see(address, at: now), seen.isNew else { continue }
      book.pin(seen.id)
      addresses.append(address)
    }
    reference = PositionsReference(addresses: addresses)
    mids = (0..<shape.coins).map { _ in Px(raw: 1) }
    for coin in mids.indices { mids[coin] = PositionsWorld.mid(&random) }
  }

  var accounts: Int { reference.addresses.count }

  /// A price of any magnitude: fractions of a cent to hundreds of thousands.
  static func mid(_ random: inout PRNG) -> Px {
    var raw: Int64 = 1 + Int64(random.below(9))
    for _ in 0..<random.below(14) { raw = raw * 10 + Int64(random.below(10)) }
    return Px(raw: raw)
  }

  mutating func position(_ account: AddressID) -> TrackedPosition {
    let coin = CoinID(raw: UInt32(random.below(shape.coins)))
    let mid = mids[coin.index].raw
    let micros =
      shape.sizes > 0
      ? Int64(1 + random.below(shape.sizes)) * 500_000_000 : Int64(random.below(4_000_000_000) + 1)
    // Around the mid, often on a round fraction of it, sometimes far out or none.
    var liqPx: Px? = Px(raw: max(1, mid * Int64(70 + random.below(61)) / 100))
    if random.chance(0.5) { liqPx = Px(raw: 1 + Int64(random.unit() * 2 * Double(mid))) }
    if random.chance(0.1) { liqPx = nil }
    let late = Int64(random.below(random.chance(0.2) ? 2_000_000 : 400_000))
    return TrackedPosition(
      account: account, coin: coin, szi: Sz(raw: random.chance(0.5) ? 1_000_000 : -3_000_000),
      entryPx: mids[coin.index], sizeUsd: Usd(micros: micros), liqPx: liqPx,
      unrealizedPnl: Usd(micros: Int64(random.below(1000)) - 500), marginUsed: Usd(micros: micros / 5),
      leverage: Double(1 + random.below(50)), updatedAt: WallTime(ms: now.ms - late))
  }

  /// One random change of both; what went wrong, if anything did.
  mutating func step() -> String? {
    now = WallTime(ms: now.ms + Int64(random.below(20_000)))
    let account = AddressID(raw: UInt32(random.below(accounts)))
    switch random.below(100) {
    case 0..<70: return poll(account)
    case 70..<80:
      let row = position(account)
      positions.restore(row)
      reference.restore(row)
    case 80..<86:
      let isBot = random.chance(0.5)
      positions.setBot(account, isBot)
      if isBot { reference.bots.insert(account.raw) } else { reference.bots.remove(account.raw) }
    case 86..<92:
      positions.remove(account: account)
      _ = reference.replace(account, with: [])
      reference.bots.remove(account.raw)
    case 92..<95: return expire()
    default:
      let coin = random.below(shape.coins)
      mids[coin] = Px(raw: max(1, mids[coin].raw + mids[coin].raw / 100 * Int64(random.below(7) - 3)))
    }
    return nil
  }

  private mutating func poll(_ account: AddressID) -> String? {
    var rows: [TrackedPosition] = []
    var isRepeating = false
    for _ in 0..<random.below(shape.positionsEach + 1) {
      let row = position(account)
      if rows.contains(where: { $0.coin == row.coin }) {
        guard random.chance(0.1) else { continue }
        isRepeating = true
      }
      rows.append(row)
    }
    var closed: [CoinID] = []
    positions.replace(account, with: rows) { closed.append($0) }
    let expected = reference.replace(account, with: rows)
    return closed == expected ? nil : "closed \(closed), not \(expected), repeating \(isRepeating)"
  }

  private mutating func expire() -> String? {
    let cut = WallTime(ms: now.ms - Int64(random.below(3_000_000)))
    var gone: Set<TrackedPosition> = []
    var calls = 0
    while calls < 1000, positions.expire(before: cut, limit: 64, { gone.insert($0) }) > 0 || calls < 200 {
      calls += 1
    }
    return gone == reference.expire(before: cut) ? nil : "\(gone.count) expired"
  }

  /// Compares what both answer.
  mutating func compare() -> String? {
    if let broken = positions.brokenInvariant() { return broken }
    guard positions.count == reference.all.count else { return "\(positions.count) positions" }
    for index in 0..<accounts {
      let id = AddressID(raw: UInt32(index))
      var mine: [TrackedPosition] = []
      positions.forEach(of: id) { mine.append($0) }
      if mine != reference.rows[id.raw] ?? [] { return "account \(index) has \(mine)" }
      if positions.count(of: id) != mine.count { return "account \(index) counts wrongly" }
      let total = mine.reduce(Usd.zero) { $0 + $1.sizeUsd }
      if positions.totalSizeUsd(of: id) != total { return "account \(index) sums wrongly" }
    }
    for index in 0..<shape.coins {
      if let wrong = compare(CoinID(raw: UInt32(index))) { return "coin \(index): \(wrong)" }
    }
    return nil
  }

  private mutating func compare(_ coin: CoinID) -> String? {
    let mine = reference.positions(of: coin)
    guard positions.count(of: coin) == mine.count else { return "\(positions.count(of: coin)) counted" }
    let totals = positions.totals(of: coin)
    let long = mine.filter(\.isLong).reduce(Usd.zero) { $0 + $1.sizeUsd }
    let short = mine.filter { !$0.isLong }.reduce(Usd.zero) { $0 + $1.sizeUsd }
    if totals != (long, short) { return "totals \(totals)" }
    if positions.oldest(of: coin) != mine.map(\.updatedAt).min() { return "oldest" }
    let limit = random.chance(0.5) ? 1 + random.below(8) : 5000
    var shown: [TrackedPosition] = []
    let count = positions.largest(of: coin, limit) { shown.append($0) }
    return shown == reference.largest(of: coin, limit) && count == shown.count ? nil : "largest \(limit)"
  }

  /// A job over both, with random options.
  mutating func job() -> HeatmapJob {
    var inputs = mids.map { HeatmapInput(mid: $0, openInterestUsd: 1e6) }
    if random.chance(0.1) { inputs[random.below(inputs.count)].mid = nil }
    if random.chance(0.1) { inputs[random.below(inputs.count)].openInterestUsd = nil }
    if random.chance(0.1) { inputs.removeLast() }
    let range = [15, 15, 0.0001, 100, 3.7, 0][random.below(6)]
    let buckets = [50, 50, 1, 7, 1000][random.below(5)]
    return HeatmapJob(
      snapshot: positions.snapshot(), inputs: inputs, bucketCount: buckets, rangePct: range, now: now)
  }
}
