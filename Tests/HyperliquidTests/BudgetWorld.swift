import Base
import Hyperliquid

/// Clients with demands, a network with random latencies, and an exchange that counts weight in its own time.
///
/// The exchange counts a request's base weight at a random moment between sending and reply, its item weight
/// at another, later one: nothing of this is visible to the budget.
struct BudgetWorld {
  struct Demand {
    var cls: WeightClass
    var base: Int
    var items: Int
    /// Mean seconds between wishes; 0 asks whenever admitted.
    var everyS: Double
    /// Wishes begin then.
    var fromS = 0.0
    var untilS = Double.infinity
  }

  struct Result {
    /// (exchange time, weight) of everything the exchange counted.
    var counted: [(at: UInt64, weight: Int)] = []
    var served: [String: Int] = [:]
    var longestWaitS: [String: Double] = [:]
    var sent = 0
    var tooMany = 0
    /// Moments at which requests were sent, for looking at stops.
    var sentAt: [UInt64] = []
    var firstServedAtS: [String: Double] = [:]
  }

  var budget: WeightBudget
  var random: PRNG
  var latencyMaxMs = 20_000
  var lossChance = 0.0
  /// Refuses with 429 while the exchange's own window is above this.
  var exchangeLimit = Int.max
  /// Chance per step that the process is killed and the next one begins with what was recorded before the last request.
  var restartChance = 0.0
  var restarts = 0
  var itemsReturned: (inout PRNG, Int) -> Int = { random, max in random.below(max + 1) }

  private struct Reply {
    var at: UInt64
    var ticket: WeightBudget.Ticket
    var outcome: WeightBudget.Outcome
  }

  init(budget: WeightBudget, seed: UInt64) {
    self.budget = budget
    random = PRNG(seed: seed)
  }

  mutating func run(_ demands: [Demand], seconds: Int) -> Result {
    var result = Result()
    var replies: [Reply] = []
    var wishAt = demands.map { UInt64($0.fromS * 1e9) + 1_000_000_000 }
    var askAt = wishAt
    let end = UInt64(seconds) * 1_000_000_000
    var now: UInt64 = 1_000_000_000
    var record: [UInt8] = []
    while now < end {
      if restartChance > 0, random.chance(restartChance) {
        restart(record, now)
        replies = []
        askAt = askAt.map { _ in now }
      }
      var settled = false
      while let index = replies.indices.min(by: { replies[$0].at < replies[$1].at }), replies[index].at <= now
      {
        let reply = replies.remove(at: index)
        budget.settle(reply.ticket, reply.outcome, now: Instant(ns: now))
        settled = true
      }
      for (index, demand) in demands.enumerated() where wishAt[index] <= now {
        guard Double(now) / 1e9 < demand.untilS else { continue }
        guard settled || askAt[index] <= now else { continue }
        let asked = budget.acquire(demand.cls, base: demand.base, items: demand.items, now: Instant(ns: now))
        switch asked {
        case .impossible: return result
        case .wait(let until): askAt[index] = max(until.ns, now + 1)
        case .admitted(let ticket):
          if restartChance > 0 { record = recorded(now) }
          let waited = Double(now - wishAt[index]) / 1e9
          let name = demand.cls.name
          result.longestWaitS[name] = max(result.longestWaitS[name] ?? 0, waited)
          result.served[name, default: 0] += demand.base + demand.items
          if result.firstServedAtS[name] == nil { result.firstServedAtS[name] = Double(now) / 1e9 }
          result.sent += 1
          result.sentAt.append(now)
          replies.append(exchange(demand, ticket, now, &result))
          let pause = demand.everyS * (0.5 + random.unit())
          wishAt[index] = now + UInt64(pause * 1e9)
          askAt[index] = wishAt[index]
        }
      }
      var next = end
      for reply in replies { next = min(next, reply.at) }
      for (index, demand) in demands.enumerated() where Double(now) / 1e9 < demand.untilS {
        next = min(next, max(wishAt[index], askAt[index]))
      }
      now = max(next, now + 1_000_000)
    }
    return result
  }

  private func recorded(_ now: UInt64) -> [UInt8] {
    let out = ByteBuffer(capacity: WeightBudget.recordBytesMax)
    budget.writeRecord(to: out, now: Instant(ns: now))
    return [UInt8](out.bytes)
  }

  private mutating func restart(_ record: [UInt8], _ now: UInt64) {
    restarts += 1
    budget = WeightBudget(
      weightPerMinMax: budget.limit, safetyPct: 100, inFlightMax: budget.inFlightMax, seed: random.next())
    record.withUnsafeBytes { _ = budget.restore($0, now: Instant(ns: now)) }
  }

  private mutating func exchange(
    _ demand: Demand, _ ticket: WeightBudget.Ticket, _ now: UInt64, _ result: inout Result
  ) -> Reply {
    let there = UInt64(random.below(latencyMaxMs) + 1) * 1_000_000
    let back = UInt64(random.below(latencyMaxMs) + 1) * 1_000_000
    let counted = now + there
    if exchangeLimit < .max, weight(result, in: counted) + demand.base > exchangeLimit {
      result.tooMany += 1
      return Reply(at: counted + back, ticket: ticket, outcome: .tooMany(retryAfter: nil))
    }
    let items = demand.items > 0 ? itemsReturned(&random, demand.items) : 0
    result.counted.append((counted, demand.base))
    if random.chance(lossChance) {
      // The reply never comes; the caller's own deadline ends it, sometimes before the exchange counted it.
      result.counted.append((counted, items))
      return Reply(at: min(now + 10_000_000_000, counted + back), ticket: ticket, outcome: .lost)
    }
    result.counted.append((counted + back / 2, items))
    return Reply(at: counted + back, ticket: ticket, outcome: .answered(itemWeight: items))
  }

  private func weight(_ result: Result, in moment: UInt64) -> Int {
    var sum = 0
    // Counted moments are near the order of sending: nothing older than some minutes matters.
    for entry in result.counted.suffix(2000) where entry.at <= moment {
      if entry.at + 60_000_000_000 > moment { sum += entry.weight }
    }
    return sum
  }

  /// The greatest weight the exchange saw in any 60 seconds.
  static func peak(_ counted: [(at: UInt64, weight: Int)]) -> Int {
    let sorted = counted.sorted { $0.at < $1.at }
    var peak = 0
    var sum = 0
    var first = 0
    for entry in sorted {
      sum += entry.weight
      while sorted[first].at + 60_000_000_000 <= entry.at {
        sum -= sorted[first].weight
        first += 1
      }
      peak = max(peak, sum)
    }
    return peak
  }
}
