import API
import Base
import Hyperliquid

/// Reading the configuration again while running: SIGHUP, `systemctl reload`.
///
/// Everything or nothing: a fault anywhere, or values that contradict those only a restart can change, and all stays
/// as it was. Each key says in its declaration (`OptionSpec.change`) whether it can change in a running process; the
/// others keep their value and the log says that they want a restart. The driver reads the file (at most 1 MiB, off
/// the loop); here nothing blocks. What changed is told in one line a key; the token's value never.
extension Core {
  /// Faults told at most; a file can hold thousands.
  static let reloadProblemsMax = 20

  /// Takes over what can change.
  func reload(_ wanted: Options, _ problems: [ConfigProblem], now: Now) {
    guard stopAt == nil else { return }
    guard problems.isEmpty else { return refuseReload(problems) }
    var next = options
    var changed: [OptionSpec] = []
    var waiting: [OptionSpec] = []
    for spec in Options.all where wanted.value(spec) != options.value(spec) {
      guard case .live = spec.change else {
        waiting.append(spec)
        continue
      }
      next.set(spec, wanted.value(spec))
      changed.append(spec)
    }
    next.apiToken = wanted.apiToken
    let contradictions = next.contradictions()
    guard contradictions.isEmpty else { return refuseReload(contradictions) }
    for spec in waiting { tell(.warning, "needs a restart", spec, wanted) }
    for spec in changed { tell(.info, "reloaded", spec, next) }
    let isTokenChanged = next.apiToken != options.apiToken
    if isTokenChanged { output.log(.info, "reloaded", ("key", Options.tokenName)) }
    if changed.isEmpty, !isTokenChanged {
      output.log(.info, "configuration read again: nothing to change")
      return
    }
    options = next
    applyOptions(now: now)
  }

  private func refuseReload(_ problems: [ConfigProblem]) {
    for problem in problems.prefix(Core.reloadProblemsMax) {
      output.log(.error, "configuration refused, nothing changed", ("reason", "\(problem)"))
    }
    if problems.count > Core.reloadProblemsMax {
      output.log(.error, "configuration refused, nothing changed", ("problems", "\(problems.count)"))
    }
  }

  private func tell(_ level: LogLevel, _ message: StaticString, _ spec: OptionSpec, _ new: Options) {
    output.log(
      level, message, ("key", spec.name), ("was", ConfigText.value(options.value(spec))),
      ("now", ConfigText.value(new.value(spec))))
  }

  /// Hands the options in force to everybody who keeps something made of them.
  private func applyOptions(now: Now) {
    scheduler.configure(options)
    let weightMax = scheduler.budget.limit
    poller?.configure(PollSettings(options), weightMax: weightMax, now: now.instant)
    profiler.configure(ProfileSettings(options), weightMax: weightMax, now: now.instant)
    vaultTracker.configure(options, now: now)
    persistence.configure(pruneDays: options[.pruneDays])
    heatmaps.configure(options, now: now)
    curator.configure(options, now: now)
    clients.router.configure(
      APIOptions(
        bindHost: options[.serverHost], allowedHosts: options[.allowedHosts], token: options.apiToken,
        protectReads: options[.protectReads], corsOrigins: options[.corsOrigins]))
    views.components = Components(options)
    if let books {
      books.configure(names: options[.l2Coins], sessions, coins: views.coins, now: now)
      books.listed(views.coins, sessions, now: now)
    }
    runPeriodic(now: now)
    askExchange(now: now)
  }
}
