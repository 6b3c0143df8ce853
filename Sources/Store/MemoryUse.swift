import CSQLite

extension Database {
  /// Memory SQLite holds for all databases of this process, in bytes: caches and statements.
  public static var memoryBytes: Int { Int(sqlite3_memory_used()) }
}

extension MemoryDisk {
  /// Memory the files take, in bytes, what was synced of them included where it differs.
  public var heldBytes: Int { files.values.reduce(0) { $0 + $1.heldBytes } }
}
