/// Brings a file's tables up to the register: what is missing is added, nothing is changed or removed.
///
/// The file's real shape decides, not a version number, so that a file of the service this daemon replaces,
/// whatever its age, is taken over as it is. `metadata.schema_version` is written for people and other tools; a file
/// of our own version that lacks what it had, and has something else of nearly that name, is damaged.
enum Migration {
  /// The register's version; raised with every change of it.
  static let schemaVersion = 2

  /// What had to be added.
  struct Changes {
    var tables: [String] = []
    var columns: [String] = []
    var indexes: [String] = []
    var isEmpty: Bool { tables.isEmpty && columns.isEmpty && indexes.isEmpty }
  }

  /// Adds what the file lacks, in one transaction; a file that lacks nothing is not written to.
  static func run(on connection: borrowing Connection) throws(StoreError) -> Changes {
    let (planned, statements) = try plan(connection)
    guard !statements.isEmpty else { return planned }
    try connection.execute("BEGIN IMMEDIATE")
    do {
      // Planned again: another process may have done it between the look and the lock.
      let (changes, statements) = try plan(connection)
      for sql in statements { try connection.execute(sql) }
      try connection.execute("COMMIT")
      return changes
    } catch {
      connection.rollback()
      throw error
    }
  }

  private static func plan(_ connection: borrowing Connection) throws(StoreError) -> (Changes, [String]) {
    var changes = Changes()
    var statements: [String] = []
    let isCurrent = try has(.metadata, connection) ? try version(connection) == schemaVersion : false
    for table in Table.all {
      let present = try columns(of: table.name, connection)
      if isCurrent { try refuseDamage(table, present, connection) }
      if present.isEmpty {
        changes.tables.append(table.name)
        statements.append(table.createSQL)
      } else {
        for column in table.columns where !present.contains(column.name) {
          guard column.key == .none else {
            throw StoreError(.incompatible, "table \(table.name) has no key column \(column.name)")
          }
          changes.columns.append("\(table.name).\(column.name)")
          statements.append("ALTER TABLE \(table.name) ADD COLUMN \(column.sql)")
        }
      }
      for index in table.indexes where try !hasIndex(index.name, connection) {
        changes.indexes.append(index.name)
        statements.append(index.createSQL(on: table.name))
      }
    }
    let hasMetadata = !changes.tables.contains(Table.metadata.name)
    let version = hasMetadata ? try self.version(connection) : nil
    if version == nil || version ?? 0 < schemaVersion {
      statements.append(
        "INSERT INTO metadata (key, value) VALUES ('schema_version', '\(schemaVersion)') "
          + "ON CONFLICT (key) DO UPDATE SET value = excluded.value")
    }
    return (changes, statements)
  }

  /// One letter of a name changed: nobody's migration, and to add the column again would hide what it held.
  private static func refuseDamage(
    _ table: Table, _ present: Set<String>, _ connection: borrowing Connection
  ) throws(StoreError) {
    if present.isEmpty {
      let others = try connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      while try others.step() {
        guard let other = others.text(0), isNearly(other, table.name) else { continue }
        throw StoreError(.corrupt, "table \(table.name) is called \(other)")
      }
    }
    for column in table.columns where !present.isEmpty && !present.contains(column.name) {
      guard let other = present.sorted().first(where: { isNearly($0, column.name) }) else { continue }
      throw StoreError(.corrupt, "column \(column.name) of table \(table.name) is called \(other)")
    }
  }

  /// Whether two names of the same length differ in one byte.
  private static func isNearly(_ a: String, _ b: String) -> Bool {
    a.utf8.count == b.utf8.count && zip(a.utf8, b.utf8).count { $0 != $1 } == 1
  }

  /// Whether the file has the table.
  static func has(_ table: Table, _ connection: borrowing Connection) throws(StoreError) -> Bool {
    try connection.integer("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '\(table.name)'")
      != nil
  }

  /// The file's `schema_version`; a word that is no number counts as none. A higher one than ours is left.
  static func version(_ connection: borrowing Connection) throws(StoreError) -> Int? {
    try connection.text("SELECT value FROM metadata WHERE key = 'schema_version'").flatMap { Int($0) }
  }

  /// The names of a table's columns in lower case, as SQLite compares them; empty when there is no table.
  private static func columns(of table: String, _ connection: borrowing Connection) throws(StoreError)
    -> Set<String>
  {
    let statement = try connection.prepare("SELECT name FROM pragma_table_info(?1)")
    try statement.bind(table, at: 1)
    var names: Set<String> = []
    while try statement.step() {
      if let name = statement.text(0) { names.insert(name.lowercased()) }
    }
    return names
  }

  private static func hasIndex(_ name: String, _ connection: borrowing Connection) throws(StoreError) -> Bool
  {
    let statement = try connection.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?1")
    try statement.bind(name, at: 1)
    return try statement.step()
  }
}
