import API
import Base
import Engines
import Testing

@testable import Core

/// Thousands of clients' deadlines: none is missed, none comes early, and no turn looks at all of them.
@Suite struct ClientDeadlinesTests {
  private static func at(_ ms: UInt64) -> Instant { Instant(ns: ms * 1_000_000) }

  /// Against a plain list: every step of a random life gives the same slots as due.
  @Test(arguments: 0..<20) func dueIsWhoIsDue(_ seed: Int) {
    var random = PRNG(seed: UInt64(seed))
    var wheel = ClientDeadlines()
    var wanted: [Int: Instant] = [:]
    var ms = UInt64(seed) * 777_777
    for _ in 0..<2_000 {
      let now = ClientDeadlinesTests.at(ms)
      let slot = Int(random.next() % 64)
      switch random.next() % 4 {
      case 0:
        wheel.remove(slot)
        wanted[slot] = nil
      case 1 where wanted[slot] != nil:
        // A deadline that goes away is left where it is; one that comes nearer is moved.
        let deadline = ClientDeadlinesTests.at(ms + random.next() % 700_000)
        wanted[slot] = deadline
        if wheel.isLate(slot, for: deadline) { wheel.enter(slot, deadline, now: now) }
      default:
        let deadline = ClientDeadlinesTests.at(ms + random.next() % 700_000)
        wheel.enter(slot, deadline, now: now)
        wanted[slot] = deadline
      }
      ms += random.next() % (random.next() % 50 == 0 ? 1_500_000 : 3_000)
      let later = ClientDeadlinesTests.at(ms)
      var found: Set<Int> = []
      while let slot = wheel.popDue(now: later) {
        guard let deadline = wanted[slot] else {
          Issue.record("slot \(slot) was taken out")
          continue
        }
        if deadline > later {
          wheel.enter(slot, deadline, now: later)
        } else {
          found.insert(slot)
          wanted[slot] = nil
        }
      }
      let overdue = wanted.filter { $0.value + ClientDeadlines.step <= later }
      #expect(overdue.isEmpty, "missed at \(ms) ms, seed \(seed)")
      #expect(wheel.count == wanted.count)
      #expect(wheel.next == .never || wheel.next > later)
    }
  }

  @Test func thousandsThatAreDueTogetherAreEndedInSlices() {
    let start = Now(instant: Instant(ns: 10_000_000_000), wall: WallTime(ms: 1_795_353_385_000))
    let views = Views(orderFlow: OrderFlow(), now: start)
    let clients = Clients(views: views, options: Options(), version: "1")
    let out = Output()
    for slot in 0..<10_000 { clients.step(.clientAccepted(ClientID(raw: slot)), out, now: start) }
    // One of them was served meanwhile.
    var now = start
    now.instant = now.instant + .seconds(100)
    views.now = now
    Array("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8).withUnsafeBytes {
      clients.step(.clientReceived(ClientID(raw: 77), $0), out, now: now)
    }
    now.instant = start.instant + ClientSession.idleTimeout + .seconds(1)
    var ended: Set<Int> = []
    var turns = 0
    while clients.deadline <= now.instant, turns < 1_000 {
      out.begin()
      clients.tick(out, now: now)
      turns += 1
      #expect(out.effects.count <= Clients.expiriesMax)
      for case .closeClient(let client) in out.effects { ended.insert(client.raw) }
    }
    #expect(ended.count == 9_999)
    #expect(!ended.contains(77))
    #expect(turns == 10_000 / Clients.expiriesMax + 1)
  }
}
