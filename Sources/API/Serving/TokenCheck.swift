/// Whether a request may do what it asks: writes need the token when one is set, reads when they are protected.
///
/// Compared in a time that depends on the candidate's length only, so that guesses cannot be bettered byte by
/// byte.
import Base
import Wire

struct TokenCheck {
  private let token: [UInt8]
  private let protectsReads: Bool

  init(_ options: APIOptions) {
    token = Array((options.token ?? "").utf8)
    protectsReads = options.protectReads
  }

  /// Whether requests for a route of `method` need the token.
  func isNeeded(_ method: Route.Method) -> Bool { !token.isEmpty && (protectsReads || method != .get) }

  /// What an `authorization` header means.
  enum Verdict {
    case accepted
    /// No bearer token in it.
    case missing
    case wrong
  }

  /// Whether `header`, the value of `authorization`, carries the token.
  func verdict(_ header: UnsafeRawBufferPointer?) -> Verdict {
    let scheme: StaticString = "bearer "
    let length = scheme.utf8CodeUnitCount
    guard let header, header.count > length else { return .missing }
    for index in 0..<length where header[index] | 0x20 != scheme.utf8Start[index] { return .missing }
    let candidate = UnsafeRawBufferPointer(rebasing: header[length...])
    var difference = candidate.count ^ token.count
    for index in 0..<candidate.count { difference |= Int(candidate[index] ^ token[index % token.count]) }
    return difference == 0 ? .accepted : .wrong
  }
}
