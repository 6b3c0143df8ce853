/// A word about the file itself.
public struct MetadataEntry: Hashable, Sendable {
  /// Its name.
  public var key: String
  /// Its value.
  public var value: String

  /// An entry with these words.
  public init(key: String, value: String) {
    self.key = key
    self.value = value
  }
}

extension Write {
  /// Sets a metadata entry.
  public static let metadata = Write(
    .metadata, cells: 2,
    sql: """
      INSERT INTO metadata (key, value) VALUES (?1, ?2)
      ON CONFLICT (key) DO UPDATE SET value = excluded.value
      """)
}

extension Batch {
  /// Sets a metadata entry; `false` when the batch is full.
  @discardableResult
  public mutating func add(_ row: MetadataEntry) -> Bool {
    guard begin(.metadata) else { return false }
    put(.text(row.key))
    put(.text(row.value))
    return true
  }
}
