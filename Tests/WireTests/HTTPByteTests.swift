/// Every byte value at every place of a target, a header name, a value and a host, against the grammar written
/// plainly: the parser looks at eight bytes at a time, this does not.
import Base
import Testing
import Wire

@Suite("HTTP bytes")
struct HTTPByteTests {
  private static let letters = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
  private static let token = letters.union("!#$%&'*+-.^_`|~".utf8)
  private static let hostName = letters.union("-._~!$&'()*+,;=%".utf8)

  /// Whether `prefix`, 20 letters with `byte` at `place`, `suffix` is a request.
  private func accepts(_ prefix: String, _ byte: UInt8, _ place: Int, _ suffix: String) -> Bool {
    var middle = [UInt8](repeating: UInt8(ascii: "w"), count: 20)
    middle[place] = byte
    let run = parseRequests(bytes(prefix) + middle + bytes(suffix))
    return run.problem == nil && run.messages.count == 1
  }

  @Test("every byte at every place", arguments: [0, 1, 6, 7, 8, 12, 15, 16, 19])
  func everyByte(_ place: Int) {
    for byte in UInt8.min...UInt8.max {
      let isText = byte >= 0x20 && byte != 0x7F || byte == 9
      #expect(
        accepts("GET /", byte, place, " HTTP/1.1\r\nHost: a\r\n\r\n")
          == (byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "#")), "target \(byte)")
      #expect(accepts("GET / HTTP/1.1\r\nHost: a\r\nX: ", byte, place, "\r\n\r\n") == isText, "value \(byte)")
      // A colon ends the name early, except at its first place.
      let isName = HTTPByteTests.token.contains(byte) || byte == UInt8(ascii: ":") && place > 0
      #expect(
        accepts("GET / HTTP/1.1\r\nHost: a\r\n", byte, place, ": x\r\n\r\n") == isName, "name \(byte)")
      // Blanks at the ends of a value do not belong to it.
      let isTrimmed = (byte == 0x20 || byte == 9) && (place == 0 || place == 19)
      // A colon before letters is no port; as the last byte it is an empty one.
      let isHost =
        HTTPByteTests.hostName.contains(byte) || isTrimmed || byte == UInt8(ascii: ":") && place == 19
      #expect(accepts("GET / HTTP/1.1\r\nHost: ", byte, place, "\r\n\r\n") == isHost, "host \(byte)")
    }
  }
}
