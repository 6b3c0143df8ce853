/// Metrics of the process, its event loop, its readiness and its clients.
import Base

extension Metric {
  static let process: [Metric] = [
    Metric(.gauge, "hynous_build_info", "Always 1; the version is a label") { call, samples in
      samples.add(1, ("version", call.version))
    },
    .seconds("hynous_start_time_seconds", "When the process started, by its clock of then, epoch seconds") {
      .milliseconds(Int(clamping: $0.startedWall.ms))
    },
    .seconds("hynous_uptime_seconds", "Time since the start") { $0.uptime },
    .gauge("hynous_resident_memory_bytes", "Resident memory, measured every second") {
      known($0.stats.runtime.memoryBytes)
    },
    .gauge("hynous_open_fds", "Open file descriptors, measured every second") {
      known($0.stats.runtime.openFiles)
    },
    .gauge("hynous_loop_handles", "Streams, timers and the like of the event loop in memory") {
      known($0.stats.runtime.loopHandles)
    },
    .gauge("hynous_loop_timers", "The timers among them") { known($0.stats.runtime.loopTimers) },
    .flag("hynous_ready", "Whether /readyz answers 200") { $0.readiness.reasons.isEmpty },
    Metric(.gauge, "hynous_unready", "Whether the reason stands against readiness") { call, samples in
      let reasons = call.views.readiness.reasons
      for reason in UnreadyReason.allCases {
        let stands = reasons.contains { $0.reason == reason }
        samples.add(stands ? 1 : 0, ("reason", "\(reason.word)"))
      }
    },
    .gauge("hynous_degraded_reasons", "Reasons /health gives for being degraded") {
      $0.health.reasons.count
    },
    Metric(.histogram, "hynous_loop_turn_seconds", "How long turns of the event loop took") {
      call, samples in samples.add(call.views.stats.runtime.turnTimes)
    },
    .seconds("hynous_loop_turn_longest_seconds", "The longest turn since the start") {
      $0.stats.runtime.turnMax
    },
    .counter("hynous_loop_stalls_total", "Times the loop stood still for three seconds or more") {
      $0.readiness.stalls
    },
    .seconds("hynous_clock_skew_seconds", "The exchange's clock minus the machine's") {
      $0.stats.runtime.clockSkew
    },
    .counter("hynous_log_lines_dropped_total", "Log lines nobody read in time") {
      $0.stats.runtime.logLinesDropped
    },
    Metric(.counter, "hynous_dropped_total", "What was dropped or refused because a bound was met") {
      call, samples in
      for (name, count) in call.views.stats.runtime.dropped.prefix(RuntimeFacts.droppedMax) {
        samples.add(Int(clamping: count), ("what", name))
      }
    },
  ]

  static let http: [Metric] = [
    .gauge("hynous_http_connections", "Client connections open now") { $0.stats.runtime.clients },
    .counter("hynous_http_connections_refused_total", "Connections refused because there were too many") {
      $0.stats.runtime.clientsRefused
    },
    Metric(.counter, "hynous_http_requests_total", "Requests answered, by route and class of status") {
      call, samples in
      call.counts.forEach { route, status, count in
        samples.add(Int(clamping: count), ("route", route), ("status", status))
      }
    },
    Metric(.gauge, "hynous_http_requests_waiting", "Requests that wait for a write or a profile") {
      call, samples in samples.add(call.counts.waiting)
    },
  ]

  /// Zero is what the driver says when it does not know.
  private static func known(_ value: Int) -> Int? { value > 0 ? value : nil }
}
