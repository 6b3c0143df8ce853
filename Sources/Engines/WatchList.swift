public import Base
public import Market

/// A wallet a client or auto-curation asked to follow, or once did.
public struct WatchEntry: Hashable, Sendable {
  /// What the client wrote, trimmed and lower-cased; it need not be an address.
  public var key: String
  /// The account, if it is one.
  public var address: Address?
  /// Its label; that of an auto-curated one starts `auto |`.
  public var label: String
  /// When it was first asked for.
  public var addedAt: WallTime
  /// Whether it is followed now.
  public var isActive: Bool
  /// Free text.
  public var notes: String
  /// Free text, a comma list by habit.
  public var tags: String

  /// A wallet with these properties.
  public init(
    key: String, label: String = "", addedAt: WallTime, isActive: Bool = true, notes: String = "",
    tags: String = ""
  ) {
    self.key = key
    address = Address(key)
    self.label = label
    self.addedAt = addedAt
    self.isActive = isActive
    self.notes = notes
    self.tags = tags
  }

  /// Whether auto-curation added it.
  public var isAuto: Bool { label.utf8.starts(with: WatchList.autoPrefix.utf8) }

  var textBytes: Int { key.utf8.count + label.utf8.count + notes.utf8.count + tags.utf8.count }
}

/// The followed wallets, newest first, and those once followed, whose label and notes come back with them.
///
/// A change is made in two steps, so that memory never shows what is not on disk: `watching`, `patching` and
/// `unwatching` answer the row as it shall be, `put` takes the row once it is stored.
/// Bounds: `walletsMax` wallets and `textBytesMax` bytes of text; beyond them a new wallet or longer text is refused
/// (nil), after wallets no longer followed have been forgotten, the oldest first.
public final class WatchList {
  /// The most wallets, followed or once followed.
  public static let walletsMax = 10_000
  /// The most bytes of their keys, labels, notes and tags.
  public static let textBytesMax = 8 << 20
  /// The fewest characters of a key.
  public static let keyCharactersMin = 10
  /// How the label of an auto-curated wallet starts.
  public static let autoPrefix = "auto |"

  private let walletsMax: Int
  private let textBytesMax: Int
  private var wallets: [String: WatchEntry] = [:]
  /// Keys of followed wallets, newest last; of one millisecond, as they came.
  private var order: [String] = []
  private var active: Set<Address> = []
  private var textBytes = 0
  /// Followed wallets auto-curation added.
  public private(set) var autoCount = 0
  /// Wallets and texts refused at the bounds.
  public private(set) var refused: UInt64 = 0
  /// Counts changes of what can be read here.
  public private(set) var version: UInt64 = 0

  /// Nobody followed.
  public init(walletsMax: Int = WatchList.walletsMax, textBytesMax: Int = WatchList.textBytesMax) {
    self.walletsMax = walletsMax
    self.textBytesMax = textBytesMax
  }

  /// Wallets followed.
  public var count: Int { order.count }

  /// The wallet with this key, followed or once followed.
  public subscript(key: String) -> WatchEntry? { wallets[key] }

  /// Whether the wallet with this key is followed.
  public func contains(_ key: String) -> Bool { wallets[key]?.isActive ?? false }

  /// Whether the account is followed; for every poll.
  public func contains(_ address: Address) -> Bool { active.contains(address) }

  /// The followed account's wallet.
  public func wallet(_ address: Address) -> WatchEntry? {
    contains(address) ? wallets[address.description] : nil
  }

  /// The row that makes the wallet followed: an empty label keeps the stored one, and so do its notes, tags and time.
  /// Nil when there is no room.
  public func watching(_ key: String, label: String, at time: WallTime) -> WatchEntry? {
    var row = wallets[key] ?? WatchEntry(key: key, addedAt: time)
    if !label.isEmpty { row.label = label }
    row.isActive = true
    return fitting(row)
  }

  /// The row with these fields changed; `.some(nil)` when there is no room, nil when the wallet is not followed.
  public func patching(_ key: String, label: String?, notes: String?, tags: String?) -> WatchEntry?? {
    guard var row = wallets[key], row.isActive else { return nil }
    if let label { row.label = label }
    if let notes { row.notes = notes }
    if let tags { row.tags = tags }
    return .some(fitting(row))
  }

  /// The row that makes the wallet followed no longer; nil when it is not followed.
  public func unwatching(_ key: String) -> WatchEntry? {
    guard var row = wallets[key], row.isActive else { return nil }
    row.isActive = false
    return row
  }

  /// Takes a row that is on disk: one of the above, or what a restart found (then in any order).
  public func put(_ row: WatchEntry) {
    let old = wallets[row.key]
    if let old { forgetCounts(of: old) }
    wallets[row.key] = row
    textBytes += row.textBytes
    version &+= 1
    if row.isActive {
      if row.isAuto { autoCount += 1 }
      if let address = row.address { active.insert(address) }
      if old?.isActive != true || old?.addedAt != row.addedAt {
        if old?.isActive == true { order.removeAll { $0 == row.key } }
        insert(row)
      }
    } else if old?.isActive == true {
      order.removeAll { $0 == row.key }
    }
    makeRoom()
  }

  /// Every wallet, followed or once followed, by key.
  public func forEachKnown(_ body: (WatchEntry) -> Void) {
    for key in wallets.keys.sorted() { if let row = wallets[key] { body(row) } }
  }

  /// The followed wallets, newest first.
  public func forEach(_ body: (WatchEntry) -> Void) {
    for key in order.reversed() { if let row = wallets[key] { body(row) } }
  }

  private func insert(_ row: WatchEntry) {
    var index = order.count
    while index > 0, let before = wallets[order[index - 1]], before.addedAt > row.addedAt { index -= 1 }
    order.insert(row.key, at: index)
  }

  private func forgetCounts(of row: WatchEntry) {
    textBytes -= row.textBytes
    guard row.isActive else { return }
    if row.isAuto { autoCount -= 1 }
    if let address = row.address { active.remove(address) }
  }

  /// The row, if it fits once everybody no longer followed is forgotten.
  private func fitting(_ row: WatchEntry) -> WatchEntry? {
    var activeBytes = row.textBytes
    var activeCount = 1
    for (key, other) in wallets where other.isActive && key != row.key {
      activeBytes += other.textBytes
      activeCount += 1
    }
    guard activeBytes <= textBytesMax, activeCount <= walletsMax else {
      refused += 1
      return nil
    }
    return row
  }

  /// Forgets wallets no longer followed, the oldest first, down to the bounds.
  private func makeRoom() {
    guard wallets.count > walletsMax || textBytes > textBytesMax else { return }
    let idle = wallets.values.filter { !$0.isActive }.sorted { ($0.addedAt, $0.key) < ($1.addedAt, $1.key) }
    for row in idle where wallets.count > walletsMax || textBytes > textBytesMax {
      wallets[row.key] = nil
      textBytes -= row.textBytes
    }
  }
}
