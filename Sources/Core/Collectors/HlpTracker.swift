import Base
import Engines
import Hyperliquid
import Market
import Wire

// Polls the HLP vaults: every `hlp_tracker.poll_interval` one round, in which every vault is asked once, and every hour
// which children the configured vaults have.
//
// A vault that fails is asked again within its round, later each time, and when it answers at last, those whose answers
// are older than `skewMax` are asked once more: the rows of a round belong together. A round that is not complete after
// `roundMax` is dropped (see `HlpVaults`), and what comes late for it is not taken. The first round waits until the children are
// known, at most `childrenWait`, and until coins are listed: before that no position could be named.
// Bounds: `inFlightMax` requests; `HlpVaults.vaultsMax` vaults.

/// What is asked of a vault.
enum VaultQuestion: Hashable {
  /// What it holds, in this round.
  case positions(Address, round: UInt64)
  /// Who its children are.
  case children(Address)
}

/// The collector of the vaults' positions.
struct HlpTracker {
  /// Requests in flight.
  static let inFlightMax = 4
  /// A round that takes longer is dropped.
  static let roundMax = TimeSpan.seconds(30)
  /// The answers of a round come within this.
  static let skewMax = TimeSpan.seconds(8)
  /// Between two looks for children.
  static let childrenInterval = TimeSpan.seconds(3_600)
  /// The first round waits no longer than this for the children.
  static let childrenWait = TimeSpan.seconds(10)

  private struct Ask {
    var vault: Address
    /// When to ask; `never` while it is asked and once it has answered.
    var at: Instant
    var failures = 0
    var answeredAt: Instant?
  }

  private struct Round {
    var answers: VaultRound
    var end: Instant
    /// Every vault, in order.
    var asks: [Ask]
  }

  private struct Parent {
    var vault: Address
    /// When to ask for its children; `never` while the question is on its way.
    var at = Instant.zero
    var isKnown = false
    var backoff: Backoff
  }

  let vaults: HlpVaults
  private(set) var interval: TimeSpan
  private(set) var discoversChildren: Bool
  private var random: PRNG
  private var parents: [Parent] = []
  private var round: Round?
  private var roundNumber: UInt64 = 0
  private var nextRound = Instant.zero
  private var inFlight = 0
  /// The budget said: not before then.
  private var refusedUntil = Instant.zero
  private var isOutage = false
  private var startedAt: Instant?

  /// When `ask` may have something to do.
  private(set) var deadline = Instant.never
  /// Vaults' answers taken in.
  private(set) var polls: UInt64 = 0
  /// When the last complete round of this run was.
  private(set) var roundAt: Instant?
  /// Answers that were none.
  private(set) var errors: UInt64 = 0
  /// Positions in coins that are not listed to us.
  private(set) var unlisted: UInt64 = 0

  /// A tracker of the vaults the options name, for `vaults` to know them.
  init(options: Options, vaults: HlpVaults, seed: UInt64) {
    self.vaults = vaults
    interval = TimeSpan(seconds: options[.hlpPollInterval])
    discoversChildren = options[.discoverChildren]
    random = PRNG(seed: seed)
    vaults.configure(HlpTracker.addresses(options))
    if discoversChildren { for vault in vaults.addresses { parents.append(parent(vault)) } }
  }

  /// Takes over changed options. Other vaults begin a round of their own; what is on its way for the old one is not
  /// taken, and who the children are is asked again.
  mutating func configure(_ options: Options, now: Now) {
    interval = TimeSpan(seconds: options[.hlpPollInterval])
    nextRound = min(nextRound, now.instant + interval)
    let discovered = discoversChildren
    discoversChildren = options[.discoverChildren]
    let isChanged = vaults.reconfigure(HlpTracker.addresses(options), keepsChildren: discoversChildren)
    guard isChanged || discovered != discoversChildren else { return }
    let known = parents
    parents = []
    for vault in vaults.vaults where discoversChildren && vault.parent == nil {
      var next = known.first { $0.vault == vault.address } ?? parent(vault.address)
      // One that is being asked answers by its address.
      if next.at != .never { next.at = now.instant }
      parents.append(next)
    }
    if isChanged {
      round = nil
      nextRound = now.instant
    }
    deadline = min(deadline, now.instant)
  }

  private mutating func parent(_ vault: Address) -> Parent {
    Parent(
      vault: vault, backoff: Backoff(first: .seconds(5), longest: .seconds(300), seed: random.next()))
  }

  private static func addresses(_ options: Options) -> [Address] {
    options[.hlpVaults].compactMap { Address($0.lowercased()) }
  }

  /// Whether every configured vault has said who its children are, or had time enough to.
  func hasChildren(now: Now) -> Bool {
    parents.allSatisfy(\.isKnown) || startedAt.map { now.instant >= $0 + HlpTracker.childrenWait } ?? false
  }

  // MARK: Asking

  /// Offers what is due to the scheduler; called after every wake and reply. `hasCoins`: coins are listed.
  mutating func ask(_ scheduler: inout Scheduler, _ out: Output, hasCoins: Bool, now: Now) {
    let started = startedAt ?? now.instant
    startedAt = started
    // A reply may have made room for what was refused, whatever moment was named then.
    refusedUntil = .zero
    askChildren(&scheduler, out, now: now)
    if let round, now.instant >= round.end { give(up: round, out) }
    if round == nil, hasCoins, hasChildren(now: now), now.instant >= nextRound, !vaults.vaults.isEmpty {
      begin(now: now)
    }
    askPositions(&scheduler, out, now: now)
    deadline = next(hasCoins: hasCoins, started: started, now: now)
  }

  private mutating func askChildren(_ scheduler: inout Scheduler, _ out: Output, now: Now) {
    for index in parents.indices where parents[index].at <= now.instant {
      guard isOpen(now) else { return }
      let vault = parents[index].vault
      let offer = scheduler.offer(
        .vaultDetails(vault: vault), for: .vault(.children(vault)), .universe, out, now: now)
      guard take(offer, now: now) else { return }
      parents[index].at = .never
    }
  }

  private mutating func askPositions(_ scheduler: inout Scheduler, _ out: Output, now: Now) {
    while isOpen(now), let index = round?.asks.firstIndex(where: { $0.at <= now.instant }),
      let vault = round?.asks[index].vault
    {
      let offer = scheduler.offer(
        .clearinghouseState(user: vault, dex: ""), for: .vault(.positions(vault, round: roundNumber)),
        .watched, out, now: now)
      guard take(offer, now: now) else { return }
      round?.asks[index].at = .never
    }
  }

  private func isOpen(_ now: Now) -> Bool {
    inFlight < HlpTracker.inFlightMax && refusedUntil <= now.instant
  }

  private mutating func take(_ offer: Scheduler.Offer, now: Now) -> Bool {
    switch offer {
    case .sent:
      inFlight += 1
      return true
    case .wait(let until):
      refusedUntil = max(until, now.instant + .milliseconds(1))
      return false
    }
  }

  private mutating func begin(now: Now) {
    roundNumber += 1
    // In step with the first round, unless it took too long.
    let planned = nextRound + interval
    nextRound = nextRound > .zero && planned > now.instant ? planned : now.instant + interval
    let addresses = vaults.addresses
    round = Round(
      answers: VaultRound(vaults: addresses), end: now.instant + HlpTracker.roundMax,
      asks: addresses.map { Ask(vault: $0, at: now.instant) })
  }

  private mutating func give(up round: Round, _ out: Output) {
    self.round = nil
    vaults.drop()
    if !isOutage {
      out.log(
        .warning, "vault round dropped", ("missing", "\(round.answers.missing)"),
        ("vaults", "\(round.answers.vaults.count)"))
    }
    isOutage = true
  }

  private func next(hasCoins: Bool, started: Instant, now: Now) -> Instant {
    var next = Instant.never
    if inFlight < HlpTracker.inFlightMax {
      for parent in parents { next = min(next, max(parent.at, refusedUntil)) }
      for ask in round?.asks ?? [] { next = min(next, max(ask.at, refusedUntil)) }
    }
    if let round {
      next = min(next, round.end)
    } else if hasCoins, !vaults.vaults.isEmpty {
      let ready = hasChildren(now: now) ? Instant.zero : started + HlpTracker.childrenWait
      next = min(next, max(nextRound, ready))
    }
    return next == .never ? next : max(next, now.instant + .milliseconds(1))
  }

  // MARK: Answers

  /// Takes what became of a question; answers the rows of a round that is complete with it, which all carry
  /// `vaults.roundAt`.
  mutating func answered(
    _ question: VaultQuestion, _ reply: Reply, coins: Coins, _ out: Output, now: Now
  ) -> [VaultPosition] {
    inFlight -= 1
    switch question {
    case .children(let vault):
      children(of: vault, reply, out, now: now)
      return []
    case .positions(let vault, let number):
      return positions(of: vault, number, reply, coins: coins, out, now: now)
    }
  }

  private mutating func positions(
    of vault: Address, _ number: UInt64, _ reply: Reply, coins: Coins, _ out: Output, now: Now
  ) -> [VaultPosition] {
    guard case .body(let body) = reply, let state = try? ClearinghouseState.decode(body: body, coins: coins)
    else {
      errors += 1
      if number == roundNumber, let index = round?.asks.firstIndex(where: { $0.vault == vault }) {
        round?.asks[index].failures += 1
        let wait = TimeSpan.seconds(1) * (1 << min(round?.asks[index].failures ?? 1, 4) - 1)
        round?.asks[index].at = now.instant + wait
      }
      return []
    }
    polls += 1
    unlisted += UInt64(state.unlisted)
    guard number == roundNumber, round?.answers.answer(vault, state.positions) == true else { return [] }
    if let index = round?.asks.firstIndex(where: { $0.vault == vault }) {
      round?.asks[index].answeredAt = now.instant
    }
    if round?.answers.isComplete == true { askStaleAgain(now: now) }
    guard let answers = round?.answers, answers.isComplete else { return [] }
    round = nil
    roundAt = now.instant
    vaults.apply(answers, at: now.wall)
    if isOutage { out.log(.info, "vault rounds complete again") }
    isOutage = false
    return vaults.positions
  }

  /// Takes back the answers of a complete round that are too old beside the last one.
  private mutating func askStaleAgain(now: Now) {
    guard let asks = round?.asks else { return }
    for index in asks.indices {
      guard let at = asks[index].answeredAt, at + HlpTracker.skewMax < now.instant else { continue }
      round?.answers.withdraw(asks[index].vault)
      round?.asks[index].answeredAt = nil
      round?.asks[index].at = now.instant
    }
  }

  private mutating func children(of vault: Address, _ reply: Reply, _ out: Output, now: Now) {
    guard let index = parents.firstIndex(where: { $0.vault == vault }) else { return }
    guard let list = HlpTracker.children(reply) else {
      errors += 1
      parents[index].at = now.instant + parents[index].backoff.next()
      return
    }
    parents[index].isKnown = true
    parents[index].backoff.reset()
    parents[index].at = now.instant + HlpTracker.childrenInterval
    let change = vaults.setChildren(of: vault, list)
    guard !change.added.isEmpty || !change.removed.isEmpty else { return }
    out.log(
      .info, "vault children changed", ("vault", vault.description), ("added", "\(change.added.count)"),
      ("removed", "\(change.removed.count)"), ("vaults", "\(vaults.vaults.count)"))
  }

  /// The children an answer names: none of an unknown vault; nil when it cannot be read.
  private static func children(_ reply: Reply) -> [Address]? {
    guard case .body(let body) = reply else { return nil }
    do {
      let details = try VaultDetails.decode(body: body)
      return details.relationship == .parent ? details.children : []
    } catch {
      return error.code == .null ? [] : nil
    }
  }
}
