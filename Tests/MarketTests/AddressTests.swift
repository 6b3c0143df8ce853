import Base
import Market
import Testing

/// Addresses and their text.
@Suite("Address")
struct AddressTests {
  static let text = "0xdfc24b077bc1425ad1dea75bcb6f8158e10df303"

  @Test("there and back, in any capitals")
  func roundTrip() {
    let address = Address(Self.text)
    #expect(address == Address(a: 0xdfc2_4b07_7bc1_425a, b: 0xd1de_a75b_cb6f_8158, c: 0xe10d_f303))
    #expect(address?.description == Self.text)
    #expect(Address("0x" + Self.text.dropFirst(2).uppercased()) == address)
    var random = PRNG(seed: 1)
    for _ in 0..<2000 {
      let address = Address(a: random.next(), b: random.next(), c: UInt32(truncatingIfNeeded: random.next()))
      #expect(Address(address.description) == address)
    }
    let buffer = ByteBuffer()
    address?.append(to: buffer)
    #expect(buffer.bytes.elementsEqual(Self.text.utf8))
  }

  @Test("every byte at every place: only hex digits are taken")
  func everyByte() {
    var wrong = 0
    let valid = Array(Self.text.utf8)
    for place in 2..<42 {
      for byte in 0...255 as ClosedRange<UInt8> {
        var bytes = valid
        bytes[place] = byte
        let got = bytes.withUnsafeBytes { Address($0) }
        let digit = Character(UnicodeScalar(byte)).hexDigitValue
        guard let digit, byte < 128 else {
          if got != nil { wrong += 1 }
          continue
        }
        var expected = valid
        expected[place] = Array("0123456789abcdef".utf8)[digit]
        if got?.description != String(decoding: expected, as: UTF8.self) { wrong += 1 }
      }
    }
    #expect(wrong == 0)
  }

  @Test("anything else is no address")
  func refused() {
    for text in [
      "", "0x", "0x1", String(Self.text.dropLast()), Self.text + "0", "1x" + Self.text.dropFirst(2),
    ] {
      #expect(Address(text) == nil)
    }
  }
}
