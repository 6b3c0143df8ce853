import Glibc
import Store

/// SIGINT, SIGTERM and SIGHUP as a flag, for commands without a loop that clean up behind themselves.
enum StopSignals {
  private static let flag = StopFlag()

  /// Watches from now on.
  static func watch() -> StopFlag {
    // Made here: a handler must not be the first to touch it.
    let flag = flag
    for number in [SIGINT, SIGTERM, SIGHUP] { signal(number) { _ in StopSignals.flag.set() } }
    return flag
  }
}
