import API
import Base
import Wire

extension FuzzTarget {
  /// Client bytes → `ClientSession`: whatever comes, every answer is well-formed HTTP with a JSON body, and
  /// the same bytes cut elsewhere get the same answers.
  public static let api = FuzzTarget("api") { bytes in
    let whole = APISubject()
    whole.feed(bytes)
    whole.end()
    let pieces = APISubject()
    var at = 0
    var width = 1
    while at < bytes.count {
      let next = min(at + width, bytes.count)
      pieces.feed(UnsafeRawBufferPointer(rebasing: bytes[at..<next]))
      at = next
      width = width % 7 + 1
    }
    pieces.end()
    precondition(whole.answers.bytes.elementsEqual(pieces.answers.bytes), "answers depend on the cuts")
    whole.checkAnswers()
  }
}

/// A session over fixed views, and all it answered.
private final class APISubject {
  let answers = ByteBuffer()
  private let out = ByteBuffer()
  private let session: ClientSession
  private var isClosed = false

  init() { session = ClientSession(router: APISubject.router, now: APISubject.now) }

  private static let now = APIWorld.now
  /// One for all runs, since building the views takes longer than a run; answers change nothing in them.
  nonisolated(unsafe) private static let router = Router(
    views: APIWorld.make(), options: APIOptions(version: "0"))

  func feed(_ bytes: UnsafeRawBufferPointer) {
    guard !isClosed else { return }
    note(session.receive(bytes, now: APISubject.now, into: out))
  }

  func end() {
    guard !isClosed else { return }
    note(session.endOfInput(now: APISubject.now, into: out))
    precondition(isClosed, "a half-closed session stays open")
  }

  private func note(_ outcome: ClientSession.Outcome) {
    var outcome = outcome
    dropInterim()
    answers.append(out.bytes)
    out.removeAll()
    while outcome == .awaitDrain || session.isParked {
      if session.isParked {
        outcome = session.wake(.stored(id: 7), now: APISubject.now, into: out)
      } else {
        outcome = session.resume(now: APISubject.now, into: out)
        precondition(outcome != .awaitDrain || !out.isEmpty, "a drain that brings nothing")
      }
      dropInterim()
      answers.append(out.bytes)
      out.removeAll()
    }
    isClosed = outcome == .closeAfterFlush
  }

  /// Takes an interim answer off the end: whether one is sent depends on how the bytes were cut, rightly.
  private func dropInterim() {
    let interim: StaticString = "HTTP/1.1 100 Continue\r\n\r\n"
    let text = UnsafeRawBufferPointer(start: interim.utf8Start, count: interim.utf8CodeUnitCount)
    guard out.count >= text.count else { return }
    let rest = out.count - text.count
    if out.bytes(in: rest..<out.count).elementsEqual(text) { out.truncate(to: rest) }
  }

  /// Walks the answers head by head. Answers to HEAD have no body, so a body is taken where a JSON text or a
  /// page stands and its length fits.
  func checkAnswers() {
    let bytes = answers.bytes
    var at = 0
    while at < bytes.count {
      guard let end = APISubject.headEnd(bytes, at) else { preconditionFailure("unfinished head") }
      let head = String(decoding: bytes[at..<end], as: UTF8.self)
      precondition(head.hasPrefix("HTTP/1.1 "), "no status line")
      precondition(!head.hasPrefix("HTTP/1.1 5") || head.hasPrefix("HTTP/1.1 50"), "unknown status")
      precondition(!head.hasPrefix("HTTP/1.1 500"), "a client's bytes made a 500")
      at = end
      if head.hasPrefix("HTTP/1.1 304") || head.hasPrefix("HTTP/1.1 204") { continue }
      guard let length = APISubject.contentLength(head) else { preconditionFailure("no content-length") }
      let isBody = at < bytes.count && bytes[at] != UInt8(ascii: "H")
      guard isBody, length > 0 else { continue }
      precondition(at + length <= bytes.count, "short body")
      let body = UnsafeRawBufferPointer(rebasing: bytes[at..<(at + length)])
      if head.contains("content-encoding: gzip") {
        guard let plain = try? Gunzip.bytes(of: [UInt8](body)) else { preconditionFailure("no gzip") }
        if head.contains("application/json") { plain.withUnsafeBytes { APISubject.checkJSON($0) } }
      } else if head.contains("application/json") {
        APISubject.checkJSON(body)
      }
      at += length
    }
  }

  private static func headEnd(_ bytes: UnsafeRawBufferPointer, _ from: Int) -> Int? {
    var at = from
    while at + 4 <= bytes.count {
      if bytes[at] == 13, bytes[at + 1] == 10, bytes[at + 2] == 13, bytes[at + 3] == 10 { return at + 4 }
      at += 1
    }
    return nil
  }

  private static func contentLength(_ head: String) -> Int? {
    for line in head.split(separator: "\r\n") where line.hasPrefix("content-length:") {
      return Int(line.dropFirst("content-length:".count).drop { $0 == " " })
    }
    return nil
  }

  private static func checkJSON(_ body: UnsafeRawBufferPointer) {
    let text = ByteBuffer(capacity: body.count + 64)
    text.append(body)
    var reader = JSONReader(text.bytes)
    do {
      try reader.skipValue()
      try reader.finish()
    } catch {
      preconditionFailure("a body that is no JSON")
    }
  }
}
