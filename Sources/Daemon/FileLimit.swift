import Core
import Glibc

/// How many client connections the system lets this process hold: each is an open file.
enum FileLimit {
  /// Files the service itself may have open: the database's, the exchange's connections, clients being refused.
  static let ownFilesMax = 256
  /// The most that is asked for.
  static let filesMax = 65_536

  /// Raises the soft limit on open files, often 1024, as far as allowed, and answers how many client connections
  /// that leaves: the configured number or fewer.
  static func clientsMax(_ options: Options) -> Int {
    max(16, min(options[.connectionsMax], raised() - ownFilesMax))
  }

  private static func raised() -> Int {
    let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(files, &limit) == 0 else { return 1_024 }
    let soft = limit.rlim_cur
    limit.rlim_cur = max(soft, min(limit.rlim_max, rlim_t(filesMax)))
    return Int(clamping: setrlimit(files, &limit) == 0 ? limit.rlim_cur : soft)
  }
}
