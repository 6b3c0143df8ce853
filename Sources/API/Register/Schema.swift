/// What a value in an answer looks like, said once beside the route that writes it.
///
/// The OpenAPI text and the documentation page are printed from these; the tests hold every golden answer
/// against them. Objects may carry more keys than listed (the contract allows added keys), lists may not.
public indirect enum Schema: Sendable {
  /// A text.
  case text(String)
  /// A text out of a fixed set.
  case choice([String], String)
  /// A whole number.
  case integer(String)
  /// A number, written with a fraction where the goldens show one.
  case number(String)
  /// `true` or `false`.
  case flag(String)
  /// An array of one kind of element.
  case list(Schema, String)
  /// An object whose keys are data (coins, window labels).
  case map(Schema, String)
  /// An object with fixed keys; a named one is printed once, under `components`, and referred to.
  case object(String?, [Field])
  /// The value or `null`.
  case nullable(Schema)
  /// Any JSON value.
  case any(String)

  /// One key of an object.
  public struct Field: Sendable {
    /// The key.
    public let name: String
    /// What stands behind it.
    public let schema: Schema
    /// Whether every answer has it.
    public let isRequired: Bool

    /// A key every answer has.
    public init(_ name: String, _ schema: Schema) {
      self.name = name
      self.schema = schema
      isRequired = true
    }

    /// A key some answers have.
    public static func sometimes(_ name: String, _ schema: Schema) -> Field {
      Field(name: name, schema: schema, isRequired: false)
    }

    private init(name: String, schema: Schema, isRequired: Bool) {
      self.name = name
      self.schema = schema
      self.isRequired = isRequired
    }
  }
}
