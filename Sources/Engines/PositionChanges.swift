public import Base
public import Market

/// What a watched wallet did between two polls.
public enum PositionAction: UInt8, CaseIterable, Sendable {
  /// A coin it did not hold.
  case entry
  /// A coin it holds no longer.
  case exit
  /// The other side of a coin it held.
  case flip
  /// More than a fifth more USD than at the last poll.
  case increase

  /// The word in answers and rows.
  public var text: StaticString {
    switch self {
    case .entry: "entry"
    case .exit: "exit"
    case .flip: "flip"
    case .increase: "increase"
    }
  }

  /// The action with this word.
  public init?(_ text: String) {
    guard let action = PositionAction.allCases.first(where: { "\($0.text)" == text }) else { return nil }
    self = action
  }
}

/// One change of one wallet's position in one coin.
public struct PositionChange: Hashable, Sendable {
  /// The wallet.
  public var address: Address
  /// The coin.
  public var coin: CoinID
  /// What it did.
  public var action: PositionAction
  /// The side after the change; of an exit, the side that was closed.
  public var isLong: Bool
  /// The size after the change; of an exit, the size at the poll before.
  public var sizeUsd: Usd
  /// The mark price at the poll; of an exit, at the poll before.
  public var price: Px
  /// When the poll was answered.
  public var detectedAt: WallTime

  /// A change with these properties.
  public init(
    address: Address, coin: CoinID, action: PositionAction, isLong: Bool, sizeUsd: Usd, price: Px,
    detectedAt: WallTime
  ) {
    self.address = address
    self.coin = coin
    self.action = action
    self.isLong = isLong
    self.sizeUsd = sizeUsd
    self.price = price
    self.detectedAt = detectedAt
  }
}

/// What is compared of a position between two polls.
public struct HeldPosition: Hashable, Sendable {
  /// The coin.
  public var coin: CoinID
  /// The side.
  public var isLong: Bool
  /// The size at the mark, not negative.
  public var sizeUsd: Usd
  /// The mark price.
  public var markPx: Px

  /// A position with these properties.
  public init(coin: CoinID, isLong: Bool, sizeUsd: Usd, markPx: Px) {
    self.coin = coin
    self.isLong = isLong
    self.sizeUsd = sizeUsd
    self.markPx = markPx
  }
}

/// Finds what changed between two polls of a wallet.
public enum PositionChanges {
  /// The changes from `before` to `after`: entries, flips and increases in the order of `after`, then exits in that of
  /// `before`. Nil as `before` is the first sight of a wallet, which is no change. A coin listed twice counts once.
  public static func detect(
    of address: Address, before: [HeldPosition]?, after: [HeldPosition], at time: WallTime
  ) -> [PositionChange] {
    guard let before else { return [] }
    let old = Held(before)
    let new = Held(after)
    var changes: [PositionChange] = []
    func add(_ action: PositionAction, _ row: HeldPosition) {
      changes.append(
        PositionChange(
          address: address, coin: row.coin, action: action, isLong: row.isLong, sizeUsd: row.sizeUsd,
          price: row.markPx, detectedAt: time))
    }
    for (index, row) in after.enumerated() where new.isFirst(index) {
      guard let held = old.find(row.coin).map({ before[$0] }) else {
        add(.entry, row)
        continue
      }
      if held.isLong != row.isLong {
        add(.flip, row)
      } else if row.sizeUsd.micros > held.sizeUsd.micros,
        row.sizeUsd.micros - held.sizeUsd.micros > held.sizeUsd.micros / 5
      {
        // For whole numbers, more than a fifth and more than the fifth rounded down are the same.
        add(.increase, row)
      }
    }
    for (index, row) in before.enumerated() where old.isFirst(index) && new.find(row.coin) == nil {
      add(.exit, row)
    }
    return changes
  }

  /// The rows' places ordered by coin, to find one without looking at all.
  private struct Held {
    private let rows: [HeldPosition]
    private var order: [Int]

    init(_ rows: [HeldPosition]) {
      self.rows = rows
      order = Array(rows.indices)
      order.sort { (rows[$0].coin, $0) < (rows[$1].coin, $1) }
    }

    /// The first row of `coin`.
    func find(_ coin: CoinID) -> Int? {
      var low = 0
      var high = order.count
      while low < high {
        let middle = (low + high) / 2
        if rows[order[middle]].coin < coin { low = middle + 1 } else { high = middle }
      }
      return low < order.count && rows[order[low]].coin == coin ? order[low] : nil
    }

    func isFirst(_ index: Int) -> Bool { find(rows[index].coin) == index }
  }
}
