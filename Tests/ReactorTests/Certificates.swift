/// Certificates for TLS tests, made once per run by the openssl command line in a directory of their own.
import Base
import Glibc
import Testing

@testable import Reactor

/// Files in a temporary directory: `ca.pem`; `good`, `wrongname`, `expired` (signed by it) and `selfsigned`,
/// each as `.pem` and `.key`.
struct Certificates: Sendable {
  struct Failure: Error { let text: String }

  /// Made at the first use; removed when the process ends.
  static let shared = Result<Certificates, any Error> { try Certificates() }

  private let directory: String

  func path(_ name: String) -> String { "\(directory)/\(name)" }

  private init() throws {
    var template = Array("/tmp/reactor-tests-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure(text: "no temporary directory") }
    directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    temporaryDirectory = strdup(directory)
    atexit {
      guard let path = temporaryDirectory else { return }
      try? run("rm", ["-rf", String(cString: path)])
    }
    try newKey("ca")
    try openssl("req -x509 -new -key ca.key -out ca.pem -subj /CN=test-ca -days 3650")
    try sign("good", names: "DNS:localhost,IP:127.0.0.1", days: 3650)
    try sign("wrongname", names: "DNS:elsewhere.example,IP:192.0.2.1", days: 3650)
    try sign("expired", names: "DNS:localhost,IP:127.0.0.1", days: -1)
    try newKey("selfsigned")
    try openssl(
      "req -x509 -new -key selfsigned.key -out selfsigned.pem -subj /CN=localhost -days 3650"
        + " -addext subjectAltName=DNS:localhost")
  }

  private func newKey(_ name: String) throws {
    try openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out \(name).key")
  }

  private func sign(_ name: String, names: String, days: Int) throws {
    try newKey(name)
    try openssl("req -new -key \(name).key -out \(name).csr -subj /CN=\(name)")
    let extensions = "subjectAltName=\(names)\n"
    guard let file = fopen(path("\(name).ext"), "w") else { throw Failure(text: "no \(name).ext") }
    fputs(extensions, file)
    fclose(file)
    try openssl(
      "x509 -req -in \(name).csr -CA ca.pem -CAkey ca.key -CAcreateserial -days \(days)"
        + " -extfile \(name).ext -out \(name).pem")
  }

  /// Runs openssl; words that name our files get the directory in front.
  private func openssl(_ line: String) throws {
    let arguments = line.split(separator: " ").map(String.init).map { word in
      [".key", ".pem", ".csr", ".ext"].contains { word.hasSuffix($0) } ? path(word) : word
    }
    try run("openssl", arguments)
  }
}

/// What `atexit` removes; a C string, since Swift's globals may be gone by then.
nonisolated(unsafe) private var temporaryDirectory: UnsafeMutablePointer<CChar>?

/// Runs a program to its end; throws unless it ends with 0. Its output is not shown.
func run(_ program: String, _ arguments: [String]) throws {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  for descriptor in [Int32(1), 2] {
    posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
  }
  var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
  defer { for word in words { free(word) } }
  var child = pid_t()
  let started = posix_spawnp(&child, program, &actions, nil, &words, environ)
  guard started == 0 else { throw Certificates.Failure(text: "\(program) cannot be run: \(started)") }
  var status: Int32 = 0
  while waitpid(child, &status, 0) < 0 && errno == EINTR {}
  guard status == 0 else { throw Certificates.Failure(text: "\(program) \(arguments) failed: \(status)") }
}
