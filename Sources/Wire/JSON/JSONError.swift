/// Why a JSON text was refused, and where.
///
/// Thrown typed, so that refusing a peer's bytes costs nanoseconds and allocates nothing.
@frozen
public struct JSONError: Error, Equatable, Sendable {
  /// What was wrong.
  @frozen
  public enum Code: UInt8, Sendable {
    /// The text ends inside a value.
    case unexpectedEnd
    /// A byte that the grammar does not allow here.
    case unexpectedByte
    /// Something follows the value.
    case trailingData
    /// An unescaped control character in a string.
    case controlCharacter
    /// A backslash followed by something that is no escape.
    case badEscape
    /// Half of a surrogate pair without its other half.
    case loneSurrogate
    /// Bytes that are not UTF-8.
    case badUTF8
    /// A number outside the grammar (`01`, `1.`, `.5`, `+1`, `NaN`).
    case badNumber
    /// A number that does not fit the type asked for.
    case numberOverflow
    /// A fraction or an exponent where an integer was asked for, or digits finer than the scale.
    case notExact
    /// A value of another type than the one asked for.
    case wrongType
    /// More nested containers than `depthMax`.
    case tooDeep
    /// More bytes than `sizeMax`.
    case tooLarge
    /// The body is the value `null` where an object or array was promised.
    case null
    /// A required key is absent.
    case missingField
    /// A value of the right type with a meaning the decoder cannot use.
    case badValue
  }

  /// What was wrong.
  public var code: Code
  /// The byte it was noticed at, from the start of the text.
  public var offset: Int

  /// An error at `offset`.
  @inlinable
  public init(_ code: Code, offset: Int) {
    self.code = code
    self.offset = offset
  }
}
