public import Base
import Market

/// The net side of a coin over all vaults from a moment on, until its next `HlpSide`.
public struct HlpSide: Hashable, Sendable {
  /// The exchange's spelling of the coin.
  public var coin: String
  /// The first round of polls that showed it.
  public var at: WallTime
  /// 1 long, -1 short, 0 not held.
  public var sign: Int8

  /// The side `sign` from `at` on.
  public init(coin: String, at: WallTime, sign: Int8) {
    self.coin = coin
    self.at = at
    self.sign = sign
  }
}

/// Turns vault snapshots, read from the newest to the oldest, into the last snapshot of each vault and the changes
/// of each coin's net side.
///
/// Snapshots of one round share a time when this daemon wrote them, but files of the original have each vault's
/// own: a round ends where a vault comes a second time, or the time differs by more than `roundMaxMs`.
struct HlpSides {
  /// The longest a round of polls takes.
  static let roundMaxMs: Int64 = 20_000
  /// The most coins told apart; snapshots of further ones are passed over. The exchange lists some hundreds.
  static let coinsMax = 16_384
  /// How far the last poll of a vault may lie behind the newest of any.
  static let staleMs: Int64 = 300_000
  /// The most vaults whose last poll is kept.
  static let vaultsMax = 256

  private struct Coin {
    var name: String
    /// Net size in the round being read, in units of 1e-8: sums of those are exact in any order.
    var net: Int64 = 0
    /// The sign in the round read last, which is the next later one.
    var sign: Int8 = 0
    var isInRound = false
  }

  private var coins: [Coin] = []
  private var places: [String: Int] = [:]
  /// The coins of the round being read, and of the one read before, by place.
  private var round: [Int] = []
  private var held: [Int] = []
  /// Each vault's time in the round being read, the round's earliest time, and that of the round read before.
  private var vaults: [(vault: Address, at: WallTime)] = []
  private var roundAt = WallTime(ms: 0)
  private var laterAt: WallTime?
  /// Each vault's last poll.
  private var latest: [(vault: Address, at: WallTime)] = []
  /// The changes found, the latest first.
  private var sides: [HlpSide] = []
  private let sidesMax: Int

  /// Changes beyond `sidesMax`, the older ones, are dropped.
  init(sidesMax: Int) { self.sidesMax = sidesMax }

  /// Whether the row (vault, at) belongs to its vault's last poll. A vault without a row for longer than
  /// `staleMs` holds nothing any more: a poll that finds no position leaves none.
  mutating func isLatest(_ vault: Address, _ at: WallTime) -> Bool {
    for known in latest where known.vault == vault { return known.at == at }
    guard latest.count < HlpSides.vaultsMax else { return false }
    if let newest = latest.first, newest.at.ms &- at.ms > HlpSides.staleMs { return false }
    latest.append((vault, at))
    return true
  }

  /// Adds the next older row; `signedSize` is below 0 for a short.
  mutating func add(_ vault: Address, coin name: String, at: WallTime, signedSize: Double) {
    if !belongs(vault, at) { endRound() }
    if vaults.last?.vault != vault, !vaults.contains(where: { $0.vault == vault }) {
      roundAt = vaults.isEmpty ? at : min(roundAt, at)
      vaults.append((vault, at))
    }
    guard let place = place(of: name) else { return }
    if !coins[place].isInRound {
      coins[place].isInRound = true
      coins[place].net = 0
      round.append(place)
    }
    coins[place].net &+= Int64(exactly: (signedSize * 1e8).rounded()) ?? (signedSize > 0 ? 1 : -1)
  }

  /// The changes in order of time; nothing can be added afterwards.
  mutating func finish() -> [HlpSide] {
    if !vaults.isEmpty { endRound() }
    // What the earliest round held began there, as far as the file knows.
    for place in held where coins[place].sign != 0 { emit(place, at: laterAt) }
    return sides.reversed()
  }

  private mutating func place(of name: String) -> Int? {
    if let known = places[name] { return known }
    guard coins.count < HlpSides.coinsMax else { return nil }
    coins.append(Coin(name: name))
    places[name] = coins.count - 1
    return coins.count - 1
  }

  private func belongs(_ vault: Address, _ at: WallTime) -> Bool {
    guard let first = vaults.first else { return true }
    if abs(at.ms &- first.at.ms) > HlpSides.roundMaxMs { return false }
    for known in vaults where known.vault == vault { return known.at == at }
    return true
  }

  private mutating func endRound() {
    for place in round {
      let net = coins[place].net
      settle(place, sign: net > 0 ? 1 : net < 0 ? -1 : 0)
    }
    // What the later round held and this one does not began in that later round.
    for place in held where !coins[place].isInRound { settle(place, sign: 0) }
    for place in round { coins[place].isInRound = false }
    swap(&held, &round)
    round.removeAll(keepingCapacity: true)
    vaults.removeAll(keepingCapacity: true)
    laterAt = roundAt
  }

  /// The coin had `sign` in the round being ended.
  private mutating func settle(_ place: Int, sign: Int8) {
    guard coins[place].sign != sign else { return }
    emit(place, at: laterAt)
    coins[place].sign = sign
  }

  private mutating func emit(_ place: Int, at: WallTime?) {
    guard let at, sides.count < sidesMax else { return }
    sides.append(HlpSide(coin: coins[place].name, at: at, sign: coins[place].sign))
  }
}
