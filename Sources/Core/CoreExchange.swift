import API
import Base
import Hyperliquid
import Market

/// What came of a request: a body with status 200, or why there is none.
enum Reply {
  /// The bytes, borrowed for the call.
  case body(UnsafeRawBufferPointer)
  /// A status other than 200, or no answer at all, in words for the log.
  case failed(String)
}

/// The exchange side of the router: connections, frames, replies.
///
/// A new feed is one line in `data`; a new kind of request one case of `RequestOwner`, one line in `hand` and one in
/// `askExchange`.
extension Core {
  func closed(_ link: LinkID, _ failure: LinkFailure, now: Now) {
    switch failure {
    case .ended, .reset, .closed: break
    default:
      output.log(.warning, "exchange connection failed", ("reason", "\(failure)"))
      isFailureLogged = true
    }
    sessions.disconnected(link, now: now.instant)
  }

  func takeEvents(now: Now) {
    defer { isFailureLogged = false }
    while let event = sessions.nextEvent() {
      switch event {
      case .data(let frame, let link):
        guard !data(frame, link, now: now) else { break }
        // Whose trades these were is not known, so no coin of the connection can be vouched for.
        if frame.channel == .trades { sessions.unreadTrades(link, now: now.instant) }
        sessions.garbage(link, now: now.instant)
      case .linkLive(let link):
        output.log(.info, "exchange connection open", ("link", "\(link.index)"))
      case .linkLost(_, .connectFailed, _) where isFailureLogged: break
      case .linkLost(_, .stopped, _): break
      case .linkLost(let link, let loss, let code):
        output.log(
          .warning, "exchange connection lost", ("link", "\(link.index)"), ("reason", "\(loss)"),
          ("code", "\(code)"))
      case .gapOpened(let coin, _, let reason):
        output.log(.warning, "coin not followed", ("coin", views.coins[coin].name), ("reason", "\(reason)"))
      case .gapClosed(let coin, let from, let to):
        output.log(
          .info, "coin followed again", ("coin", views.coins[coin].name),
          ("missed_s", "\((to - from).seconds)"))
      case .parked(let topic):
        let coin = topic.coin.map { views.coins[$0].name } ?? ""
        output.log(.warning, "subscription refused", ("channel", "\(topic.channel)"), ("coin", coin))
      }
    }
  }

  private func data(_ frame: Frame, _ link: LinkID, now: Now) -> Bool {
    switch frame.channel {
    case .trades: trades(frame, link, now: now)
    case .allDexsAssetCtxs: contexts(frame, now: now)
    case .userFills: fills(frame, link, now: now)
    case .allMids: market.frame(frame, coins: views.coins, now: now)
    case .l2Book: books?.frame(frame, link, coins: views.coins, sessions, now: now) ?? true
    default: true
    }
  }

  private func contexts(_ frame: Frame, now: Now) -> Bool {
    partsDeadline = nil
    return stream.contexts(frame, sessions, &keeper, market, now: now)
  }

  private func trades(_ frame: Frame, _ link: LinkID, now: Now) -> Bool {
    let reanchored = clock.reanchored
    let isRead = stream.trades(frame, link, sessions, views, &clock, now: now)
    if clock.reanchored != reanchored {
      output.log(.warning, "exchange clock corrected", ("skew_ms", "\(clock.skewMs(now))"))
      sessions.misdatedTrades(since: clock.wrongSince, now: now.instant)
    }
    return isRead
  }

  func takeActions() {
    while let action = sessions.nextAction() {
      switch action {
      case .connect(let link): output.add(.connect(link))
      case .send(let link, let range): output.add(.sendLink(link, range))
      case .close(let link): output.add(.closeLink(link))
      }
    }
  }

  // MARK: Replies

  func replied(
    _ id: FetchID, status: Int, body: UnsafeRawBufferPointer, retryAfterS: Int?, now: Now
  ) {
    guard let request = scheduler.take(id) else { return }
    guard status == 200 else {
      if status == 429 {
        output.log(.warning, "exchange says too many requests")
        scheduler.settle(
          request, .tooMany(retryAfter: retryAfterS.map { .seconds(min($0, 86_400)) }), now: now)
      } else {
        scheduler.settle(request, .refused, now: now)
      }
      _ = hand(.failed("status \(status)"), to: request.owner, now: now)
      return askExchange(now: now)
    }
    let rows = hand(.body(body), to: request.owner, now: now)
    scheduler.settle(request, rows: rows, now: now)
    askExchange(now: now)
  }

  func failed(_ id: FetchID, _ failure: FetchFailure, now: Now) {
    guard let request = scheduler.take(id) else { return }
    scheduler.settle(request, .lost, now: now)
    _ = hand(.failed("\(failure)"), to: request.owner, now: now)
    askExchange(now: now)
  }

  /// Hands what came of a request to whoever asked; answers how many rows came, for the types where rows cost weight; nil
  /// when that cannot be told.
  private func hand(_ reply: Reply, to owner: RequestOwner, now: Now) -> Int? {
    switch owner {
    case .universe(let question): universe(question, reply, now: now)
    case .vault(let question): vault(question, reply, now: now)
    case .mids: market.answered(reply, coins: views.coins, output, now: now)
    case .positions(let account): polled(account, reply, now: now)
    case .fills(let account): return filled(account, reply, now: now)
    }
    return 0
  }

  /// Offers what is due to the scheduler, in the order of importance.
  func askExchange(now: Now) {
    guard stopAt == nil else { return }
    keeper.ask(&scheduler, output, now: now)
    askVaults(now: now)
    askAccounts(now: now)
  }

  private func universe(_ question: Universe.Request, _ reply: Reply, now: Now) {
    let change = keeper.answer(question, reply, coins: &views.coins, output, now: now)
    stream.learn(views.coins)
    if let change { listed(change, now: now) }
  }

  /// Follows what was listed, lets go of what was delisted.
  private func listed(_ change: Universe.Change, now: Now) {
    guard !change.isEmpty else { return }
    sessions.coins = views.coins
    if options[.tradeStreamEnabled] {
      for coin in change.listed { sessions.subscribe(.trades(coin), now: now.instant) }
    }
    books?.listed(views.coins, sessions, now: now)
    for coin in change.delisted { sessions.unsubscribe(.trades(coin), now: now.instant) }
    output.log(
      .info, "listing changed", ("listed", "\(change.listed.count)"),
      ("delisted", "\(change.delisted.count)"),
      ("coins", "\(views.coins.count)"))
  }
}
