import Base
import Hyperliquid
import Market
import Testing

@testable import Core

struct SchedulerTests {
  /// Whoever found every slot taken must be told a moment to try again: it hears only of its own replies.
  @Test func aFullHouseIsNotForEver() {
    var options = Options()
    #expect(options.set("rate_limit.max_weight_per_min", to: "100000") == nil)
    var scheduler = Scheduler(options: options, seed: 1)
    let out = Output()
    out.begin()
    let now = Now(instant: Instant(ns: 1_000_000_000), wall: WallTime(ms: 1_787_000_000_000))
    let user = Address(a: 1, b: 2, c: 3)
    var sent = 0
    var last = Scheduler.Offer.sent
    for _ in 0..<200 {
      last = scheduler.offer(
        .clearinghouseState(user: user, dex: ""), for: .vault(.positions(user, round: 1)), .watched, out,
        now: now)
      guard last == .sent else { break }
      sent += 1
    }
    #expect(sent > 0)
    guard case .wait(let until) = last else {
      Issue.record("every request was sent")
      return
    }
    #expect(until <= now.instant + Scheduler.slotWait)
  }
}
