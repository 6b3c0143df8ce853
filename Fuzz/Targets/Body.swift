import API
import Base
import Engines
import Market
import Wire

extension FuzzTarget {
  /// A body's bytes, the first choosing the route → its answer: JSON, never a 500, and "not JSON" only for what
  /// the strict reader refuses too, at a place inside the body.
  public static let body = FuzzTarget("body") { bytes in
    guard let choice = bytes.first else { return }
    let body = UnsafeRawBufferPointer(rebasing: bytes[1...])
    let answer = BodySubject.answer(BodySubject.targets[Int(choice) % BodySubject.targets.count], body)
    guard answer.status != 413 else { return }
    precondition([200, 400, 404, 422].contains(answer.status), "status \(answer.status)")
    BodySubject.checkJSON(answer.text, depthMax: 512)
    let text = String(decoding: answer.text.bytes, as: UTF8.self)
    let refusal = #"{"detail":[{"type":"json_invalid","loc":["body","#
    guard text.hasPrefix(refusal) else { return }
    let place = Int(text.dropFirst(refusal.count).prefix { $0.isNumber }) ?? -1
    precondition(place >= 0 && place <= body.count, "a place outside the body")
    precondition(!BodySubject.isJSON(body), "refused what is JSON")
  }
}

private enum BodySubject {
  static let targets = [
    "POST /v1/smart-money/watch", "PATCH /v1/smart-money/watch/0x1234567890",
    "POST /v1/smart-money/wallet/0x1234567890/alerts", "POST /v1/historical/record",
  ]

  private static let now = Instant(ns: 1_000_000_000)
  /// One for all runs, since building the views takes longer than a run; answers change nothing in them.
  nonisolated(unsafe) private static let router: Router = {
    let views = Views(
      orderFlow: OrderFlow(chunksMax: 64, recentMax: 64, coinsMax: 16),
      now: Now(instant: now, wall: WallTime(ms: 1_795_353_385_000)))
    views.submit = { _ in WriteTicket(1) }
    return Router(views: views, options: APIOptions(version: "0"))
  }()

  static func answer(_ target: String, _ body: UnsafeRawBufferPointer) -> (status: Int, text: ByteBuffer) {
    let session = ClientSession(router: router, now: now)
    let request = ByteBuffer(capacity: 256 + body.count)
    request.append(
      utf8: "\(target) HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        + "content-length: \(body.count)\r\n\r\n")
    request.append(body)
    let out = ByteBuffer()
    _ = session.receive(request.bytes, now: now, into: out)
    if session.isParked { _ = session.wake(.stored(id: 7), now: now, into: out) }
    let answer = out.bytes
    var at = 0
    while at + 4 <= answer.count, !answer[at..<(at + 4)].elementsEqual([13, 10, 13, 10]) { at += 1 }
    precondition(at + 4 <= answer.count, "no answer")
    let text = ByteBuffer(capacity: answer.count)
    text.append(UnsafeRawBufferPointer(rebasing: answer[(at + 4)...]))
    return (Int(String(decoding: answer[9..<12], as: UTF8.self)) ?? 0, text)
  }

  static func checkJSON(_ text: ByteBuffer, depthMax: Int) {
    var reader = JSONReader(text.bytes, depthMax: depthMax)
    do {
      try reader.skipValue()
      try reader.finish()
    } catch {
      preconditionFailure("an answer that is no JSON")
    }
  }

  /// Whether the strict reader takes `body`.
  static func isJSON(_ body: UnsafeRawBufferPointer) -> Bool {
    let text = ByteBuffer(capacity: body.count + 64)
    text.append(body)
    var reader = JSONReader(text.bytes, depthMax: 512)
    do {
      try reader.skipValue()
      try reader.finish()
      return true
    } catch {
      return false
    }
  }
}
