import Base
import Wire

extension FuzzTarget {
  /// Bytes → requests, three times with other cuts: the same requests and the same refusal, within the bounds.
  public static let httpRequest = FuzzTarget("http-request") { bytes in
    let whole = requestTrace(bytes, .whole)
    precondition(
      whole.isSame(as: requestTrace(bytes, .bytes)), "bytes one by one are other requests")
    let random = requestTrace(bytes, .random(seed: FuzzPieces.seed(bytes)))
    precondition(whole.isSame(as: random), "other cuts are other requests")
  }

  /// What a parser makes of `bytes`, as bytes.
  static func requestTrace(
    _ bytes: UnsafeRawBufferPointer, _ cut: FuzzPieces.Cut, limits: HTTPLimits = fuzzLimits
  ) -> ByteBuffer {
    let trace = ByteBuffer()
    var parser = HTTPRequestParser(limits: limits)
    FuzzPieces.each(bytes, cut) { piece in
      parser.feed(piece)
      do throws(HTTPError) {
        while true {
          switch try parser.next() {
          case .needMore: return true
          case .expectsContinue: precondition(parser.isInsideRequest)
          case .request(let request):
            check(request)
            trace.note(request)
          }
        }
      } catch {
        trace.note(-1 - Int(error.problem.rawValue))
        return false
      }
    }
    trace.note(parser.isInsideRequest ? 1 : 0)
    return trace
  }

  /// Bounds small enough that the fuzzer reaches them.
  static var fuzzLimits: HTTPLimits {
    var limits = HTTPLimits()
    limits.requestLineMax = 200
    limits.fieldBytesMax = 400
    limits.fieldsMax = 8
    limits.bodyMax = 300
    return limits
  }

  private static func check(_ request: HTTPRequest) {
    precondition(request.body.count <= fuzzLimits.bodyMax && request.fields.count <= fuzzLimits.fieldsMax)
    precondition(request.hasBody || request.body.isEmpty)
    precondition(!request.path.isEmpty)
    precondition(request.path.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "?") })
    precondition(request.query.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") })
    precondition(request.host != nil || request.minorVersion == 0)
    for index in 0..<request.fields.count {
      precondition(!request.fields.name(index).isEmpty)
      precondition(request.fields.value(index).allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 9 })
    }
  }
}
