public import Core
import Base
import Glibc
import Reactor

/// Reads the configuration again, with the same checks as at the start: what it says and what is wrong with it.
/// Called on a thread of the pool.
public typealias OptionsReader = @Sendable () -> (options: Options, problems: [ConfigProblem])

extension Daemon {
  /// Runs the daemon in this process until SIGTERM or SIGINT; answers the exit status. At SIGHUP `readOptions` tells
  /// the configuration of then.
  public static func run(
    options: Options, version: String, readOptions: @escaping OptionsReader
  ) -> Int32 {
    let log = LogWriter(options)
    if let problem = options.contradictions().first {
      return refuse(log, "cannot start", "\(problem)")
    }
    let folder = directory(of: options[.dbPath])
    do {
      try Files.makeDirectory(folder)
    } catch {
      return refuse(log, "cannot make the database's folder", "\(error)")
    }
    let lock: InstanceLock
    do {
      lock = try InstanceLock(path: "\(folder)/hynous-data.pid")
    } catch {
      return refuse(log, "cannot start", "\(error)")
    }
    let status: Int32
    do {
      status = try Daemon(options: options, version: version, log: log, readOptions: readOptions).run()
    } catch {
      lock.release()
      return refuse(log, "cannot listen", "\(error)")
    }
    lock.release()
    return status
  }

  private static func refuse(_ log: LogWriter, _ message: String, _ reason: String) -> Int32 {
    var time = timespec()
    time.tv_sec = Glibc.time(nil)
    log.write(
      .error, "msg=\"\(message)\" reason=\"\(reason)\"", wall: WallTime(ms: Int64(time.tv_sec) * 1000))
    return 1
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
