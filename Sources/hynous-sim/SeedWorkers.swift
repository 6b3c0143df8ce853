/// Seeds in several processes at once: one that traps takes nobody with it, and says by its death which seed did it.
///
/// A worker is this program again. It reads a seed a line from its standard input and writes what it has to say, each
/// line with a mark: `! ` a complaint, `= ` the run's counts as `name=number` words, with which the seed is done.
import Glibc

/// One worker process.
final class SeedWorker {
  let pid: pid_t
  private let input: Int32
  let output: Int32
  /// What it runs now.
  private(set) var seed: UInt64?
  private var received: [UInt8] = []

  /// Starts one; nil when the system refuses.
  init?(arguments: [String]) {
    var down: [Int32] = [0, 0]
    var up: [Int32] = [0, 0]
    guard pipe(&down) == 0, pipe(&up) == 0 else { return nil }
    // A worker must not hold the ends of another: it would never see its end.
    for end in down + up { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, down[0], 0)
    posix_spawn_file_actions_adddup2(&actions, up[1], 1)
    var words: [UnsafeMutablePointer<CChar>?] = (["hynous-sim", "seeds", "--worker"] + arguments).map {
      strdup($0)
    }
    words.append(nil)
    // A trap shall end the process at once, not print its stack for seconds.
    var settings: [UnsafeMutablePointer<CChar>?] = [strdup("SWIFT_BACKTRACE=enable=no"), nil]
    defer { for case .some(let word) in words + settings { free(word) } }
    var started: pid_t = 0
    let code = posix_spawn(&started, "/proc/self/exe", &actions, nil, &words, &settings)
    close(down[0])
    close(up[1])
    pid = started
    input = down[1]
    output = up[0]
    guard code == 0 else {
      stop()
      return nil
    }
  }

  /// Gives it a seed to run.
  func run(_ seed: UInt64) {
    self.seed = seed
    var line = "\(seed)\n"
    line.withUTF8 { bytes in _ = write(input, bytes.baseAddress, bytes.count) }
  }

  /// Takes the lines that came; nil when the process is gone.
  func lines() -> [String]? {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(output, &chunk, chunk.count)
    guard count > 0 else { return nil }
    received += chunk[..<count]
    var lines: [String] = []
    while let end = received.firstIndex(of: UInt8(ascii: "\n")) {
      lines.append(String(decoding: received[..<end], as: UTF8.self))
      received.removeFirst(end + 1)
    }
    if lines.contains(where: { $0.hasPrefix("= ") }) { seed = nil }
    return lines
  }

  /// Lets it end, and says how it did.
  @discardableResult
  func wait() -> String {
    stop()
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    let signal = status & 0x7f
    return signal == 0 ? "status \(status >> 8)" : "signal \(signal)"
  }

  private func stop() {
    close(input)
    close(output)
  }
}

/// All workers of one command.
struct SeedWorkers {
  private var workers: [SeedWorker] = []
  private let arguments: [String]
  private var seeds: ArraySlice<UInt64>

  init(count: Int, arguments: [String], seeds: [UInt64]) {
    self.arguments = arguments
    self.seeds = seeds[...]
    for _ in 0..<min(count, seeds.count) { hire() }
  }

  private mutating func hire() {
    guard !seeds.isEmpty, let worker = SeedWorker(arguments: arguments) else { return }
    worker.run(seeds.removeFirst())
    workers.append(worker)
  }

  /// Runs every seed; `take` gets each line, without its mark, and `died` whoever a run killed.
  mutating func run(
    complaint: (String) -> Void, counts: (String) -> Void, died: (UInt64, String) -> Void
  ) {
    while !workers.isEmpty {
      var waits = workers.map { pollfd(fd: $0.output, events: Int16(POLLIN), revents: 0) }
      guard poll(&waits, nfds_t(waits.count), -1) > 0 else { continue }
      for (index, wait) in waits.enumerated().reversed() where wait.revents != 0 {
        let worker = workers[index]
        guard let lines = worker.lines() else {
          let seed = worker.seed
          let how = worker.wait()
          workers.remove(at: index)
          if let seed { died(seed, how) }
          hire()
          continue
        }
        for line in lines {
          if line.hasPrefix("! ") { complaint(String(line.dropFirst(2))) }
          if line.hasPrefix("= ") { counts(String(line.dropFirst(2))) }
        }
        guard worker.seed == nil else { continue }
        if let next = seeds.popFirst() {
          worker.run(next)
        } else {
          worker.wait()
          workers.remove(at: index)
        }
      }
    }
  }
}
