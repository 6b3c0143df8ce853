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

/// Turns a week's vault snapshots, a million rows in order of time, into the changes of each coin's net side.
///
/// Snapshots of one round share a time when this daemon wrote them, but files of the original have each vault's
/// own: a round ends where a vault comes a second time, or the time differs by more than `roundMaxMs`.
/// Bounds: `coinsMax`, `sidesMax`.
struct HlpSides {
  /// The longest a round of polls takes.
  static let roundMaxMs: Int64 = 20_000
  /// The most coins told apart; snapshots of further ones are passed over. The exchange lists some hundreds.
  static let coinsMax = 16_384

  private struct Coin {
    var name: String
    /// Net size in the round being read, in units of 1e-8: sums of those are exact in any order.
    var net: Int64 = 0
    /// The sign in the round before.
    var sign: Int8 = 0
    var isInRound = false
    /// The coin that came after it the last time: rounds resemble each other, and a guess saves a look-up.
    var next = 0
  }

  private var coins: [Coin] = []
  private var places: [String: Int] = [:]
  /// The coin added last.
  private var last = 0
  /// The coins of the round being read, and of the one before, by place.
  private var round: [Int] = []
  private var held: [Int] = []
  /// Each vault's time in the round being read, and the round's earliest time.
  private var vaults: [(vault: Address, at: WallTime)] = []
  private var roundAt = WallTime(ms: 0)
  private var sides: [HlpSide] = []
  private let sidesMax: Int

  /// The latest `sidesMax` changes are kept.
  init(sidesMax: Int) { self.sidesMax = max(1, sidesMax) }

  /// Adds the next row; `signedSize` is below 0 for a short.
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
    return Array(sides.suffix(sidesMax))
  }

  private mutating func place(of name: String) -> Int? {
    let guess = last < coins.count ? coins[last].next : 0
    if guess < coins.count, coins[guess].name == name {
      last = guess
      return guess
    }
    var place = places[name]
    if place == nil, coins.count < HlpSides.coinsMax {
      place = coins.count
      places[name] = coins.count
      coins.append(Coin(name: name))
    }
    guard let place else { return nil }
    if last < coins.count { coins[last].next = place }
    last = place
    return place
  }

  private func belongs(_ vault: Address, _ at: WallTime) -> Bool {
    guard let first = vaults.first else { return true }
    if first.at == at { return true }
    if abs(at.ms &- first.at.ms) > HlpSides.roundMaxMs { return false }
    for known in vaults where known.vault == vault { return known.at == at }
    return true
  }

  private mutating func endRound() {
    for place in round {
      let net = coins[place].net
      settle(place, sign: net > 0 ? 1 : net < 0 ? -1 : 0)
    }
    // What the round before held and this one does not was closed.
    for place in held where !coins[place].isInRound { settle(place, sign: 0) }
    for place in round { coins[place].isInRound = false }
    swap(&held, &round)
    round.removeAll(keepingCapacity: true)
    vaults.removeAll(keepingCapacity: true)
    if sides.count > sidesMax * 2 { sides.removeFirst(sides.count - sidesMax) }
  }

  /// The coin has `sign` in the round being ended.
  private mutating func settle(_ place: Int, sign: Int8) {
    guard coins[place].sign != sign else { return }
    coins[place].sign = sign
    sides.append(HlpSide(coin: coins[place].name, at: roundAt, sign: sign))
  }
}
