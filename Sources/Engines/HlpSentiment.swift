public import Base
public import Market

/// Where the vaults together stand in one coin, and how often that turned.
public struct CoinSentiment: Hashable, Sendable {
  /// The coin.
  public var coin: CoinID
  /// The vaults' sizes added up, signed; 0 when closed.
  public var netSzi: Sz
  /// The same in USD, with the sign of `netSzi`.
  public var netUsd: Usd
  /// Changes of sign in the window.
  public var flips: Int

  /// A sentiment with these properties.
  public init(coin: CoinID, netSzi: Sz, netUsd: Usd, flips: Int) {
    self.coin = coin
    self.netSzi = netSzi
    self.netUsd = netUsd
    self.flips = flips
  }

  /// The side of the net; nil when there is none.
  public var isLong: Bool? { netSzi.raw == 0 ? nil : netSzi.raw > 0 }
  /// |netUsd|.
  public var sizeUsd: Usd { Usd(micros: Int64(clamping: netUsd.micros.magnitude)) }
}

/// The side of the vaults' net in a coin from a moment on, as the file has it.
public struct RestoredSide: Sendable {
  /// The coin.
  public var coin: CoinID
  /// Above zero long, below short, zero closed.
  public var sign: Int
  /// Since when.
  public var at: WallTime

  /// A side with these properties.
  public init(coin: CoinID, sign: Int, at: WallTime) {
    self.coin = coin
    self.sign = sign
    self.at = at
  }
}

/// The vaults' net position per coin and its flips over the last week, kept incrementally.
///
/// Each round nets every coin over all vaults. A flip is a change from long to short or back between two consecutive
/// rounds; a coin that was closed in between was closed, it did not flip. When the set of vaults changes, the two
/// rounds are compared over the vaults they share, so a newly discovered child is no flip.
/// Bounds: `flipsMax` flips, the oldest go first and are counted; `Coins.coinsMax` coins.
public final class HlpSentiment {
  /// The most flips remembered (8 MiB); a week of 150 coins turning four times an hour is 100,000.
  public static let flipsMax = 1 << 19
  /// The longest window: what is kept.
  public static let keptHours = 168

  private struct State {
    var netSzi: Int64 = 0
    var netUsd: Int64 = 0
    /// Whether a vault holds the coin.
    var isHeld = false
    /// The first round since when none does; `.min` for never held.
    var endedMs = Int64.min

    func isKnown(since ms: Int64) -> Bool { isHeld || endedMs != .min && endedMs >= ms }
  }

  private struct Flip {
    var timeMs: Int64
    var coin: CoinID
  }

  private var states: [State] = []
  private var flips: [Flip] = []
  private var firstFlip = 0
  private var isPastKnown = false
  /// The first round, until the past is known: a file may open late.
  private var first: (states: [State], at: WallTime)?
  private var members: [Address] = []
  private var rows: [VaultPosition] = []
  /// Flips dropped at the bound.
  public private(set) var dropped: UInt64 = 0
  /// Rounds taken.
  public private(set) var rounds: UInt64 = 0

  /// Nothing known.
  init() {}

  /// Flips remembered.
  public var flipCount: Int { flips.count - firstFlip }

  /// Takes one round's rows of the vaults `vaults`.
  func apply(_ round: [VaultPosition], of vaults: [Address], at time: WallTime) {
    let before = states
    var comparedBefore = before
    var comparedAfter: [State]
    var after = HlpSentiment.net(round, count: states.count)
    if rounds > 0, vaults != members {
      comparedBefore = HlpSentiment.net(rows.filter { vaults.contains($0.vault) }, count: states.count)
      comparedAfter = HlpSentiment.net(round.filter { members.contains($0.vault) }, count: after.count)
    } else {
      comparedAfter = after
    }
    for coin in comparedBefore.indices where coin < comparedAfter.count {
      let old = comparedBefore[coin].netSzi.signum()
      if old * comparedAfter[coin].netSzi.signum() < 0 {
        add(Flip(timeMs: time.ms, coin: CoinID(raw: UInt32(coin))))
      }
    }
    for coin in before.indices {
      after[coin].endedMs = before[coin].isHeld && !after[coin].isHeld ? time.ms : before[coin].endedMs
    }
    if rounds == 0, !isPastKnown { first = (after, time) }
    states = after
    members = vaults
    rows = round
    rounds += 1
    forget(before: time.ms - Int64(HlpSentiment.keptHours) * 3_600_000)
  }

  /// Takes the sides a restart found, in order of time: each is that of a coin's net from its time on. Before the rows
  /// of the last poll, which say where the coins stand now; what this life's rounds said of a file that opened late
  /// comes behind them.
  public func restore(_ sides: [RestoredSide]) {
    isPastKnown = true
    guard let first else {
      for side in sides { restore(side) }
      return
    }
    let past = HlpSentiment()
    for side in sides { past.restore(side) }
    put(past, before: first.states, at: first.at)
    self.first = nil
  }

  private func restore(_ side: RestoredSide) {
    let coin = side.coin
    while states.count <= coin.index { states.append(State()) }
    let old = states[coin.index].netSzi.signum()
    let sign = Int64(side.sign.signum())
    if old * sign < 0 { add(Flip(timeMs: side.at.ms, coin: coin)) }
    states[coin.index].netSzi = sign
    states[coin.index].isHeld = sign != 0
    if sign == 0 { states[coin.index].endedMs = side.at.ms }
  }

  /// Puts what is known of the time before `first`, the states of the first round, before it.
  private func put(_ past: HlpSentiment, before first: [State], at time: WallTime) {
    let own = flips[firstFlip...]
    (flips, firstFlip) = (Array(past.flips[past.firstFlip...]), 0)
    while states.count < past.states.count { states.append(State()) }
    for (coin, old) in past.states.enumerated() {
      let new = coin < first.count ? first[coin] : State()
      if old.netSzi.signum() * new.netSzi.signum() < 0 {
        add(Flip(timeMs: time.ms, coin: CoinID(raw: UInt32(coin))))
      }
      guard states[coin].endedMs == .min else { continue }
      states[coin].endedMs = old.isHeld && !new.isHeld ? time.ms : old.endedMs
    }
    for flip in own { add(flip) }
  }

  /// Every coin a vault holds, or held at a round not before `since`, in order of coin id, with its flips not before
  /// `since`.
  public func forEach(since: WallTime, _ body: (CoinSentiment) -> Void) {
    var counts = [Int](repeating: 0, count: states.count)
    for flip in flips[firstFlip...] where flip.timeMs >= since.ms { counts[flip.coin.index] += 1 }
    for (index, state) in states.enumerated() where state.isKnown(since: since.ms) {
      body(
        CoinSentiment(
          coin: CoinID(raw: UInt32(index)), netSzi: Sz(raw: state.netSzi), netUsd: Usd(micros: state.netUsd),
          flips: counts[index]))
    }
  }

  /// Where the vaults together stand in `coin`; nil when they never held it.
  public func coin(_ coin: CoinID, since: WallTime) -> CoinSentiment? {
    guard coin.index < states.count, states[coin.index].isKnown(since: .min) else { return nil }
    let state = states[coin.index]
    let count = flips[firstFlip...].count { $0.coin == coin && $0.timeMs >= since.ms }
    return CoinSentiment(
      coin: coin, netSzi: Sz(raw: state.netSzi), netUsd: Usd(micros: state.netUsd), flips: count)
  }

  /// The sums per coin; an array of at least `count` states.
  private static func net(_ rows: [VaultPosition], count: Int) -> [State] {
    var states = [State](repeating: State(), count: count)
    for row in rows {
      while states.count <= row.coin.index { states.append(State()) }
      let usd = row.isLong ? row.sizeUsd.micros : -row.sizeUsd.micros
      states[row.coin.index].isHeld = true
      states[row.coin.index].netSzi = saturating(states[row.coin.index].netSzi, row.szi.raw)
      states[row.coin.index].netUsd = saturating(states[row.coin.index].netUsd, usd)
    }
    // Vaults are asked one after another, so their marks may differ a little: of a net near zero the USD may have the
    // other sign. The size decides.
    for row in rows {
      let state = states[row.coin.index]
      if state.netSzi == 0 {
        states[row.coin.index].netUsd = 0
      } else if state.netSzi.signum() != state.netUsd.signum() {
        states[row.coin.index].netUsd = row.markPx.times(Sz(raw: state.netSzi))?.micros ?? 0
      }
    }
    return states
  }

  private static func saturating(_ a: Int64, _ b: Int64) -> Int64 {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? (b < 0 ? .min : .max) : sum
  }

  private func add(_ flip: Flip) {
    if flipCount >= HlpSentiment.flipsMax {
      firstFlip += 1
      dropped += 1
    }
    flips.append(flip)
  }

  /// Drops what no window reaches; the array moves only when half of it is gone.
  private func forget(before ms: Int64) {
    while firstFlip < flips.count, flips[firstFlip].timeMs < ms { firstFlip += 1 }
    if firstFlip > 1024, firstFlip * 2 > flips.count {
      flips.removeFirst(firstFlip)
      firstFlip = 0
    }
  }
}
