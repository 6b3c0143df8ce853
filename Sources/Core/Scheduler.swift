import Base
import Hyperliquid
import Market

/// Whose request it is: where its reply goes. A collector that asks REST adds its case here.
enum RequestOwner: Hashable {
  /// The list of coins.
  case universe(Universe.Request)
  /// A vault's positions or its children.
  case vault(VaultQuestion)
  /// The mid prices of a dex.
  case mids
  /// The positions of an account.
  case positions(AddressID)
  /// A page of an account's fills.
  case fills(AddressID)
}

extension RequestOwner {
  /// The kinds as metrics call them; `kind` is the place in here.
  static let kinds = ["universe", "vault", "mids", "positions", "fills"]
  /// The outcomes as metrics call them; `place(of:)` is the place in here.
  static let outcomes = ["answered", "refused", "too_many", "lost"]

  var kind: Int {
    switch self {
    case .universe: 0
    case .vault: 1
    case .mids: 2
    case .positions: 3
    case .fills: 4
    }
  }

  static func place(of outcome: WeightBudget.Outcome) -> Int {
    switch outcome {
    case .answered: 0
    case .refused: 1
    case .tooMany: 2
    case .lost: 3
    }
  }
}

/// REST requests on their way: admitted by the weight budget, in flight, answered to their owner.
///
/// Collectors keep their own queues of what is due and offer one request at a time; the scheduler only asks the budget
/// and remembers what is in flight. So a class that has to wait costs no memory here, and what is asked for is always
/// the newest wish of its collector.
/// Bound: the budget's `inFlightMax`.
struct Scheduler {
  /// What became of an offer.
  enum Offer: Equatable {
    case sent
    /// Offer again then, or after any reply.
    case wait(until: Instant)
  }

  /// Whoever was refused asks again after this long at the latest, also when only another's reply can make room.
  static let patience = TimeSpan.seconds(10)

  struct InFlight {
    let id: FetchID
    let owner: RequestOwner
    let request: InfoRequest
    let ticket: WeightBudget.Ticket
  }

  /// When to offer again what found every slot taken.
  static let slotWait = TimeSpan.milliseconds(20)

  private(set) var budget: WeightBudget
  private var inFlight: [InFlight] = []
  private var nextID: UInt64 = 1
  private(set) var failures: UInt64 = 0
  /// Requests in flight.
  var inFlightCount: Int { inFlight.count }
  /// Requests settled, and changes of the limits: after each, weight may be free that was not before.
  private(set) var settled: UInt64 = 0

  /// Requests that have ended, by kind and outcome.
  private var ended = [UInt64](repeating: 0, count: RequestOwner.kinds.count * RequestOwner.outcomes.count)

  init(options: Options, seed: UInt64) {
    budget = WeightBudget(
      weightPerMinMax: options[.maxWeightPerMin], safetyPct: options[.safetyPct],
      inFlightMax: Scheduler.inFlightMax(options), seed: seed)
  }

  /// Takes over changed options.
  mutating func configure(_ options: Options) {
    budget.configure(
      weightPerMinMax: options[.maxWeightPerMin], safetyPct: options[.safetyPct],
      inFlightMax: Scheduler.inFlightMax(options))
    // Whoever was refused by the old limits may ask again.
    settled &+= 1
  }

  private static func inFlightMax(_ options: Options) -> Int {
    options[.pollWorkers] + WeightClass.all.count - 1
  }

  /// Sends `request` if the budget admits it.
  mutating func offer(
    _ request: InfoRequest, for owner: RequestOwner, _ cls: WeightClass, _ out: Output, now: Now
  ) -> Offer {
    switch budget.acquire(cls, base: request.type.weight, items: itemWeightMax(request), now: now.instant) {
    case .admitted(let ticket):
      let id = FetchID(raw: nextID)
      nextID += 1
      inFlight.append(InFlight(id: id, owner: owner, request: request, ticket: ticket))
      out.add(.keepSpending(out.appended { budget.writeRecord(to: $0, now: now.instant) }))
      let body = out.appended { request.write(into: $0) }
      out.add(.fetch(id, body: body, timeoutMs: Int(Venue.requestDeadline.milliseconds)))
      return .sent
    case .wait(.never):
      // Only for want of a slot: any reply frees one, and a collector need not hear of other collectors' replies.
      return .wait(until: now.instant + Scheduler.slotWait)
    case .wait(let until): return .wait(until: until)
    case .impossible: return .wait(until: .never)
    }
  }

  /// The request `id`, taken out; nil for one that was never sent or is answered already.
  mutating func take(_ id: FetchID) -> InFlight? {
    guard let index = inFlight.firstIndex(where: { $0.id == id }) else { return nil }
    return inFlight.swapRemove(at: index)
  }

  /// Settles the weight of a request that was answered with this many rows. When nobody can tell, because the body was
  /// cut short, the exchange counted what it sent: everything reserved.
  mutating func settle(_ request: InFlight, rows: Int?, now: Now) {
    let weight = rows.map { request.request.type.weight(rows: $0) } ?? itemWeightMax(request.request)
    settle(request, .answered(itemWeight: weight), now: now)
  }

  /// Settles a request's weight once it is known how it ended.
  mutating func settle(_ request: InFlight, _ outcome: WeightBudget.Outcome, now: Now) {
    budget.settle(request.ticket, outcome, now: now.instant)
    settled &+= 1
    ended[request.owner.kind * RequestOwner.outcomes.count + RequestOwner.place(of: outcome)] &+= 1
    if case .answered = outcome { return }
    failures += 1
  }

  /// Counts what the last process kept of its spending; the weight, nil when that is unknown.
  mutating func restore(_ spending: UnsafeRawBufferPointer, now: Now) -> Int? {
    budget.restore(spending, now: now.instant)
  }

  /// The most its answer can add: reserved with the base weight, so that the budget holds whatever comes.
  private func itemWeightMax(_ request: InfoRequest) -> Int {
    request.type.rowsPerWeight == nil ? 0 : Venue.fillsPageWeightMax
  }

  /// How many requests have ended how, each kind and outcome once.
  var counts: [(kind: String, outcome: String, count: UInt64)] {
    ended.indices.map { index in
      let (kind, outcome) = index.quotientAndRemainder(dividingBy: RequestOwner.outcomes.count)
      return (RequestOwner.kinds[kind], RequestOwner.outcomes[outcome], ended[index])
    }
  }

  mutating func stats(now: Now) -> WeightBudget.Stats { budget.stats(now: now.instant) }
}

extension Array {
  /// Removes the element at `index` without keeping the order of the others.
  fileprivate mutating func swapRemove(at index: Int) -> Element {
    swapAt(index, count - 1)
    return removeLast()
  }
}
