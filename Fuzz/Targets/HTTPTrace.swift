import Base
import Wire

/// Cutting the fuzzer's bytes into pieces and writing down what parsers made of them, for comparison.
enum FuzzPieces {
  /// How bytes are cut.
  enum Cut {
    /// One piece.
    case whole
    /// Every byte a piece.
    case bytes
    /// Places drawn from `seed`.
    case random(seed: UInt64)
  }

  /// A seed that the bytes decide, so that a crash file repeats itself.
  static func seed(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    bytes.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
  }

  /// Hands the pieces to `take` until it answers false. Each lies in memory of its own with `slack` readable bytes
  /// behind it, so that AddressSanitizer sees one byte too far, and is overwritten afterwards, so that a view that
  /// outlives its bytes reads something else.
  static func each(
    _ bytes: UnsafeRawBufferPointer, _ cut: Cut, slack: Int = 0, _ take: (UnsafeRawBufferPointer) -> Bool
  ) {
    var random = PRNG(seed: 0)
    if case .random(let seed) = cut { random = PRNG(seed: seed) }
    var low = 0
    while low < bytes.count {
      var length = bytes.count - low
      switch cut {
      case .whole: break
      case .bytes: length = 1
      case .random: length = min(length, 1 + random.below(random.chance(0.5) ? 4 : 200))
      }
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: length + slack, alignment: 1)
      defer { memory.deallocate() }
      memory.initializeMemory(as: UInt8.self, repeating: 0xEE)
      memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[low..<(low + length)]))
      let goesOn = take(UnsafeRawBufferPointer(rebasing: memory[..<length]))
      memory.initializeMemory(as: UInt8.self, repeating: 0xAA)
      if !goesOn { return }
      low += length
    }
  }
}

extension ByteBuffer {
  /// Whether both hold the same bytes. A method, since `bytes` of a temporary outlives the temporary.
  func isSame(as other: ByteBuffer) -> Bool {
    withExtendedLifetime((self, other)) { bytes.elementsEqual(other.bytes) }
  }

  /// Notes a view of a parser: its length and its bytes.
  func note(_ bytes: UnsafeRawBufferPointer) {
    note(bytes.count)
    append(bytes)
  }

  /// Notes a number.
  func note(_ number: Int) {
    withUnsafeBytes(of: number) { append($0) }
  }

  /// Notes header lines.
  func note(_ fields: HTTPFields) {
    note(fields.count)
    for index in 0..<fields.count {
      note(fields.name(index))
      note(fields.value(index))
    }
  }

  /// Notes a request with everything that can be asked of it.
  func note(_ request: HTTPRequest) {
    note(Int(request.method.rawValue) << 8 | request.minorVersion << 4)
    note((request.keepAlive ? 1 : 0) | (request.wantsUpgrade ? 2 : 0) | (request.hasBody ? 4 : 0))
    note(request.methodText)
    note(request.path)
    note(request.query)
    note(request.host.map { $0.count } ?? -1)
    if let host = request.host { note(host) }
    note(request.fields)
    note(request.body)
    note(request.fields.has("accept", token: "text/html") ? 1 : 0)
    note(WebSocketAccept.key(of: request).map { $0.count } ?? -1)
  }
}
