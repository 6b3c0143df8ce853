/// A request that waits for something: a copy of it that can be read again when it has happened.
///
/// Everything a client's bytes are views into goes away with the loop's turn, so what is kept is the request as
/// text, framed anew: what it asked for, its header lines but those about framing and the connection, its body.
/// Bounds: `HTTPLimits` on one; `Router.parkedMax` on all.
/// Invariant: exists exactly while its session waits, so the router counts what waits.
import Base
import Wire

final class ParkedRequest {
  /// What it waits for, and how long.
  let parking: Parking
  /// Whether the connection stays open behind its answer.
  let keepAlive: Bool
  private let text: ByteBuffer
  private let router: Router

  init(_ request: borrowing HTTPRequest, _ parking: Parking, keepAlive: Bool, _ router: Router) {
    self.parking = parking
    self.keepAlive = keepAlive
    self.router = router
    text = ByteBuffer(capacity: 512 + request.body.count)
    ParkedRequest.write(request, to: text)
    router.parked += 1
  }

  deinit { router.parked -= 1 }

  /// Runs the request again; what it wants to wait for, if it waits once more.
  func run(_ resumed: Resumed, keepAlive: Bool, into out: ByteBuffer) -> ParkedRequest? {
    // Framed anew, a head may be some bytes longer than it came.
    var limits = HTTPLimits()
    limits.fieldBytesMax += 1024
    limits.fieldsMax += 2
    var parser = HTTPRequestParser(limits: limits)
    parser.feed(text.bytes)
    guard case .request(let request)? = try? parser.next() else {
      preconditionFailure("a request read once can be read again")
    }
    guard let parking = router.answer(request, keepAlive: keepAlive, resumed: resumed, into: out) else {
      return nil
    }
    return ParkedRequest(request, parking, keepAlive: keepAlive, router)
  }

  private static func write(_ request: borrowing HTTPRequest, to text: ByteBuffer) {
    text.append(request.methodText)
    text.append(" ")
    text.append(request.path)
    if !request.query.isEmpty {
      text.append("?")
      text.append(request.query)
    }
    text.append(request.minorVersion == 0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n")
    if let host = request.host {
      text.append("host: ")
      text.append(host)
      text.append("\r\n")
    }
    let fields = request.fields
    for index in 0..<fields.count where !isFraming(fields.name(index)) {
      text.append(fields.name(index))
      text.append(": ")
      text.append(fields.value(index))
      text.append("\r\n")
    }
    if request.hasBody {
      text.append("content-length: ")
      DoubleText.appendDigits(UInt64(request.body.count), to: text)
      text.append("\r\n")
    }
    text.append("\r\n")
    text.append(request.body)
  }

  private static func isFraming(_ name: UnsafeRawBufferPointer) -> Bool {
    let name = String(decoding: name, as: UTF8.self).lowercased()
    return ["host", "connection", "content-length", "transfer-encoding", "expect"].contains(name)
  }
}
