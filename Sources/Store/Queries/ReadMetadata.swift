extension Database {
  /// The metadata entry `key`; `nil` when there is none.
  public func metadata(_ key: String) throws(StoreError) -> String? {
    try read { (connection) throws(StoreError) in
      let statement = try connection.prepare("SELECT value FROM metadata WHERE key = ?1")
      try statement.bind(key, at: 1)
      return try statement.step() ? statement.text(0) : nil
    }
  }
}
