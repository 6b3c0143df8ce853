public import Base

/// A wallet a client or auto-curation asked to follow. Its key is text: clients may watch what is no address.
public struct WatchedWallet: Hashable, Sendable {
  /// What was asked for, trimmed and in lower case.
  public var key: String
  /// The label; empty for none.
  public var label: String
  /// When it was first asked for.
  public var addedAt: WallTime
  /// Whether it is followed now; one that is not keeps its words.
  public var isActive: Bool
  /// A client's notes.
  public var notes: String
  /// A client's tags.
  public var tags: String

  /// A wallet with these fields.
  public init(
    key: String, label: String = "", addedAt: WallTime, isActive: Bool = true, notes: String = "",
    tags: String = ""
  ) {
    self.key = key
    self.label = label
    self.addedAt = addedAt
    self.isActive = isActive
    self.notes = notes
    self.tags = tags
  }
}

/// The end of following a wallet; its label, notes and tags stay for the next time.
public struct UnwatchedWallet: Hashable, Sendable {
  /// The wallet.
  public var key: String

  /// The end of following `key`.
  public init(key: String) { self.key = key }
}

/// New words for a watched wallet; `nil` leaves what is stored.
public struct WatchedWalletPatch: Hashable, Sendable {
  /// The wallet.
  public var key: String
  /// Its label.
  public var label: String?
  /// Its notes.
  public var notes: String?
  /// Its tags.
  public var tags: String?

  /// A patch with these fields.
  public init(key: String, label: String? = nil, notes: String? = nil, tags: String? = nil) {
    self.key = key
    self.label = label
    self.notes = notes
    self.tags = tags
  }
}

extension Write {
  /// Follows a wallet. One that is known keeps when it was first asked for and, unless new ones are given, its words.
  public static let watchedWallet = Write(
    .watchedWallets, cells: 6,
    sql: """
      INSERT INTO watched_wallets (address, label, added_at, is_active, notes, tags)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      ON CONFLICT (address) DO UPDATE SET
        label = CASE excluded.label WHEN '' THEN label ELSE excluded.label END,
        notes = CASE excluded.notes WHEN '' THEN notes ELSE excluded.notes END,
        tags = CASE excluded.tags WHEN '' THEN tags ELSE excluded.tags END,
        is_active = excluded.is_active
      """)

  /// Follows a wallet no longer.
  public static let unwatchedWallet = Write(
    .watchedWallets, cells: 1, sql: "UPDATE watched_wallets SET is_active = 0 WHERE address = ?1")

  /// Changes a wallet's words.
  public static let watchedWalletPatch = Write(
    .watchedWallets, cells: 4,
    sql: """
      UPDATE watched_wallets SET label = coalesce(?2, label), notes = coalesce(?3, notes),
        tags = coalesce(?4, tags)
      WHERE address = ?1
      """)
}

extension Batch {
  /// Follows a wallet; empty words keep the stored ones. `false` when the batch is full.
  @discardableResult
  public mutating func add(_ row: WatchedWallet) -> Bool {
    guard begin(.watchedWallet) else { return false }
    put(.text(row.key))
    put(.text(row.label))
    put(.time(row.addedAt))
    put(.flag(row.isActive))
    put(.text(row.notes))
    put(.text(row.tags))
    return true
  }

  /// Follows a wallet no longer; `false` when the batch is full.
  @discardableResult
  public mutating func add(_ row: UnwatchedWallet) -> Bool {
    guard begin(.unwatchedWallet) else { return false }
    put(.text(row.key))
    return true
  }

  /// Changes a wallet's words; one that is not in the file is no error. `false` when the batch is full.
  @discardableResult
  public mutating func add(_ row: WatchedWalletPatch) -> Bool {
    guard begin(.watchedWalletPatch) else { return false }
    put(.text(row.key))
    put(.text(orNull: row.label))
    put(.text(orNull: row.notes))
    put(.text(orNull: row.tags))
    return true
  }
}
