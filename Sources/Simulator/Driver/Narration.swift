import Base
import Core
import Hyperliquid

/// What a run looks like to a reader, and its hash.
extension Simulation {
  var stamp: String {
    let ms = (now - Simulation.epoch).milliseconds
    let digits = String(ms % 1000)
    return "\(ms / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
  }

  func note(_ input: Input) {
    trace.note(now.ns)
    var line: String?
    switch input {
    case .started: number(1, &line, "started")
    case .wake: trace.note(2)
    case .linkOpened(let link): number(3, Int(link.index), &line, "opened \(link)")
    case .linkReceived(let link, let bytes):
      number(4, Int(link.index), &line, "received \(bytes.count) bytes on \(link.index)")
      trace.note(bytes)
    case .linkClosed(let link, let failure): number(5, Int(link.index), &line, "closed \(link): \(failure)")
    case .clientAccepted(let client, _): number(6, client.raw, &line, "client \(client.raw) accepted")
    case .clientReceived(let client, let bytes):
      number(7, client.raw, &line, "client \(client.raw) sent \(bytes.count) bytes")
      trace.note(bytes)
    case .clientEnded(let client): number(8, client.raw, &line, "client \(client.raw) half-closed")
    case .clientDrained(let client): number(9, client.raw, &line, "client \(client.raw) drained")
    case .clientClosed(let client): number(10, client.raw, &line, "client \(client.raw) closed")
    case .reply(let id, let status, let body, _):
      number(11, Int(id.raw), &line, "reply \(id.raw): \(status), \(body.count) bytes")
      trace.note(body)
    case .fetchFailed(let id, let failure): number(12, Int(id.raw), &line, "fetch \(id.raw): \(failure)")
    case .stored(let result): number(13, 0, &line, "stored \(result)")
    case .loaded: number(14, &line, "loaded")
    case .swept(let result): number(17, 0, &line, "swept \(result)")
    case .queried(let id, _): number(18, Int(id.raw), &line, "queried \(id.raw)")
    case .computed(let id, _): number(19, Int(id.raw), &line, "computed \(id.raw)")
    case .measured: trace.note(15)
    case .reloaded(_, let problems): number(17, problems.count, &line, "configuration read again")
    case .stop: number(16, &line, "stop")
    }
    if let line { onLine?("\(stamp) > \(line)") }
  }

  private func number(_ kind: Int, _ value: Int = 0, _ line: inout String?, _ text: @autoclosure () -> String)
  {
    trace.note(kind)
    trace.note(value)
    if onLine != nil { line = text() }
  }

  func note(_ effect: Effect, _ bytes: ByteBuffer) {
    var line: String?
    switch effect {
    case .connect(let link): number(21, Int(link.index), &line, "connect \(link)")
    case .sendLink(let link, let range):
      number(22, Int(link.index), &line, "send \(range.count) bytes on \(link.index)")
      trace.note(bytes.bytes(in: range))
    case .closeLink(let link): number(23, Int(link.index), &line, "close \(link)")
    case .sendClient(let client, let range):
      number(24, client.raw, &line, "answer client \(client.raw) with \(range.count) bytes")
      trace.note(bytes.bytes(in: range))
    case .closeClient(let client): number(25, client.raw, &line, "close client \(client.raw)")
    case .dropClient(let client): number(26, client.raw, &line, "drop client \(client.raw)")
    case .notifyDrained(let client): number(27, client.raw, &line, "await client \(client.raw)")
    case .keepSpending(let range): trace.note(bytes.bytes(in: range))
    case .fetch(let id, let body, _):
      number(
        28, Int(id.raw), &line, "fetch \(id.raw) \(String(decoding: bytes.bytes(in: body), as: UTF8.self))")
      trace.note(bytes.bytes(in: body))
    case .store: number(29, &line, "store")
    case .sweep: number(34, &line, "sweep")
    case .query(let id): number(35, Int(id.raw), &line, "query \(id.raw)")
    case .compute(let id): number(36, Int(id.raw), &line, "compute \(id.raw)")
    case .load: number(30, &line, "load")
    case .stopAccepting: number(31, &line, "stop accepting")
    case .exit(let code): number(32, Int(code), &line, "exit \(code)")
    case .log(let level, let range):
      number(33, level.rawValue, &line, String(decoding: bytes.bytes(in: range), as: UTF8.self))
      trace.note(bytes.bytes(in: range))
    }
    if let line { onLine?("\(stamp) < \(line)") }
  }

  private func number(_ kind: Int, _ line: inout String?, _ text: @autoclosure () -> String) {
    number(kind, 0, &line, text())
  }
}
