/// Request methods, as far as anything here tells them apart.

/// A request's method.
public enum HTTPMethod: UInt8, Hashable, Sendable {
  /// GET
  case get
  /// HEAD
  case head
  /// POST
  case post
  /// PUT
  case put
  /// PATCH
  case patch
  /// DELETE
  case delete
  /// OPTIONS
  case options
  /// Any other token; `HTTPRequest.methodText` has it.
  case other

  /// The method spelled in the `length` bytes at `start`; methods are case-sensitive.
  static func of(_ start: UnsafeRawPointer, _ length: Int) -> HTTPMethod {
    switch length {
    case 3:
      if HTTPText.isSame(start, "GET") { return .get }
      if HTTPText.isSame(start, "PUT") { return .put }
    case 4:
      if HTTPText.isSame(start, "POST") { return .post }
      if HTTPText.isSame(start, "HEAD") { return .head }
    case 5:
      if HTTPText.isSame(start, "PATCH") { return .patch }
    case 6:
      if HTTPText.isSame(start, "DELETE") { return .delete }
    case 7:
      if HTTPText.isSame(start, "OPTIONS") { return .options }
    default: break
    }
    return .other
  }
}
