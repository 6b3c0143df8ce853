/// A table of the file: its shape, its indexes and how long its rows are kept.
///
/// Shapes are the contract: people read the file with their own tools, so tables and columns may be added
/// but never renamed. Each table is declared in a file of its own in `Tables/` and listed in `Tables.swift`.
public struct Table: Sendable {
  /// SQLite's name of it.
  public let name: String
  /// Its columns in order.
  public let columns: [Column]
  /// Indexes beyond the primary key.
  public let indexes: [Index]
  /// Which rows retention removes; `nil` keeps all.
  public let retention: Retention?
  /// Whether it is small and holds what clients were told is saved: looked through after a crash even when the
  /// file is too large for a whole check.
  public let holdsClientWords: Bool

  init(
    _ name: String, columns: [Column], indexes: [Index] = [], retention: Retention? = nil,
    holdsClientWords: Bool = false
  ) {
    self.name = name
    self.columns = columns
    self.indexes = indexes
    self.retention = retention
    self.holdsClientWords = holdsClientWords
  }

  /// A column of a table.
  public struct Column: Sendable {
    /// SQLite's storage classes in use here.
    public enum Kind: String, Sendable {
      /// UTF-8 text.
      case text = "TEXT"
      /// A double: USD, prices, epoch seconds.
      case real = "REAL"
      /// A whole number or a 0/1 flag.
      case integer = "INTEGER"
    }

    /// What part a column has in the primary key.
    public enum Key: Sendable {
      /// None.
      case none
      /// One of the key's columns.
      case part
      /// The whole key, numbered by SQLite and never reused.
      case automatic
    }

    /// Its name.
    public let name: String
    /// Its type.
    public let kind: Kind
    /// Whether NULL is allowed.
    public var isNullable = false
    /// Its part in the primary key.
    public var key = Key.none
    /// The SQL literal a row has when nothing is given; also what old rows get when the column is added.
    public var standard: String

    static func text(_ name: String) -> Column { Column(name: name, kind: .text, standard: "''") }
    static func real(_ name: String) -> Column { Column(name: name, kind: .real, standard: "0") }
    static func integer(_ name: String, standard: Int = 0) -> Column {
      Column(name: name, kind: .integer, standard: String(standard))
    }
    static var automaticID: Column {
      Column(name: "id", kind: .integer, key: .automatic, standard: "0")
    }

    /// The column as a part of the primary key.
    var keyed: Column { with { $0.key = .part } }
    /// The column with NULL allowed and standard.
    var nullable: Column { with { $0.isNullable = true } }

    private func with(_ change: (inout Column) -> Void) -> Column {
      var copy = self
      change(&copy)
      return copy
    }

    /// The column in a CREATE or ALTER statement.
    var sql: String {
      switch key {
      case .automatic: "\(name) \(kind.rawValue) PRIMARY KEY AUTOINCREMENT"
      case .part: "\(name) \(kind.rawValue) NOT NULL"
      case .none:
        isNullable
          ? "\(name) \(kind.rawValue)" : "\(name) \(kind.rawValue) NOT NULL DEFAULT \(standard)"
      }
    }
  }

  /// An index of ours; files of the original keep theirs beside it.
  public struct Index: Sendable {
    /// Its name in the file; ours begin with the table's name and `_by_`.
    public let name: String
    /// The columns, in order.
    public let columns: [String]
  }

  /// Which rows are too old.
  public struct Retention: Sendable {
    /// How long rows are kept.
    public enum Keep: Sendable {
      /// A fixed number of days.
      case days(Int)
      /// The configuration's `db.prune_days`.
      case pruneDays
    }

    /// How rows lie in the table, which decides how far a sweep has to look.
    public enum Order: Sendable {
      /// Rows are added in the order of their time: a sweep ends at the first rows young enough.
      case appended
      /// Rows are renewed in place: a sweep looks at all of them.
      case renewed
    }

    /// The column with the row's time in epoch seconds.
    public let column: String
    /// How long.
    public let keep: Keep
    /// How rows lie.
    public let order: Order
    /// A further SQL condition a row must meet to be removed.
    public var condition: String? = nil
    /// Tables whose rows of the same `address` go first.
    public var dependents: [String] = []
  }

  /// The statement that makes the table.
  var createSQL: String {
    var parts = columns.map(\.sql)
    let key = columns.filter { $0.key == .part }.map(\.name)
    if !key.isEmpty { parts.append("PRIMARY KEY (\(key.joined(separator: ", ")))") }
    return "CREATE TABLE IF NOT EXISTS \(name) (\(parts.joined(separator: ", ")))"
  }
}

extension Table.Index {
  /// The statement that makes the index.
  func createSQL(on table: String) -> String {
    "CREATE INDEX IF NOT EXISTS \(name) ON \(table) (\(columns.joined(separator: ", ")))"
  }
}
