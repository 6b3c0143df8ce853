public import Base
public import Market

// What the HLP vaults hold: one round of polls is one snapshot.
//
// A round asks every vault once. It counts only when all of them answered: netting a coin over some of the vaults would
// show turns of the vaults' common position that never happened, so a round that stays incomplete is dropped and
// counted, and what was known before stands. Every row of a round carries the same time.
// Bounds: `vaultsMax` vaults, `positionsMax` rows in a round; what is beyond is refused and counted.
// Invariant: rows lie in the vaults' order (configured ones first, as configured, then children as discovered), and
// within a vault in the exchange's order.

/// One vault's position in one coin.
public struct VaultPosition: Hashable, Sendable {
  /// The vault.
  public var vault: Address
  /// The coin.
  public var coin: CoinID
  /// Signed size; negative is short.
  public var szi: Sz
  /// Average entry price.
  public var entryPx: Px
  /// Mark price.
  public var markPx: Px
  /// |szi| at the mark, positive.
  public var sizeUsd: Usd
  /// Leverage set, in (0, 200].
  public var leverage: Double
  /// Profit not yet realised.
  public var unrealizedPnl: Usd

  /// A position with these properties.
  public init(
    vault: Address, coin: CoinID, szi: Sz, entryPx: Px, markPx: Px, sizeUsd: Usd, leverage: Double,
    unrealizedPnl: Usd
  ) {
    self.vault = vault
    self.coin = coin
    self.szi = szi
    self.entryPx = entryPx
    self.markPx = markPx
    self.sizeUsd = sizeUsd
    self.leverage = leverage
    self.unrealizedPnl = unrealizedPnl
  }

  /// Whether it gains when the price rises.
  public var isLong: Bool { szi.raw > 0 }

  /// The position as the exchange reports it (a row of `clearinghouseState`); nil for one without size or entry.
  public static func make(from position: Position, vault: Address) -> VaultPosition? {
    guard position.szi.raw != 0, position.szi.raw != .min, position.entryPx.raw > 0 else { return nil }
    let size = Sz(raw: abs(position.szi.raw))
    var sizeUsd = position.positionValue
    var markPx = position.positionValue.micros > 0 ? position.positionValue.dividedBy(size) : nil
    if markPx == nil {
      guard let value = position.entryPx.times(size) else { return nil }
      sizeUsd = value
      markPx = position.entryPx
    }
    let leverage = position.leverage
    return VaultPosition(
      vault: vault, coin: position.coin, szi: position.szi, entryPx: position.entryPx,
      markPx: markPx ?? position.entryPx, sizeUsd: sizeUsd,
      leverage: leverage > 0 && leverage <= 200 ? Double(leverage) : 1, unrealizedPnl: position.unrealizedPnl)
  }
}

/// The answers of one round of polls: as many as there are vaults, or it does not count.
public struct VaultRound: Sendable {
  /// Who is asked, in order.
  public let vaults: [Address]
  private var answers: [[VaultPosition]?]
  /// Vaults that have not answered.
  public private(set) var missing: Int

  /// A round nobody has answered.
  public init(vaults: [Address]) {
    self.vaults = vaults
    answers = Array(repeating: nil, count: vaults.count)
    missing = vaults.count
  }

  /// Whether every vault has answered.
  public var isComplete: Bool { missing == 0 }

  /// Whether `vault` belongs to the round and has not answered.
  public func isMissing(_ vault: Address) -> Bool {
    vaults.firstIndex(of: vault).map { answers[$0] == nil } ?? false
  }

  /// Takes a vault's answer; false for a vault that is not asked or has answered.
  @discardableResult
  public mutating func answer(_ vault: Address, _ positions: [Position]) -> Bool {
    guard let index = vaults.firstIndex(of: vault), answers[index] == nil else { return false }
    answers[index] = positions.compactMap { VaultPosition.make(from: $0, vault: vault) }
    missing -= 1
    return true
  }

  /// Forgets a vault's answer: it is too old beside the others'.
  public mutating func withdraw(_ vault: Address) {
    guard let index = vaults.firstIndex(of: vault), answers[index] != nil else { return }
    answers[index] = nil
    missing += 1
  }

  /// All positions in the vaults' order.
  public var positions: [VaultPosition] { answers.flatMap { $0 ?? [] } }
}

/// Who the HLP vaults are, what they hold, and how they turned.
public final class HlpVaults {
  /// The most vaults polled; the HLP has eight (2026).
  public static let vaultsMax = 64
  /// The most rows of a round.
  public static let positionsMax = 16_384

  /// A vault and how it came to be followed.
  public struct Vault: Hashable, Sendable {
    /// Its account.
    public var address: Address
    /// Whose child it is; nil for one the configuration names.
    public var parent: Address?
  }

  /// Configured vaults in their order, then discovered children.
  public private(set) var vaults: [Vault] = []
  /// The rows of the last round, or what a restart found of it.
  public private(set) var positions: [VaultPosition] = []
  /// When the last round was complete; nil before the first.
  public private(set) var roundAt: WallTime?
  /// Counts changes of what can be read here.
  public private(set) var version: UInt64 = 0
  /// Counts changes of who is followed.
  public private(set) var membership: UInt64 = 0
  /// Complete rounds of this run.
  public private(set) var rounds: UInt64 = 0
  /// Rounds dropped because a vault did not answer in time.
  public private(set) var roundsDropped: UInt64 = 0
  /// Rows of all rounds of this run.
  public private(set) var rowsTotal: UInt64 = 0
  /// Vaults and rows refused at their bounds.
  public private(set) var refused: UInt64 = 0
  /// How each coin's net position turned.
  public let sentiment = HlpSentiment()

  /// Nobody followed.
  public init() {}

  /// Follows the configured vaults; called once, first. One named twice is one.
  public func configure(_ addresses: [Address]) {
    for address in addresses { add(address, parent: nil) }
  }

  /// Follows other configured vaults from now on: those that are both old and new keep their children if
  /// `keepsChildren`, the rest is let go of with what it held; false when nothing changed.
  public func reconfigure(_ addresses: [Address], keepsChildren: Bool) -> Bool {
    let before = vaults
    vaults = []
    for address in addresses { add(address, parent: nil) }
    for vault in before where keepsChildren {
      if let parent = vault.parent, addresses.contains(parent) { add(vault.address, parent: parent) }
    }
    guard vaults != before else { return false }
    membership &+= 1
    positions.removeAll { !contains($0.vault) }
    version &+= 1
    return true
  }

  /// The accounts to ask, in order.
  public var addresses: [Address] { vaults.map(\.address) }

  /// Whether `address` is one of the vaults.
  public func contains(_ address: Address) -> Bool { vaults.contains { $0.address == address } }

  /// Takes the list of `parent`'s children: new ones are followed from the next round on, in their order; those no
  /// longer on it are not. One that the configuration names, or another's child, stays what it is.
  public func setChildren(of parent: Address, _ children: [Address]) -> (added: [Address], removed: [Address])
  {
    let removed = vaults.filter { $0.parent == parent && !children.contains($0.address) }.map(\.address)
    vaults.removeAll { removed.contains($0.address) }
    if !removed.isEmpty { membership &+= 1 }
    return (children.filter { add($0, parent: parent) }, removed)
  }

  /// Takes a complete round; false, and nothing changed, for an incomplete one.
  @discardableResult
  public func apply(_ round: VaultRound, at time: WallTime) -> Bool {
    guard round.isComplete else {
      drop()
      return false
    }
    var rows = round.positions
    if rows.count > HlpVaults.positionsMax {
      refused += UInt64(rows.count - HlpVaults.positionsMax)
      rows.removeLast(rows.count - HlpVaults.positionsMax)
    }
    rounds += 1
    rowsTotal += UInt64(rows.count)
    take(rows, of: round.vaults, at: time)
    return true
  }

  /// Counts a round that was given up.
  public func drop() { roundsDropped += 1 }

  /// Takes what a restart found of each vault's last poll; called before the first round.
  ///
  /// The file's rows lie as they were written; here they get the vaults' order. Rows of a vault that is not followed
  /// any more stand last, until the first round.
  public func restore(_ rows: [VaultPosition], at time: WallTime) {
    let kept = rows.prefix(HlpVaults.positionsMax)
    refused += UInt64(rows.count - kept.count)
    var members = addresses
    for row in kept where !members.contains(row.vault) { members.append(row.vault) }
    take(members.flatMap { vault in kept.filter { $0.vault == vault } }, of: members, at: time)
  }

  private func take(_ rows: [VaultPosition], of vaults: [Address], at time: WallTime) {
    sentiment.apply(rows, of: vaults, at: time)
    positions = rows
    roundAt = time
    version &+= 1
  }

  @discardableResult
  private func add(_ address: Address, parent: Address?) -> Bool {
    if contains(address) { return false }
    guard vaults.count < HlpVaults.vaultsMax else {
      refused += 1
      return false
    }
    vaults.append(Vault(address: address, parent: parent))
    membership &+= 1
    return true
  }
}

extension Usd {
  /// This amount per unit of `size` (positive), rounded half up; nil when it is no price we can hold, or 0.
  func dividedBy(_ size: Sz) -> Px? {
    guard micros > 0, size.raw > 0 else { return nil }
    let product = micros.magnitude.multipliedFullWidth(by: 10_000_000_000)
    let divisor = size.raw.magnitude
    guard product.high < divisor else { return nil }
    let (quotient, remainder) = divisor.dividingFullWidth(product)
    let rounded = remainder >= divisor - divisor / 2 ? quotient &+ 1 : quotient
    guard rounded > 0, rounded <= UInt64(Int64.max) else { return nil }
    return Px(raw: Int64(rounded))
  }
}
