import Base
public import Core
import Glibc
import Reactor

/// `hynous-data doctor`: looks at everything the daemon needs and says what is wrong and what to do about it.
///
/// Touches nothing: no file is made or changed, no lock kept, no port listened on, and of the exchange one small question
/// is asked. So it may run beside the daemon. Every check has a bound (`Doctor.checkMax`, the file check
/// `Doctor.fileCheckMax`), together about a minute at the very worst; offline it takes no longer than the resolver.
public final class Doctor {
  /// The longest one check of the network takes.
  static let checkMax = TimeSpan.seconds(5)
  /// The longest the database is looked through.
  static let fileCheckMax = TimeSpan.seconds(15)

  /// What is looked at.
  public struct Subject: Sendable {
    /// The configuration's file, as it was named.
    public var path: String
    /// What it says, with what is wrong left at its default.
    public var options: Options
    /// What is wrong with it.
    public var problems: [ConfigProblem]
    /// The `.env` file that was read, in which secrets may stand.
    public var secretsPath: String?

    /// A subject of these.
    public init(path: String, options: Options, problems: [ConfigProblem], secretsPath: String?) {
      self.path = path
      self.secretsPath = secretsPath
      self.options = options
      self.problems = problems
    }
  }

  let subject: Subject
  let options: Options
  let loop = Loop()
  let pool: Pool
  let tls: TLSClient
  private let isJSON: Bool
  private let say: (String) -> Void
  private var findings: [Finding] = []

  /// Runs every check, telling each through `say` as it is done (as JSON, all at the end); answers the exit status: 1
  /// when any failed, else 0. The process is to end soon after: a look-up that hangs is left behind.
  public static func run(_ subject: Subject, isJSON: Bool, say: @escaping (String) -> Void) -> Int32 {
    let doctor = Doctor(subject, isJSON: isJSON, say: say)
    // A loop cannot be closed before its look-ups are over, and those may take longer than anybody wants to wait.
    _ = Unmanaged.passRetained(doctor)
    doctor.examine()
    return doctor.close()
  }

  private init(_ subject: Subject, isJSON: Bool, say: @escaping (String) -> Void) {
    self.subject = subject
    options = subject.options
    self.isJSON = isJSON
    self.say = say
    pool = Pool(loop, threads: 3)
    let caFile = options[.caFile]
    tls = TLSClient(caFile: caFile.isEmpty ? nil : caFile)
  }

  private func examine() {
    lookAtConfig()
    lookAtClock()
    lookAtExchange()
    lookAtDisk()
    lookAtDatabase()
    lookAtLimits()
    lookAtPort()
  }

  private func close() -> Int32 {
    let failed = findings.count { $0.status == .fail }
    let warned = findings.count { $0.status == .warn }
    let verdict = failed > 0 ? Finding.Status.fail : warned > 0 ? .warn : .ok
    if isJSON {
      let list = findings.map(\.json).joined(separator: ",\n  ")
      say("{\"status\":\"\(verdict.rawValue)\",\"checks\":[\n  \(list)\n]}")
    } else {
      say("\(findings.count) checks: \(failed) failed, \(warned) warned")
    }
    return failed > 0 ? 1 : 0
  }

  func found(_ finding: Finding) {
    findings.append(finding)
    if !isJSON { say(finding.line) }
  }

  /// Runs the loop until `start`'s work calls back, at most for `limit`; nil when it did not.
  func wait<Value>(_ limit: TimeSpan, for start: (@escaping (Value) -> Void) -> Void) -> Value? {
    var result: Value?
    var isOver = false
    let timer = Timer(loop) { [loop] _ in loop.stop() }
    timer.arm(at: loop.now.instant + limit)
    start { [loop] value in
      // What comes after its time is not heard.
      guard !isOver, result == nil else { return }
      result = value
      loop.stop()
    }
    if result == nil { loop.run() }
    isOver = true
    timer.close()
    return result
  }
}
