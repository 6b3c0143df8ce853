/// Which pages of other origins may use the API (the fetch standard's CORS protocol).
///
/// Off unless origins are configured: then no header is ever added and a preflight is what it is without CORS,
/// a method nobody registered. An origin is compared whole and byte for byte, as browsers send it; no
/// credentials are allowed, since the token is sent by scripts, not by browsers.
/// Bound: `originsMax` origins.
import Base
import Wire

struct CrossOrigin {
  /// The most origins.
  static let originsMax = 64
  /// The longest origin echoed.
  static let originBytesMax = 512

  private let origins: [[UInt8]]
  private let allowsAll: Bool

  init(_ options: APIOptions) {
    origins = options.corsOrigins.prefix(CrossOrigin.originsMax).map { Array($0.utf8) }
    allowsAll = options.corsOrigins.contains("*")
  }

  /// Whether any page may.
  var isOn: Bool { !origins.isEmpty }

  /// Fills `lines` with the header lines every answer to `request` gets; answers whether its origin is allowed.
  func take(_ request: borrowing HTTPRequest, _ lines: ByteBuffer) -> Bool {
    if !allowsAll { lines.append("vary: origin\r\n") }
    guard let origin = request.fields.first("origin"), allows(origin) else { return false }
    lines.append("access-control-allow-origin: ")
    if allowsAll { lines.append("*") } else { lines.append(origin) }
    lines.append("\r\naccess-control-expose-headers: etag\r\n")
    return true
  }

  private func allows(_ origin: UnsafeRawBufferPointer) -> Bool {
    guard origin.count <= CrossOrigin.originBytesMax else { return false }
    return allowsAll || origins.contains { $0.elementsEqual(origin) }
  }
}
