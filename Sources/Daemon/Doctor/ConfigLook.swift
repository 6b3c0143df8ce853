import Core
import Glibc

/// The configuration: what is wrong with it, and what is allowed but dangerous.
extension Doctor {
  func lookAtConfig() {
    for problem in subject.problems {
      found(.fail("config", "\(problem)", "mend it; `hynous-data check-config` checks again"))
    }
    if subject.problems.isEmpty {
      let changed = Options.all.count { options.value($0) != $0.defaultValue }
      found(.ok("config", "\(subject.path): \(Options.all.count) keys, \(changed) not the default"))
    }
    lookAtBudget()
    lookAtSecrets()
    if !ExchangeAddress.isLoopback(host: options[.serverHost]) {
      let isProtected = options[.protectReads]
      found(
        .warn(
          "config", "server.host \(options[.serverHost]): others can reach the API, unencrypted",
          isProtected
            ? "put a TLS proxy in front of it"
            : "put a TLS proxy in front of it, and set server.protect_reads"))
    }
    if options[.corsOrigins].contains("*") {
      found(
        .warn(
          "config", "server.cors_origins: any web page a user opens may read the API",
          "name the pages instead of *"))
    }
    if options[.pruneDays] > 90 {
      found(
        .warn(
          "config", "db.prune_days \(ConfigText.value(.number(options[.pruneDays]))): the file keeps growing",
          "keep fewer days, or watch the disk"))
    }
    let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    if processors > 0, options[.workerThreads] > 2 * processors {
      found(
        .warn(
          "config", "runtime.worker_threads \(options[.workerThreads]) on \(processors) processors",
          "set it to \(max(2, processors))"))
    }
  }

  /// A token that everybody on the machine can read protects from nobody on it.
  private func lookAtSecrets() {
    var status = stat()
    guard options.apiToken != nil, let path = subject.secretsPath, stat(path, &status) == 0,
      status.st_mode & 0o044 != 0
    else { return }
    found(.warn("config", "\(path) can be read by other users, and the token is set", "chmod 600 \(path)"))
  }

  /// The exchange counts by address of the network: who else asks from here has the rest.
  private func lookAtBudget() {
    let (weight, share) = (options[.maxWeightPerMin], options[.safetyPct])
    if weight > 1_200 {
      found(
        .warn(
          "config", "rate_limit.max_weight_per_min \(weight): the exchange allows 1200 an address",
          "set it to 1200; what is beyond is answered 429"))
    } else if share > 95 {
      found(
        .warn(
          "config",
          "rate_limit.safety_pct \(ConfigText.value(.number(share))): nothing is left for anybody else"
            + " behind this address", "set it to 95 or less"))
    }
  }
}
