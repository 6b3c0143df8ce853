import Base
import Core
import Glibc
import Reactor

/// The port: free, or a hynous-data answers there already, or somebody else does.
extension Doctor {
  func lookAtPort() {
    let (host, port) = (options[.serverHost], options[.serverPort])
    let address = "\(host.contains(":") ? "[\(host)]" : host):\(port)"
    if port == 0 { return found(.ok("port", "the system chooses one")) }
    guard let failure = ListenFailure.now(host: host, port: port) else {
      return found(.ok("port", "\(address) is free"))
    }
    guard failure.code == EADDRINUSE else {
      return found(
        .fail(
          "port", "\(failure)",
          failure.code == EACCES
            ? "ports below 1024 are root's: use another" : "set server.host to an address of this machine"))
    }
    guard let health = ask("/health", port) else {
      return found(
        .fail(
          "port", "\(address) is taken, and nothing answers there",
          "see who has it (ss -ltnp); set server.port"))
    }
    guard let status = Doctor.value("status", in: health), Doctor.value("uptime_seconds", in: health) != nil
    else {
      return found(
        .fail("port", "\(address) is taken by another program", "see who it is (ss -ltnp); set server.port"))
    }
    let version = ask("/v1/stats", port).flatMap { Doctor.value("version", in: $0) } ?? "of unknown version"
    let text = "\(address): hynous-data \(version) answers, status \(status)"
    if status == "ok" {
      found(.ok("port", text))
    } else {
      let reasons = health.firstRange(of: "\"reasons\":").map { String(health[$0.upperBound...].prefix(300)) }
      found(.warn("port", text, "it says why: \(reasons ?? "see /health")"))
    }
  }

  /// The body of an answer of the daemon; nil when none came. With the token, in case reads need it.
  private func ask(_ path: String, _ port: Int) -> String? {
    let owner = ReplyWait()
    let transfers = Transfers(loop, tls: tls, owner: owner)
    defer { transfers.close() }
    let host = options[.serverHost]
    let isWildcard = ["0.0.0.0", "::", "*"].contains(host)
    let target = isWildcard ? "127.0.0.1" : host.contains(":") ? "[\(host)]" : host
    let outcome: ReplyWait.Outcome? = wait(Doctor.checkMax) { done in
      owner.then = done
      let request = TransferRequest(
        .get, url: "http://\(target):\(port)\(path)",
        headers: options.apiToken.map { ["authorization: Bearer \($0)"] } ?? [], deadline: Doctor.checkMax)
      _ = transfers.start(request, tag: 0)
    }
    guard case .answer(200, _)? = outcome else { return nil }
    return owner.text
  }

  /// The text or number behind the first `"name":` of a JSON text.
  static func value(_ name: String, in json: String) -> String? {
    guard let at = json.firstRange(of: "\"\(name)\":") else { return nil }
    let rest = json[at.upperBound...].drop { $0 == " " }
    if rest.first == "\"" { return String(rest.dropFirst().prefix { $0 != "\"" }) }
    return String(rest.prefix { $0 != "," && $0 != "}" })
  }
}
