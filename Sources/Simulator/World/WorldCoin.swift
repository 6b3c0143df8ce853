import Base
import Market

/// One coin of the world: its listing, its price and everything that is kept per coin.
///
/// Prices are counted in ticks of `10^-(6 − szDecimals)` USD and sizes in lots of `10^-szDecimals`, so a
/// price times a size is a whole number of micro-dollars and all bookkeeping is exact.
final class WorldCoin {
  let name: String
  /// Index in `World.dexes`; 0 is the main dex.
  let dex: Int
  /// Position in its dex's universe; a delisted coin keeps it.
  let position: Int
  let szDecimals: Int
  let maxLeverage: Int
  let onlyIsolated: Bool
  var isDelisted: Bool
  /// Standard deviation of the relative move of the mark over one second.
  let volatility: Double
  /// The price the walk is pulled back to, in ticks, so that a thousand hours do not end at zero.
  let anchor: Int64

  /// The mark price in ticks; not rounded to five figures, as on the exchange.
  var mark: Int64
  var steppedMs: Int64
  /// Σ |position| in lots: twice the open interest.
  var gross: Int64 = 0
  /// Open positions.
  var holders = 0
  /// Hourly funding rate in 1e-10.
  var funding: Int64 = 125_000
  var trades = RowLog<TradeRow>()
  /// The block log entry being extended, and its block's time.
  var blockEntry = 0
  var blockMs: Int64 = -1
  /// Ordinary accounts that trade this coin.
  var followers: [Int32] = []
  var longs = Triggers(isLong: true)
  var shorts = Triggers(isLong: false)

  /// Marks at the last 24 full hours, and what traded in them; the last entry is the running hour.
  var hourMarks: [Int64]
  var hourNtl = [Int64](repeating: 0, count: 25)
  var hourLots = [Int64](repeating: 0, count: 25)

  init(entry: CoinList.Entry, dex: Int, position: Int, volatility: Double, timeMs: Int64) {
    name = entry.name
    self.dex = dex
    self.position = position
    szDecimals = entry.szDecimals
    maxLeverage = entry.maxLeverage
    onlyIsolated = entry.onlyIsolated
    isDelisted = entry.isDelisted
    self.volatility = volatility
    let decimals = 6 - entry.szDecimals
    let scaled =
      decimals >= 5
      ? entry.price * WorldCoin.power(decimals - 5) : entry.price / WorldCoin.power(5 - decimals)
    mark = Int64(max(scaled, 20))
    anchor = mark
    steppedMs = timeMs
    hourMarks = [Int64](repeating: mark, count: 25)
  }

  /// Decimals of a price in ticks.
  var pxDecimals: Int { 6 - szDecimals }

  /// 1e-8 USD per tick.
  var pxUnit: Int64 { Int64(WorldCoin.power(2 + szDecimals)) }

  /// 1e-8 coin per lot.
  var szUnit: Int64 { Int64(WorldCoin.power(8 - szDecimals)) }

  /// The distance of two valid order prices near `px`, in ticks: five significant figures, whole dollars
  /// always allowed.
  func step(at px: Int64) -> Int64 {
    var step: Int64 = 1
    var rest = px
    while rest >= 100_000 {
      rest /= 10
      step *= 10
    }
    return min(step, Int64(WorldCoin.power(pxDecimals)))
  }

  /// Best bid and ask around the mark, in ticks.
  var touch: (bid: Int64, ask: Int64) {
    let step = step(at: mark)
    let bid = max(mark / step * step, step)
    return (bid, bid + step)
  }

  static func power(_ exponent: Int) -> Int {
    var result = 1
    for _ in 0..<exponent { result *= 10 }
    return result
  }
}

/// A position of one account in one coin. The slot outlives the position, so funding totals are kept.
struct Slot {
  var coin: Int32
  /// Counts changes, so that older triggers can be told from the current one.
  var version: UInt32 = 0
  var leverage: Int16 = 1
  var isIsolated = false
  /// Signed lots.
  var szi: Int64 = 0
  /// Σ signed lots × entry ticks of the open size: micros, same sign as `szi`.
  var cost: Int64 = 0
  /// USD of an isolated bucket, in micros.
  var rawUsd: Int64 = 0
  /// Funding paid, in micros: ever, since opened, since last changed.
  var fundingAllTime: Int64 = 0
  var fundingSinceOpen: Int64 = 0
  var fundingSinceChange: Int64 = 0
}

/// One account of the world.
final class Account {
  enum Kind: UInt8 {
    /// HLP's parent: never trades itself.
    case parent
    /// A vault that makes markets.
    case strategy
    /// A vault that takes over positions nobody could sell in time.
    case liquidator
    /// A market maker.
    case maker
    /// Everybody else.
    case trader
  }

  let index: Int
  let address: Address
  let kind: Kind
  /// Deposited again whenever a trader is ruined, in micros.
  let stake: Int64
  /// The share of positions opened isolated although cross was possible.
  let isolatedShare: Double
  /// How boldly the account uses its margin, 0…1.
  let boldness: Double
  /// Whether orders carry a client order id.
  let hasCloid: Bool
  /// Fee per micro-dollar of notional, in 1e-6; a maker's may be negative.
  let makerFee: Int64
  let takerFee: Int64 = 450
  /// Free USD per dex, in micros; cross positions' cash flows included.
  var raw: [Int64]
  /// Deposits so far, in micros.
  var deposits: Int64 = 0
  /// A trader's favourite coins, or, of an account with `isWide`, one slot per coin of the world.
  var slots: [Slot] = []
  var fills = RowLog<FillRow>()

  init(
    index: Int, address: Address, kind: Kind, stake: Int64, isolatedShare: Double, boldness: Double,
    hasCloid: Bool, makerFee: Int64, dexes: Int
  ) {
    self.index = index
    self.address = address
    self.kind = kind
    self.stake = stake
    self.isolatedShare = isolatedShare
    self.boldness = boldness
    self.hasCloid = hasCloid
    self.makerFee = makerFee
    raw = [Int64](repeating: 0, count: dexes)
  }

  /// Whether slot numbers equal coin numbers.
  var isWide: Bool { kind != .trader }

  /// The slot of `coin`, when the account trades it.
  func slot(of coin: Int) -> Int? {
    if isWide { return coin < slots.count ? coin : nil }
    return slots.firstIndex { $0.coin == Int32(truncatingIfNeeded: coin) }
  }
}
