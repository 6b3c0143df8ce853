import Testing

@testable import API

/// Which `Host` headers name this service.
@Suite struct HostCheckTests {
  private func accepts(_ host: String, bind: String = "127.0.0.1", allowed: [String] = []) -> Bool {
    let check = HostCheck(APIOptions(bindHost: bind, allowedHosts: allowed))
    return Array(host.utf8).withUnsafeBytes { check.accepts($0) }
  }

  @Test(arguments: [
    "127.0.0.1", "127.0.0.1:8100", "localhost", "LOCALHOST:8100", "localhost.", "[::1]", "[::1]:8100",
    "localhost:1",
  ])
  func loopbackNamesAreAccepted(host: String) {
    #expect(accepts(host))
    #expect(accepts(host, bind: "0.0.0.0"))
  }

  @Test(arguments: [
    "evil.example", "evil.example:8100", "127.0.0.1.evil.example", "localhost.evil.example", "192.168.0.9",
    "[::2]", "", ":8100", "localhost:", "localhost:80x", "localhost:123456", "[::1", "[]", "[::1]x",
    "user@localhost",
    "localhost/", "127.0.0.1, evil", String(repeating: "a", count: 300),
  ])
  func strangersAreNot(host: String) {
    // A port may be empty (RFC 3986), everything else here names somebody else or nobody.
    #expect(accepts(host) == (host == "localhost:"))
  }

  @Test func configuredNamesAreAccepted() {
    #expect(accepts("data.internal:80", allowed: ["Data.Internal"]))
    #expect(accepts("data.internal.", allowed: ["data.internal"]))
    #expect(!accepts("xdata.internal", allowed: ["data.internal"]))
    #expect(accepts("10.1.2.3:8100", bind: "10.1.2.3"))
    #expect(!accepts("10.1.2.4:8100", bind: "10.1.2.3"))
    #expect(accepts("[fe80::1]:8100", bind: "fe80::1"))
  }

  @Test func aWildcardBindAcceptsAddressesButNoNames() {
    #expect(accepts("192.168.0.9:8100", bind: "0.0.0.0"))
    #expect(accepts("[fe80::1]", bind: "::"))
    #expect(!accepts("evil.example", bind: "0.0.0.0"))
    #expect(!accepts("cafe", bind: "::"))
  }
}
