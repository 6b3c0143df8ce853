/// A plain reader of gzip (RFC 1951, 1952), to hold the writer against: slow, whole, bit by bit.
struct Gunzip {
  struct Malformed: Error {
    var what: String
  }

  private let bytes: [UInt8]
  private var at = 0
  private var bit: UInt8 = 0
  private var out: [UInt8] = []

  /// The bytes `gzip` stands for.
  static func bytes(of gzip: [UInt8]) throws -> [UInt8] {
    var reader = Gunzip(bytes: gzip)
    return try reader.read()
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func read() throws -> [UInt8] {
    guard bytes.count >= 18, bytes[0...3].elementsEqual([0x1F, 0x8B, 8, 0]) else {
      throw Malformed(what: "head")
    }
    at = 10
    while true {
      let isLast = try bits(1) == 1
      switch try bits(2) {
      case 0: try stored()
      case 1:
        let lengths = (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 }
        try block(Code(lengths), Code(Array(repeating: 5, count: 30)))
      case 2: try dynamic()
      default: throw Malformed(what: "block")
      }
      if isLast { break }
    }
    if bit > 0 { at += 1 }
    guard bytes.count == at + 8 else { throw Malformed(what: "tail") }
    guard number(at) == Gunzip.crc(out), number(at + 4) == UInt32(out.count) else {
      throw Malformed(what: "sum")
    }
    return out
  }

  private func number(_ at: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << UInt32(8 * $1) }
  }

  private mutating func bits(_ count: Int) throws -> Int {
    var value = 0
    for index in 0..<count {
      guard at < bytes.count else { throw Malformed(what: "end") }
      value |= Int(bytes[at] >> bit & 1) << index
      bit += 1
      if bit == 8 { (bit, at) = (0, at + 1) }
    }
    return value
  }

  private mutating func stored() throws {
    if bit > 0 { (bit, at) = (0, at + 1) }
    let length = try bits(16)
    guard try bits(16) == ~length & 0xFFFF, at + length <= bytes.count else {
      throw Malformed(what: "stored")
    }
    out += bytes[at..<(at + length)]
    at += length
  }

  private mutating func dynamic() throws {
    let (literals, distances, codes) = (try bits(5) + 257, try bits(5) + 1, try bits(4) + 4)
    var small = Array(repeating: 0, count: 19)
    let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    for index in 0..<codes { small[order[index]] = try bits(3) }
    let code = Code(small)
    var lengths: [Int] = []
    while lengths.count < literals + distances {
      switch try symbol(code) {
      case 16:
        guard let last = lengths.last else { throw Malformed(what: "repeat") }
        lengths += Array(repeating: last, count: try bits(2) + 3)
      case 17: lengths += Array(repeating: 0, count: try bits(3) + 3)
      case 18: lengths += Array(repeating: 0, count: try bits(7) + 11)
      case let length: lengths.append(length)
      }
    }
    try block(Code(Array(lengths[..<literals])), Code(Array(lengths[literals...])))
  }

  private mutating func block(_ literals: Code, _ distances: Code) throws {
    while true {
      let symbol = try symbol(literals)
      if symbol < 256 {
        out.append(UInt8(symbol))
      } else if symbol == 256 {
        return
      } else {
        try copy(symbol - 257, distances)
      }
    }
  }

  private mutating func copy(_ symbol: Int, _ distances: Code) throws {
    let base = [
      3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
      227, 258,
    ]
    let isLongest = symbol == 28
    let length = base[symbol] + (try bits(symbol < 8 || isLongest ? 0 : symbol / 4 - 1))
    let place = try self.symbol(distances)
    let distance =
      place < 4 ? place + 1 : (2 + place % 2) << (place / 2 - 1) + 1 + (try bits(place / 2 - 1))
    guard distance <= out.count else { throw Malformed(what: "distance") }
    for _ in 0..<length { out.append(out[out.count - distance]) }
  }

  /// A canonical Huffman code by its lengths.
  private struct Code {
    var counts = Array(repeating: 0, count: 16)
    var symbols: [Int] = []

    init(_ lengths: [Int]) {
      for length in lengths where length > 0 { counts[length] += 1 }
      for length in 1...15 { symbols += lengths.indices.filter { lengths[$0] == length } }
    }
  }

  private mutating func symbol(_ code: Code) throws -> Int {
    var (value, first, index) = (0, 0, 0)
    for length in 1...15 {
      value |= try bits(1)
      let count = code.counts[length]
      if value - count < first { return code.symbols[index + value - first] }
      index += count
      first = (first + count) << 1
      value <<= 1
    }
    throw Malformed(what: "code")
  }

  private static func crc(_ bytes: [UInt8]) -> UInt32 {
    var sum: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
    return ~sum
  }
}
