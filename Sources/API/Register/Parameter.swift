/// A value a client passes in the path or the query, said once: name, kind, default, bounds and a sentence.
///
/// Parsing, the texts of refusals, the OpenAPI text and the documentation page all come from here. The rules
/// and texts are those of the service this daemon replaces (contract §2); see `ParameterText` for the
/// parsing.
public struct Parameter: Sendable {
  /// Where it stands in the request.
  public enum Place: Sendable {
    /// A `{name}` segment of the path; always present.
    case path
    /// A query pair; absent means the default.
    case query
  }

  /// What it may be; bounds are inclusive, `nil` means none.
  public enum Kind: Sendable {
    /// A whole number.
    case integer(initial: Int64, atLeast: Int64?, atMost: Int64?)
    /// A finite number.
    case number(initial: Double, atLeast: Double?, atMost: Double?)
    /// Yes or no in any of the usual spellings.
    case flag(initial: Bool)
    /// A text.
    case text(initial: StaticString)
  }

  /// The name as the client writes it.
  public let name: String
  /// Where it stands.
  public let place: Place
  /// What it may be.
  public let kind: Kind
  /// One sentence for the reader of the documentation.
  public let about: String

  /// A text segment of the path.
  public static func path(_ name: String, _ about: String) -> Parameter {
    Parameter(name: name, place: .path, kind: .text(initial: ""), about: about)
  }

  /// A whole-number segment of the path.
  public static func pathInteger(_ name: String, _ about: String) -> Parameter {
    Parameter(
      name: name, place: .path, kind: .integer(initial: 0, atLeast: nil, atMost: nil), about: about)
  }

  /// A whole number in the query.
  public static func integer(
    _ name: String, _ initial: Int64, atLeast: Int64? = nil, atMost: Int64? = nil, _ about: String
  ) -> Parameter {
    Parameter(
      name: name, place: .query, kind: .integer(initial: initial, atLeast: atLeast, atMost: atMost),
      about: about)
  }

  /// A finite number in the query.
  public static func number(
    _ name: String, _ initial: Double, atLeast: Double? = nil, atMost: Double? = nil, _ about: String
  ) -> Parameter {
    Parameter(
      name: name, place: .query, kind: .number(initial: initial, atLeast: atLeast, atMost: atMost),
      about: about)
  }

  /// A yes or no in the query.
  public static func flag(_ name: String, _ initial: Bool, _ about: String) -> Parameter {
    Parameter(name: name, place: .query, kind: .flag(initial: initial), about: about)
  }

  /// A text in the query.
  public static func text(_ name: String, _ initial: StaticString, _ about: String) -> Parameter {
    Parameter(name: name, place: .query, kind: .text(initial: initial), about: about)
  }
}
