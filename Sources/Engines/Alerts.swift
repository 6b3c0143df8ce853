public import Base

/// What an alert waits for.
public enum AlertType: UInt8, CaseIterable, Sendable {
  /// Any change.
  case anyTrade
  /// An entry.
  case entryOnly
  /// An exit.
  case exitOnly
  /// A change of at least its size.
  case sizeAbove
  /// A change in one of its coins.
  case coinSpecific

  /// The word in requests, answers and rows.
  public var text: String {
    switch self {
    case .anyTrade: "any_trade"
    case .entryOnly: "entry_only"
    case .exitOnly: "exit_only"
    case .sizeAbove: "size_above"
    case .coinSpecific: "coin_specific"
    }
  }

  /// The type with this word.
  public init?(_ text: String) {
    guard let type = AlertType.allCases.first(where: { $0.text == text }) else { return nil }
    self = type
  }
}

/// An alert a client asked for; consumers read it, the daemon stores it.
public struct Alert: Hashable, Sendable {
  /// Its row's number; never used again.
  public var id: Int64
  /// The wallet, trimmed and lower-cased text; it need not be an address.
  public var key: String
  /// An `AlertType`'s word; an old file may hold others.
  public var type: String
  /// The smallest change it is for, in USD.
  public var minSizeUsd: Double
  /// The coins it is for, a comma list; empty is all.
  public var coins: String
  /// Whether it is in force.
  public var isEnabled: Bool
  /// When it was asked for.
  public var createdAt: WallTime

  /// An alert with these properties.
  public init(
    id: Int64, key: String, type: String, minSizeUsd: Double, coins: String, isEnabled: Bool = true,
    createdAt: WallTime
  ) {
    self.id = id
    self.key = key
    self.type = type
    self.minSizeUsd = minSizeUsd
    self.coins = coins
    self.isEnabled = isEnabled
    self.createdAt = createdAt
  }

  var textBytes: Int { key.utf8.count + type.utf8.count + coins.utf8.count }
}

/// All alerts in order of their numbers.
///
/// `next` makes a row with a new number, `put` takes it once it is on disk, so that memory never shows what is not.
/// Bounds: `alertsMax` alerts, `textBytesMax` bytes of text; beyond them a new one is refused.
public final class Alerts {
  /// The most alerts.
  public static let alertsMax = 10_000
  /// The most bytes of their keys, types and coins.
  public static let textBytesMax = 4 << 20

  private let alertsMax: Int
  private let textBytesMax: Int
  private var alerts: [Alert] = []
  private var textBytes = 0
  /// Numbers given out or seen.
  private var lastID: Int64 = 0
  /// Numbered, not yet on disk.
  private var promised: [Int64: Int] = [:]
  /// Alerts refused at the bounds.
  public private(set) var refused: UInt64 = 0
  /// Counts changes of what can be read here.
  public private(set) var version: UInt64 = 0

  /// None.
  public init(alertsMax: Int = Alerts.alertsMax, textBytesMax: Int = Alerts.textBytesMax) {
    self.alertsMax = alertsMax
    self.textBytesMax = textBytesMax
  }

  /// Alerts held.
  public var count: Int { alerts.count }

  /// Numbers up to `id` have been used, also by alerts that are gone (the file's `sqlite_sequence`).
  public func restoreLastID(_ id: Int64) { lastID = max(lastID, id) }

  /// A new alert with a number of its own; nil when there is no room. `put` or `withdraw` must follow.
  public func next(
    key: String, type: String, minSizeUsd: Double, coins: String, at time: WallTime
  ) -> Alert? {
    let alert = Alert(
      id: lastID &+ 1, key: key, type: type, minSizeUsd: minSizeUsd, coins: coins, createdAt: time)
    let promisedBytes = promised.values.reduce(0, +)
    guard lastID < .max, alerts.count + promised.count < alertsMax,
      textBytes + promisedBytes + alert.textBytes <= textBytesMax
    else {
      refused += 1
      return nil
    }
    lastID = alert.id
    promised[alert.id] = alert.textBytes
    return alert
  }

  /// The alert was not stored; its number stays unused.
  public func withdraw(_ id: Int64) { promised[id] = nil }

  /// Takes an alert that is on disk, new or of a restart; one with a number held already replaces it.
  public func put(_ alert: Alert) {
    promised[alert.id] = nil
    lastID = max(lastID, alert.id)
    version &+= 1
    textBytes += alert.textBytes
    let index = firstIndex(notBelow: alert.id)
    if index < alerts.count, alerts[index].id == alert.id {
      textBytes -= alerts[index].textBytes
      alerts[index] = alert
    } else {
      alerts.insert(alert, at: index)
    }
  }

  /// Removes an alert once it is gone from disk; false when there was none.
  @discardableResult
  public func remove(_ id: Int64) -> Bool {
    let index = firstIndex(notBelow: id)
    guard index < alerts.count, alerts[index].id == id else { return false }
    textBytes -= alerts.remove(at: index).textBytes
    version &+= 1
    return true
  }

  /// All alerts, or those of one wallet, by number.
  public func forEach(of key: String? = nil, _ body: (Alert) -> Void) {
    for alert in alerts where key == nil || alert.key == key { body(alert) }
  }

  /// The alerts in force, or those of one wallet, by number.
  public func forEachEnabled(of key: String? = nil, _ body: (Alert) -> Void) {
    forEach(of: key) { if $0.isEnabled { body($0) } }
  }

  private func firstIndex(notBelow id: Int64) -> Int {
    var low = 0
    var high = alerts.count
    while low < high {
      let middle = (low + high) / 2
      if alerts[middle].id < id { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
