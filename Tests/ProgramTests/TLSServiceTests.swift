import Foundation
import Testing

/// The daemon towards an encrypted exchange: what it trusts and what it refuses, for WebSocket and REST alike.
@Suite(.serialized) struct TLSServiceTests {
  /// A daemon on an exchange with this certificate; what its log says first of `expected`.
  private func firstLine(
    holding expected: String, name: String, days: Int, trusts: Bool
  ) throws -> (line: String?, lines: [String]) {
    let folder = try TemporaryFolder()
    let certificate = try Certificate(folder, name: name, days: days)
    let exchange = try Program(
      "hynous-sim",
      ["--port", "0", "--accounts", "100", "--tls-cert", certificate.cert, "--tls-key", certificate.key])
    let port = try #require(exchange.line(holding: "ready").flatMap(Service.port))
    var environment = Service.environment(port, folder)
    environment["HYNOUS_HYPERLIQUID_REST_URL"] = "https://127.0.0.1:\(port)"
    environment["HYNOUS_HYPERLIQUID_WS_URL"] = "wss://127.0.0.1:\(port)/ws"
    if trusts { environment["HYNOUS_HYPERLIQUID_CA_FILE"] = certificate.authority }
    let daemon = try Program("hynous-data", ["run"], environment: environment)
    let line = daemon.line(holding: expected)
    daemon.signal(SIGTERM)
    #expect(daemon.exitStatus() == 0)
    exchange.signal(SIGTERM)
    #expect(exchange.exitStatus() == 0)
    return (line, daemon.lines)
  }

  @Test func anExtraAuthorityIsTrusted() throws {
    let (line, lines) = try firstLine(holding: "listing changed", name: "IP:127.0.0.1", days: 2, trusts: true)
    #expect(line != nil, "\(lines)")
    #expect(lines.contains { $0.contains("exchange connection open") })
  }

  @Test(arguments: [("IP:127.0.0.1", 2, false), ("DNS:example.com", 2, true), ("IP:127.0.0.1", -1, true)])
  func strangersWrongNamesAndExpiredOnesAreRefused(_ name: String, _ days: Int, _ trusts: Bool) throws {
    let (line, lines) = try firstLine(
      holding: "exchange connection failed", name: name, days: days, trusts: trusts)
    #expect(line?.contains("tls") == true, "\(lines)")
    #expect(!lines.contains { $0.contains("exchange connection open") || $0.contains("listing changed") })
  }
}
