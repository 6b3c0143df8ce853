/// The JSON object a route takes in its body, said once: its fields, what they may be, and an example.
///
/// Parsing, the texts of refusals and the OpenAPI text come from here. Fields are optional for the parser
/// (what must be there is the handler's business, whose refusals deployed clients know); unknown fields are
/// ignored; of a repeated one the last counts; `null` is the same as absent (`RequestBody.isNull` tells them
/// apart).
public struct BodySchema: Sendable {
  /// What a field may be.
  public enum Kind: Sendable {
    /// A text of at least `atLeast` characters; that bound is documentation, the handler refuses.
    case text(atLeast: Int)
    /// One of these words. A value of another type counts as absent: the handler refuses both in one way.
    case choice([String])
    /// A finite number; texts that are numbers, and booleans, are taken too.
    case number
    /// An object of coin names and numbers; `null` values are skipped, NaN is kept for the handler.
    case numbers
  }

  /// One field.
  public struct Field: Sendable {
    /// The key.
    public let name: String
    /// What it may be.
    public let kind: Kind
    /// Whether a request without it is refused (by the handler).
    public let isRequired: Bool
    /// One sentence for the reader of the documentation.
    public let about: String

    /// A field that may be absent.
    public static func optional(_ name: String, _ kind: Kind, _ about: String) -> Field {
      Field(name: name, kind: kind, isRequired: false, about: about)
    }

    /// A field no request goes without.
    public static func required(_ name: String, _ kind: Kind, _ about: String) -> Field {
      Field(name: name, kind: kind, isRequired: true, about: about)
    }
  }

  /// The name under `components` of the OpenAPI document.
  public let name: String
  /// The fields, in the order errors are reported.
  public let fields: [Field]
  /// A real body, as JSON text.
  public let example: String

  /// The most fields of one body.
  public static let fieldsMax = 8

  init(_ name: String, _ fields: [Field], example: String) {
    precondition(fields.count <= BodySchema.fieldsMax)
    self.name = name
    self.fields = fields
    self.example = example
  }
}
