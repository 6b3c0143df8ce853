/// Feeding HTTP bytes in pieces and writing down what came out, so that runs can be compared as text.
///
/// The memory of each piece is overwritten as soon as the parser has said it needs more: a view that outlives
/// its bytes shows up as a different text.
import Base
import Wire

/// What a parser made of a byte stream.
struct HTTPRun: Equatable, CustomStringConvertible {
  var messages: [String] = []
  var problem: HTTPError.Problem?
  var isInside = false

  var description: String {
    (messages + [problem.map { "refused: \($0)" } ?? "open inside=\(isInside)"]).joined(separator: "\n")
  }
}

func text(_ bytes: UnsafeRawBufferPointer) -> String {
  bytes.reduce(into: "") { text, byte in
    if byte >= 0x20 && byte < 0x7F {
      text.unicodeScalars.append(Unicode.Scalar(byte))
    } else {
      text += "<\(String(byte, radix: 16))>"
    }
  }
}

func describe(_ request: HTTPRequest) -> String {
  var line = "\(request.method) \(text(request.methodText)) \(text(request.path))"
  line += "?\(text(request.query)) 1.\(request.minorVersion) host=\(request.host.map { text($0) } ?? "nil")"
  line += " keep=\(request.keepAlive) upgrade=\(request.wantsUpgrade)"
  for index in 0..<request.fields.count {
    line += " [\(text(request.fields.name(index)))=\(text(request.fields.value(index)))]"
  }
  return line + (request.hasBody ? " body=\(text(request.body))" : "")
}

func describe(_ response: HTTPResponse) -> String {
  var line = "\(response.status) 1.\(response.minorVersion) keep=\(response.keepAlive)"
  line += " upgrade=\(response.isUpgrade)"
  for index in 0..<response.fields.count {
    line += " [\(text(response.fields.name(index)))=\(text(response.fields.value(index)))]"
  }
  return line + " body=\(text(response.body))"
}

/// Hands `bytes` cut at `cuts` (ascending offsets) to `piece`, in memory that is overwritten afterwards; `piece`
/// answers whether to go on.
func inPieces(_ bytes: [UInt8], _ cuts: [Int], _ piece: (UnsafeRawBufferPointer) -> Bool) {
  var low = 0
  for high in cuts + [bytes.count] where high > low {
    // No byte behind the piece belongs to it: reading there is seen by the address sanitizer.
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: high - low, alignment: 1)
    defer { memory.deallocate() }
    memory.copyBytes(from: bytes[low..<high])
    let goesOn = piece(UnsafeRawBufferPointer(memory))
    memory.initializeMemory(as: UInt8.self, repeating: 0xAA)
    if !goesOn { return }
    low = high
  }
}

/// Feeds requests cut at `cuts`.
func parseRequests(_ bytes: [UInt8], cuts: [Int] = [], limits: HTTPLimits = HTTPLimits()) -> HTTPRun {
  var parser = HTTPRequestParser(limits: limits)
  var run = HTTPRun()
  inPieces(bytes, cuts) { piece in
    parser.feed(piece)
    do throws(HTTPError) {
      while true {
        switch try parser.next() {
        case .needMore: return true
        case .expectsContinue: continue
        case .request(let request): run.messages.append(describe(request))
        }
      }
    } catch {
      run.problem = error.problem
      return false
    }
  }
  run.isInside = run.problem == nil && parser.isInsideRequest
  return run
}

/// Feeds answers cut at `cuts`, then ends the stream when `ends`.
func parseResponses(
  _ bytes: [UInt8], cuts: [Int] = [], isHead: Bool = false, ends: Bool = false,
  limits: HTTPLimits = HTTPLimits()
) -> HTTPRun {
  var reader = HTTPResponseReader(limits: limits)
  reader.isHead = isHead
  var run = HTTPRun()
  func drain() -> Bool {
    do throws(HTTPError) {
      while true {
        guard case .response(let response) = try reader.next() else { return true }
        run.messages.append(describe(response))
      }
    } catch {
      run.problem = error.problem
      return false
    }
  }
  inPieces(bytes, cuts) { piece in
    reader.feed(piece)
    return drain()
  }
  if ends, run.problem == nil {
    reader.end()
    _ = drain()
  }
  return run
}

/// The cut that makes every byte a piece of its own.
func everyByte(_ count: Int) -> [Int] { count > 1 ? Array(1..<count) : [] }

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
