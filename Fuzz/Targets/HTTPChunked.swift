import Base
import Wire

extension FuzzTarget {
  /// Bytes → the chunks of a body, behind a fixed head: the same body, rest and refusal in every cut; and a body cut
  /// into chunks by us is read back whole.
  public static let httpChunked = FuzzTarget("http-chunked") { bytes in
    let stream = ByteBuffer()
    stream.append(chunkedHead)
    stream.append(bytes)
    let whole = requestTrace(stream.bytes, .whole)
    precondition(
      whole.isSame(as: requestTrace(stream.bytes, .bytes)), "bytes one by one are another body"
    )
    let seed = FuzzPieces.seed(bytes)
    precondition(
      whole.isSame(as: requestTrace(stream.bytes, .random(seed: seed))),
      "other cuts are another body")
    withExtendedLifetime(stream) {}
    roundTrip(UnsafeRawBufferPointer(rebasing: bytes.prefix(fuzzLimits.bodyMax)), seed)
  }

  private static var chunkedHead: StaticString {
    "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
  }

  private static func roundTrip(_ body: UnsafeRawBufferPointer, _ seed: UInt64) {
    let stream = ByteBuffer()
    stream.append(chunkedHead)
    FuzzPieces.each(body, .random(seed: seed)) { chunk in
      stream.append(utf8: String(chunk.count, radix: 16, uppercase: seed & 1 == 0))
      stream.append("\r\n")
      stream.append(chunk)
      stream.append("\r\n")
      return true
    }
    stream.append("0\r\n\r\n")
    var parser = HTTPRequestParser(limits: fuzzLimits)
    var isRead = false
    FuzzPieces.each(stream.bytes, .random(seed: ~seed)) { piece in
      parser.feed(piece)
      if case .request(let request)? = try? parser.next() { isRead = request.body.elementsEqual(body) }
      return !isRead
    }
    withExtendedLifetime(stream) {}
    precondition(isRead, "a body in chunks is not read back")
  }
}
