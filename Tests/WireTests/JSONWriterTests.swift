import Base
import Foundation
import Testing
import Wire

/// What the writer prints, against Python's `json.dumps(ensure_ascii=False, separators=(",", ":"))`.
struct JSONWriterTests {
  /// UTF-8 bytes and what Python 3.11 printed for the text they are.
  static let strings: [(bytes: [UInt8], text: String)] = [
    ([], #""""#),
    ([97, 98, 99], #""abc""#),
    ([97, 34, 98], #""a\"b""#),
    ([98, 97, 99, 107, 92, 115, 108, 97, 115, 104], #""back\\slash""#),
    ([0], #""\u0000""#),
    ([1, 31], #""\u0001\u001f""#),
    ([8, 12, 10, 13, 9], #""\b\f\n\r\t""#),
    ([127], #""\#u{7F}""#),
    ([195, 169], #""é""#),
    ([226, 130, 172], #""€""#),
    ([240, 159, 152, 128], #""😀""#),
    ([47, 112, 97, 116, 104], #""/path""#),
    (
      [
        109, 105, 120, 101, 100, 32, 34, 113, 34, 32, 10, 32, 195, 169, 32, 240, 159, 152, 128, 32, 2, 32,
        101, 110, 100,
      ], #""mixed \"q\" \n é 😀 \u0002 end""#
    ),
    ([226, 128, 168], #""\#u{2028}""#),
    ([60, 62, 38, 39], #""<>&'""#),
  ]

  static func text(_ out: ByteBuffer) -> String { String(decoding: out.bytes, as: UTF8.self) }

  @Test func escapesLikePython() {
    for (bytes, text) in JSONWriterTests.strings {
      let out = ByteBuffer()
      var json = JSONWriter(into: out)
      bytes.withUnsafeBytes { json.string($0) }
      #expect(JSONWriterTests.text(out) == text)
      let again = ByteBuffer()
      var other = JSONWriter(into: again)
      other.string(String(decoding: bytes, as: UTF8.self))
      #expect(JSONWriterTests.text(again) == text)
    }
  }

  @Test func everyByteStringComesOutAsValidJSON() throws {
    var random = PRNG(seed: 21)
    for _ in 0..<3000 {
      let bytes = (0..<random.below(24)).map { _ in UInt8(random.below(256)) }
      let out = ByteBuffer()
      var json = JSONWriter(into: out)
      bytes.withUnsafeBytes { json.string($0) }
      var reader = JSONReader(out.bytes)
      let text = try reader.readString()
      try reader.finish()
      if String(validating: bytes, as: UTF8.self) != nil {
        let back = ByteBuffer()
        text.append(to: back)
        #expect(back.bytes.elementsEqual(bytes))
      }
    }
  }

  @Test func commasAndColonsComeByThemselves() {
    let out = ByteBuffer()
    var json = JSONWriter(into: out)
    json.beginObject()
    json.key("a")
    json.int(-5)
    json.key("b")
    json.beginArray()
    json.endArray()
    json.key("c")
    json.beginArray()
    json.null()
    json.bool(true)
    json.bool(false)
    json.double(1)
    json.decimal(raw: 458_044_243, scale: 2, places: 2)
    json.uint(.max)
    json.string("x")
    json.beginObject()
    json.endObject()
    json.raw("[1]")
    json.endArray()
    json.key("na\"me" as String)
    json.int(Int64.min)
    json.endObject()
    #expect(
      JSONWriterTests.text(out)
        == #"{"a":-5,"b":[],"c":[null,true,false,1.0,4580442.43,18446744073709551615,"x",{},[1]],"na\"me":-9223372036854775808}"#
    )
  }
}
