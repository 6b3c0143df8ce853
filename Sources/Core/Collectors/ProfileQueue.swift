import API
import Base
import Engines
import Hyperliquid
import Market

// Which wallets are profiled, and when: a client's wishes at once, the rest in the background at a fixed share.
//
// On demand: at most `askedMax` wallets wait, `askedFlightsMax` are fetched at once, in the class `.asked`; while one
// waits for weight the background asks nothing. Background: one wallet at a time, in the class `.profiles`, paced so
// that pages never take more than that class's share. Every `refresh` (first `firstCycle` after the start) a cycle of at
// most `perCycle` wallets is drawn up: the leaderboard's without a fresh profile, watched ones, then the stalest. Newly
// seen wallets with enough equity come behind the cycle.
//
// Two wishes for one wallet share one fetch; a wish for a longer window than the one under way waits for its own.
// Bounds: `flightsMax` wallets with at most 14,000 fills of 80 bytes each; the queues' maxima; `emptyMax` wallets
// remembered that gave no profile.

/// The profiler's settings.
struct ProfileSettings {
  var windowDays = 7.0
  var refresh = TimeSpan.seconds(7_200)
  var minEquity = Usd(micros: 50_000_000_000)
  var perCycle = 50
  var options = ProfileOptions()

  init() {}

  init(_ options: Options) {
    windowDays = options[.profileWindowDays]
    refresh = TimeSpan(seconds: options[.profileRefreshHours] * 3600)
    minEquity = Usd(dollars: options[.minEquity])
    perCycle = options[.maxProfilesPerCycle]
    self.options = ProfileOptions(
      minTrades: options[.minTradesForProfile], botTradesPerDay: options[.botTradesPerDay],
      botAvgHoldMin: options[.botAvgHoldMin])
  }
}

/// The collector of fill histories.
final class ProfileQueue {
  static let firstCycle = TimeSpan.seconds(30)
  static let askedMax = 64
  static let askedFlightsMax = 2
  static let flightsMax = askedFlightsMax + 1
  static let discoveredMax = 4_096
  static let emptyMax = 4_096
  /// Leaderboard rows looked at when a cycle is drawn up.
  static let rankedMax = 2_000
  /// A page is asked for this often before its wallet is given up.
  static let attemptsMax = 3
  /// Waits between the attempts.
  static let retries: [TimeSpan] = [.seconds(2), .seconds(10)]
  /// A profile of a shorter window than asked for is good enough for this long.
  static let shortWindowLife = TimeSpan.seconds(3_600)

  private struct Wish {
    var address: Address
    var days: Double
  }

  private enum Step {
    /// The next page is to be asked for, not before then.
    case due(Instant)
    case asking
    case computing
  }

  private struct Flight {
    var account: AddressID
    var address: Address
    var days: Double
    var isAsked: Bool
    var pages: FillPages
    var step: Step
    var failures = 0

    var isAsking: Bool {
      if case .asking = step { return true }
      return false
    }
    var isComputing: Bool {
      if case .computing = step { return true }
      return false
    }
  }

  private(set) var settings: ProfileSettings
  private let knowledge: Knowledge
  /// Between two pages of one weight in the background.
  private(set) var gapPerWeight: TimeSpan
  private var asked: [Wish] = []
  private var cycle: [Address] = []
  private var cycleNext = 0
  private var discovered = Ring<Address>(capacity: discoveredMax)
  /// Who waits in the background's queues, each once.
  private var queued: Set<Address> = []
  private var flights: [Flight] = []
  private var empty: [Address: (at: WallTime, days: Double)] = [:]
  private var emptyOrder = Ring<Address>(capacity: emptyMax)
  private var cycleAt: Instant
  private var backgroundAt: Instant
  private var refusedUntil = (asked: Instant.zero, background: Instant.zero)
  private var settledSeen: UInt64 = 0
  /// A client's page waits for weight: the background asks nothing.
  private var isPreempted = false
  private var decoded = Fills()

  /// Profiles computed, those a client asked for, and wallets given up.
  private(set) var computed: UInt64 = 0
  private(set) var computedAsked: UInt64 = 0
  private(set) var errors: UInt64 = 0
  /// Wallets that did not fit the queues.
  private(set) var refused: UInt64 = 0
  private(set) var deadline: Instant

  /// A queue of nobody; `weightMax` is the budget per minute.
  init(settings: ProfileSettings, knowledge: Knowledge, weightMax: Int, now: Instant) {
    self.settings = settings
    self.knowledge = knowledge
    gapPerWeight = ProfileQueue.gap(weightMax)
    cycleAt = now + ProfileQueue.firstCycle
    backgroundAt = now
    deadline = cycleAt
  }

  /// Takes over changed settings: from each wallet's next profile, and from the next cycle, which comes no later than
  /// a new `refresh` wants it.
  func configure(_ settings: ProfileSettings, weightMax: Int, now: Instant) {
    self.settings = settings
    gapPerWeight = ProfileQueue.gap(weightMax)
    cycleAt = min(cycleAt, now + settings.refresh)
    deadline = min(deadline, cycleAt)
  }

  private static func gap(_ weightMax: Int) -> TimeSpan {
    let window = WeightBudget.holdAfterReply + .milliseconds(250)
    return TimeSpan(ns: window.ns / Int64(max(1, weightMax * WeightClass.profiles.sharePct / 100)))
  }

  /// Wallets waiting or under way.
  var waiting: Int { asked.count + cycle.count - cycleNext + discovered.count + flights.count }
  /// How many these may be; a cycle drawn up stays as it is when settings change.
  var waitingMax: Int {
    ProfileQueue.askedMax + max(settings.perCycle, cycle.count) + ProfileQueue.discoveredMax
      + ProfileQueue.flightsMax
  }

  // MARK: Wishes

  /// Asks for a wallet's profile over `days`; `.pending` promises an outcome.
  func want(_ address: Address, days wanted: Double, now: Now) -> ProfileStatus {
    let days = max(wanted, settings.windowDays)
    if isGoodEnough(address, days: wanted, now: now) { return .ready }
    if flights.contains(where: { $0.address == address && $0.days >= days }) {
      for index in flights.indices where flights[index].address == address {
        // Whoever waits must not wait for the background's pace.
        flights[index].isAsked = true
      }
      deadline = min(deadline, now.instant)
      return .pending
    }
    if let index = asked.firstIndex(where: { $0.address == address }) {
      asked[index].days = max(asked[index].days, days)
      return .pending
    }
    guard asked.count < ProfileQueue.askedMax else {
      refused &+= 1
      return .unavailable
    }
    asked.append(Wish(address: address, days: days))
    deadline = min(deadline, now.instant)
    return .pending
  }

  /// An account was polled for the first time: it is profiled when it has enough equity.
  func snapshotted(_ account: AddressID, equity: Usd, now: Now) {
    guard equity.micros >= settings.minEquity.micros else { return }
    let address = knowledge.book.address(account)
    guard !isFresh(address, now: now), !queued.contains(address) else { return }
    guard discovered.offer(address) else {
      refused &+= 1
      return
    }
    queued.insert(address)
    deadline = min(deadline, max(now.instant, backgroundAt))
  }

  // MARK: Asking

  /// Offers what clients wait for to the scheduler; called before anybody else may spend, followed by `ask`.
  /// `exchangeNow` ends the windows.
  func askOnDemand(_ scheduler: inout Scheduler, _ out: Output, exchangeNow: WallTime, now: Now) {
    if scheduler.settled != settledSeen {
      settledSeen = scheduler.settled
      refusedUntil = (.zero, .zero)
    }
    while flights.count < ProfileQueue.flightsMax,
      flights.count(where: { $0.isAsked }) < ProfileQueue.askedFlightsMax, let next = nextWish
    {
      let wish = asked.remove(at: next)
      // Asked for before the file was read, which knew it.
      if isGoodEnough(wish.address, days: wish.days, now: now) {
        known.append(wish.address)
        continue
      }
      begin(wish.address, days: wish.days, isAsked: true, exchangeNow: exchangeNow, now: now)
    }
    isPreempted = false
    for index in flights.indices where flights[index].isAsked {
      if !offer(index, &scheduler, out, now: now) { isPreempted = true }
    }
  }

  /// Offers the background's pages; call both after every wake and reply.
  func ask(_ scheduler: inout Scheduler, _ out: Output, exchangeNow: WallTime, now: Now) {
    if now.instant >= cycleAt { drawUp(now: now) }
    if !isPreempted, nextWish == nil {
      if !flights.contains(where: { !$0.isAsked }), flights.count < ProfileQueue.flightsMax,
        now.instant >= backgroundAt, let address = nextInBackground(now: now)
      {
        begin(address, days: settings.windowDays, isAsked: false, exchangeNow: exchangeNow, now: now)
      }
      for index in flights.indices where !flights[index].isAsked {
        _ = offer(index, &scheduler, out, now: now)
      }
    }
    deadline = nextDeadline(now: now.instant)
  }

  /// Sends the flight's next page if it is due; false when it has to wait for weight.
  private func offer(_ index: Int, _ scheduler: inout Scheduler, _ out: Output, now: Now) -> Bool {
    let flight = flights[index]
    guard case .due(let at) = flight.step, at <= now.instant else { return true }
    if flight.isAsked {
      guard refusedUntil.asked <= now.instant else { return false }
    } else {
      guard max(refusedUntil.background, backgroundAt) <= now.instant else { return true }
    }
    let request = InfoRequest.userFillsByTime(user: flight.address, start: flight.pages.start, end: nil)
    let cls = flight.isAsked ? WeightClass.asked : .profiles
    switch scheduler.offer(request, for: .fills(flight.account), cls, out, now: now) {
    case .sent:
      flights[index].step = .asking
      return true
    case .wait(let until):
      let until = min(max(until, now.instant + .milliseconds(1)), now.instant + Scheduler.patience)
      if flight.isAsked { refusedUntil.asked = until } else { refusedUntil.background = until }
      return false
    }
  }

  private func begin(_ address: Address, days: Double, isAsked: Bool, exchangeNow: WallTime, now: Now) {
    let book = knowledge.book
    // A wallet nobody saw trading is known by being asked about, though never seen.
    let row = AddressRow(address: address, firstSeenS: 0, lastSeenS: 0, tradeCount: 0)
    guard let account = book.find(address) ?? book.restore(row) else {
      errors &+= 1
      return
    }
    book.pin(account)
    let from = WallTime(ms: max(0, exchangeNow.ms - Int64(days * 86_400_000)))
    flights.append(
      Flight(
        account: account, address: address, days: days, isAsked: isAsked, pages: FillPages(from: from),
        step: .due(now.instant)))
  }

  private func nextDeadline(now: Instant) -> Instant {
    var next = cycleAt
    var hasBackground = false
    for flight in flights {
      if !flight.isAsked { hasBackground = true }
      guard case .due(let at) = flight.step else { continue }
      if !flight.isAsked, isPreempted { continue }
      let gate = flight.isAsked ? refusedUntil.asked : max(refusedUntil.background, backgroundAt)
      next = min(next, max(at, gate))
    }
    let isWaiting = cycleNext < cycle.count || !discovered.isEmpty
    if isWaiting, !hasBackground, !isPreempted, nextWish == nil { next = min(next, backgroundAt) }
    return max(next, now + .milliseconds(1))
  }

  // MARK: Answers

  /// What came of a page: the rows in it, which cost weight (nil when they cannot be told), and the fills that are new.
  func answered(_ account: AddressID, _ reply: Reply, coins: Coins, now: Now) -> (rows: Int?, fills: [Fill]) {
    guard let index = flights.firstIndex(where: { $0.account == account && $0.isAsking }) else {
      return (nil, [])
    }
    guard case .body(let body) = reply, (try? decoded.decode(body: body, coins: coins)) != nil else {
      failed(index, now: now)
      return (nil, [])
    }
    flights[index].failures = 0
    if !flights[index].isAsked {
      let weight = InfoType.userFillsByTime.weight + InfoType.userFillsByTime.weight(rows: decoded.rows)
      backgroundAt = max(backgroundAt, now.instant) + gapPerWeight * weight
    }
    let new = flights[index].pages.take(decoded)
    flights[index].step = flights[index].pages.isComplete ? .computing : .due(now.instant)
    let rows = decoded.rows
    // The rows' memory is half a megabyte; the next page may be an hour away.
    decoded = Fills()
    return (rows, new)
  }

  /// The job of a wallet whose last page came with the last answer; nil when there is none.
  func job(of account: AddressID, now: Now) -> ProfileJob? {
    guard let flight = flights.first(where: { $0.account == account && $0.isComputing }) else { return nil }
    return ProfileJob(
      account: account, address: flight.address, fills: flight.pages.fills, windowDays: flight.days,
      completeFrom: flight.pages.completeFrom, equity: knowledge.equity.latest(of: account),
      options: settings.options, now: now.wall)
  }

  /// A job is done: the wallet's place is free; answers whether a client asked for it. The caller has taken in the
  /// outcome before, because the account's pin goes.
  func finished(_ outcome: borrowing ProfileOutcome, now: Now) {
    let account = outcome.account
    guard let index = flights.firstIndex(where: { $0.account == account && $0.isComputing }) else { return }
    computed &+= 1
    if flights[index].isAsked { computedAsked &+= 1 }
    if outcome.profile == nil { remember(flights[index], now: now) }
    end(index)
  }

  /// Wallets given up since last asked: whoever waits for them is told so.
  func takeGivenUp() -> [Address] {
    defer { givenUp = [] }
    return givenUp
  }
  private var givenUp: [Address] = []

  /// Wallets that were asked for and turned out to be known, each once.
  func takeKnown() -> [Address] {
    defer { known = [] }
    return known
  }
  private var known: [Address] = []

  private func failed(_ index: Int, now: Now) {
    flights[index].failures += 1
    let failures = flights[index].failures
    guard failures >= ProfileQueue.attemptsMax else {
      flights[index].step = .due(now.instant + ProfileQueue.retries[failures - 1])
      return
    }
    errors &+= 1
    givenUp.append(flights[index].address)
    end(index)
  }

  private func end(_ index: Int) {
    let flight = flights.remove(at: index)
    knowledge.book.unpin(flight.account)
  }

  private func remember(_ flight: Flight, now: Now) {
    if empty.updateValue((now.wall, flight.days), forKey: flight.address) == nil {
      if let oldest = emptyOrder.push(flight.address) { empty[oldest] = nil }
    }
  }

  // MARK: Who is next

  /// The first wish for a wallet that is not being fetched; one for a longer window waits until that is over.
  private var nextWish: Int? {
    asked.firstIndex { wish in !flights.contains { $0.address == wish.address } }
  }

  /// Draws up the cycle's wallets.
  private func drawUp(now: Now) {
    cycleAt = now.instant + settings.refresh
    for address in cycle[cycleNext...] { queued.remove(address) }
    cycle = []
    cycleNext = 0
    func add(_ address: Address) {
      guard cycle.count < settings.perCycle, !isFresh(address, now: now) else { return }
      if queued.insert(address).inserted { cycle.append(address) }
    }
    for row in knowledge.rankings.rows.prefix(ProfileQueue.rankedMax) {
      add(knowledge.book.address(row.account))
    }
    knowledge.watchList.forEach { if let address = $0.address { add(address) } }
    knowledge.profiles.forEach { account, _ in
      add(knowledge.book.address(account))
      return cycle.count < settings.perCycle
    }
  }

  private func nextInBackground(now: Now) -> Address? {
    while cycleNext < cycle.count || !discovered.isEmpty {
      let address: Address
      if cycleNext < cycle.count {
        address = cycle[cycleNext]
        cycleNext += 1
      } else if let first = discovered.popFirst() {
        address = first
      } else {
        return nil
      }
      queued.remove(address)
      // A client may have asked for it meanwhile.
      if !isFresh(address, now: now), !flights.contains(where: { $0.address == address }) { return address }
    }
    return nil
  }

  /// Whether a profile, or the knowledge that there is none, is younger than the refresh interval.
  private func isFresh(_ address: Address, now: Now) -> Bool {
    let since = now.wall.ms - settings.refresh.milliseconds
    if let none = empty[address], none.at.ms > since { return true }
    return profile(address).map { $0.computedAt.ms > since } ?? false
  }

  private func isGoodEnough(_ address: Address, days: Double, now: Now) -> Bool {
    let since = now.wall.ms - ProfileQueue.shortWindowLife.milliseconds
    if let none = empty[address], none.days >= days || none.at.ms > since,
      none.at.ms > now.wall.ms - settings.refresh.milliseconds
    {
      return true
    }
    guard let profile = profile(address) else { return false }
    return (profile.windowDays ?? settings.windowDays) >= days || profile.computedAt.ms > since
  }

  private func profile(_ address: Address) -> Profile? {
    knowledge.book.find(address).flatMap { knowledge.profiles.of($0) }
  }
}
