import Base
import Market
import Wire

/// The HTTP side of a link: `POST /info`, the upgrade at `/ws`, and the truth for tests.
///
/// Its own small reader on purpose: it takes what well-behaved clients send (sized bodies, keep-alive,
/// pipelining) and ends the connection on anything else.
extension ExchangeLink {
  /// A request's head, understood.
  private struct Head {
    var method = ""
    var path = ""
    var query = ""
    var length = 0
    var headBytes = 0
    var closes = false
    var key: String?
    var isUpgrade = false
    /// Whether an upgrade is as RFC 6455 §4.2.1 wants it, its key apart.
    var isSound: Bool { isOneOne && asksToSwitch && isVersion13 }
    var isOneOne = false
    var asksToSwitch = false
    var isVersion13 = false
  }

  /// Answers every whole request in `input`.
  func serveRequests(now: WallTime) {
    while state == .http, !closesWhenIdle, !input.isEmpty {
      guard let head = readHead() else {
        if input.count > ExchangeLink.headMax { refuse(431) }
        return
      }
      guard head.length >= 0, head.length <= ExchangeLink.bodyMax else { return refuse(413) }
      let total = head.headBytes + head.length
      guard input.count >= total else { return }
      let body = [UInt8](input.bytes(in: head.headBytes..<total))
      input.removeFirst(total)
      if head.isUpgrade {
        upgrade(head, now: now)
      } else {
        body.withUnsafeBytes { answer(head, $0, now: now) }
      }
    }
  }

  private func readHead() -> Head? {
    let bytes = input.bytes
    guard bytes.count >= 4 else { return nil }
    var end = 3
    while end < bytes.count, !(bytes[end] == 10 && bytes[end - 1] == 13 && bytes[end - 2] == 10) { end += 1 }
    guard end < bytes.count else { return nil }
    let lines = String(decoding: bytes[..<(end - 3)], as: UTF8.self).split(separator: "\r\n")
    var head = Head()
    head.headBytes = end + 1
    let words = (lines.first ?? "").split(separator: " ")
    guard words.count == 3 else {
      head.length = -1
      return head
    }
    head.method = String(words[0])
    head.isOneOne = words[2] == "HTTP/1.1"
    let target = words[1].split(separator: "?", maxSplits: 1)
    head.path = String(target.first ?? "")
    head.query = target.count > 1 ? String(target[1]) : ""
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let value = parts[1].drop { $0 == " " }
      switch parts[0].lowercased() {
      case "content-length": head.length = Int(value) ?? -1
      case "connection":
        head.closes = value.lowercased().contains("close")
        head.asksToSwitch = value.lowercased().contains("upgrade")
      case "upgrade": head.isUpgrade = value.lowercased() == "websocket"
      case "sec-websocket-key": head.key = String(value)
      case "sec-websocket-version": head.isVersion13 = value == "13"
      case "transfer-encoding": head.length = -1
      default: break
      }
    }
    return head
  }

  private func upgrade(_ head: Head, now: WallTime) {
    guard head.path == "/ws", head.method == "GET", head.isSound, var key = head.key else {
      return refuse(400)
    }
    guard key.withUTF8({ WebSocketAccept.isKey(UnsafeRawBufferPointer($0)) }) else { return refuse(400) }
    if exchange.faults.roll(exchange.faults.refuseUpgrade, &random) { return refuse(503) }
    guard limits.connect(nowMs: exchange.world.now.ms, limits: exchange.limits) else { return refuse(429) }
    key.withUTF8 { WebSocketAccept.answer(key: UnsafeRawBufferPointer($0), into: output) }
    open()
    guard !input.isEmpty else { return }
    let early = [UInt8](input.bytes)
    early.withUnsafeBytes { receiveFrames($0) }
  }

  private func answer(_ head: Head, _ body: UnsafeRawBufferPointer, now: WallTime) {
    let reply = ByteBuffer()
    switch (head.method, head.path) {
    case ("POST", "/info"):
      switch exchange.info(body, from: client, now: now, into: reply) {
      case .hangUp: return abort()
      case .answer(let status, let type, let delayMs): respond(status, type, reply, delayMs: delayMs)
      }
    case ("GET", "/"):
      reply.append("hynous-sim: POST /info, WebSocket /ws\n")
      reply.append("GET /truth/flow?coin=BTC&windowS=300, /truth/world, /truth/trips?user=0x…&since=ms\n")
      reply.append("POST /control/still, /control/on\n")
      respond(200, .plain, reply, delayMs: 0)
    case ("POST", let path) where exchange.control(path):
      reply.append("{}")
      respond(200, .json, reply, delayMs: 0)
    case ("GET", let path):
      if let isKnown = exchange.writeTruth(path, head.query, ReplyText(reply)) {
        respond(isKnown ? 200 : 404, .json, reply, delayMs: 0)
      } else {
        respond(404, .plain, reply, delayMs: 0)
      }
    default: respond(404, .plain, reply, delayMs: 0)
    }
    if head.closes {
      closesWhenIdle = true
      if delayed.isEmpty { state = .closing }
    }
  }

  private func respond(_ status: Int, _ type: ReplyType, _ body: ByteBuffer, delayMs: Int) {
    let reply = delayMs > 0 || !delayed.isEmpty ? ByteBuffer() : output
    reply.append(utf8: "HTTP/1.1 \(status) \(ExchangeLink.reason(status))\r\ncontent-type: ")
    switch type {
    case .json: reply.append("application/json")
    case .plain: reply.append("text/plain; charset=utf-8")
    case .html: reply.append("text/html")
    }
    reply.append(utf8: "\r\ncontent-length: \(body.count)\r\n\r\n")
    reply.append(body.bytes)
    guard reply !== output else { return }
    guard delayedBytes + reply.count <= ExchangeLink.delayedBytesMax else { return abort() }
    delayedBytes += reply.count
    delayed.append((exchange.world.now.ms + Int64(delayMs), [UInt8](reply.bytes), true))
  }

  private func refuse(_ status: Int) {
    state = .closing
    output.append(utf8: "HTTP/1.1 \(status) \(ExchangeLink.reason(status))\r\nconnection: close\r\n")
    output.append("content-length: 0\r\n\r\n")
  }

  private static func reason(_ status: Int) -> StaticString {
    switch status {
    case 200: "OK"
    case 400: "Bad Request"
    case 404: "Not Found"
    case 413: "Payload Too Large"
    case 422: "Unprocessable Entity"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    default: "Internal Server Error"
    }
  }
}
