import ArgumentParser
import Base
import Core
import Glibc
import Wire

/// Ingest on one core, through the whole of Core: WebSocket bytes → frame → trades → windows and address book.
struct Ingest: ParsableCommand {
  @Argument var file: String
  @ArgumentParser.Option var coins = 500
  @ArgumentParser.Option(
    help: "Stop after this many frames; 0 for all. Two runs of different length tell what a trade allocates.")
  var frames = 0

  func run() throws {
    var wire = try framed()
    if frames > 0 { wire.frames.removeLast(max(0, wire.frames.count - frames)) }
    defer { wire.bytes.deallocate() }
    let harness = CoreHarness(coins: coins, startMs: 1_790_000_000_000)
    wire.links = (0..<coins).map { harness.link(ofCoin: $0) }
    // The first half fills the windows, the book and the process's memory; the second is a service at work.
    let warm = wire.frames.count / 2
    let read = ReadBuffer()
    var elapsed = 0.0
    var next = 0
    while next < wire.frames.count {
      let block = read.fill(wire.bytes, wire.frames, next..<(next < warm ? warm : wire.frames.count))
      let began = seconds()
      feed(harness, wire, block, read)
      if next >= warm { elapsed += seconds() - began }
      next = block.upperBound
    }
    let stats = harness.get("/v1/stats")
    let all = field("total_trades", stats) ?? 0
    let trades = wire.trades[warm..<wire.frames.count].reduce(0, +)
    let bytes = wire.frames[wire.frames.count - 1].upperBound - wire.frames[warm].lowerBound
    let flow = harness.get("/v1/orderflow/BTC")
    let hash = flow.prefix { $0 != "}" }.utf8.reduce(0) { (sum: Int, byte: UInt8) -> Int in
      (sum &* 31 &+ Int(byte)) & 0xff_ffff
    }
    let rate = Int(Double(trades) / elapsed)
    let megabytes = Int(Double(bytes) / elapsed / 1e6)
    let found = field("total_addresses_discovered", stats) ?? 0
    print("trades_per_s=\(rate) mb_per_s=\(megabytes) trades=\(trades) checksum=\(all)-\(found)-\(hash)")
  }

  private struct Wired {
    var bytes: UnsafeMutableRawPointer
    var frames: [Range<Int>]
    var trades: [Int]
    var coins: [Int]
    var links: [LinkID] = []
  }

  /// The file's frames as a server would send them, one after the other in memory.
  private func framed() throws -> Wired {
    guard let input = fopen(file, "r") else { throw ValidationError("cannot read \(file)") }
    defer { fclose(input) }
    let wire = ByteBuffer(capacity: 1 << 20)
    var frames: [Range<Int>] = []
    var trades: [Int] = []
    var names: [String: Int] = [:]
    for index in 0..<coins { names[FrameSource.name(index)] = index }
    var coinOf: [Int] = []
    var line: UnsafeMutablePointer<CChar>?
    var room = 0
    while true {
      let count = getline(&line, &room, input)
      guard count > 0, let line else { break }
      let text = UnsafeRawBufferPointer(start: line, count: count - 1)
      let start = wire.count
      WebSocketEncoder.text(text, mask: nil, into: wire)
      frames.append(start..<wire.count)
      let braces = text.count(where: { (byte: UInt8) -> Bool in byte == UInt8(ascii: "{") })
      trades.append(braces - 1)
      // {"channel":"trades","data":[{"coin":"…"
      let name = String(decoding: text.dropFirst(37).prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
      guard let coin = names[name] else {
        throw ValidationError("\(file) holds a coin beyond --coins: \(name)")
      }
      coinOf.append(coin)
    }
    free(line)
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: wire.count + 64, alignment: 64)
    bytes.copyMemory(from: wire.base, byteCount: wire.count)
    return Wired(bytes: bytes, frames: frames, trades: trades, coins: coinOf)
  }

  private func feed(_ harness: CoreHarness, _ wire: Wired, _ frames: Range<Int>, _ read: ReadBuffer) {
    let start = read.bytes - wire.frames[frames.lowerBound].lowerBound
    for index in frames {
      harness.advance(ms: 8)
      let frame = wire.frames[index]
      harness.receive(
        UnsafeRawBufferPointer(start: start + frame.lowerBound, count: frame.count),
        on: wire.links[wire.coins[index]])
    }
  }
}

/// The buffer the daemon reads its sockets into, of the same size: what comes from the kernel has just been copied there.
/// Frames are put into it outside the measured time.
private struct ReadBuffer {
  static let bytesMax = 64 << 10
  let bytes = UnsafeMutableRawPointer.allocate(byteCount: bytesMax + 64, alignment: 64)

  /// Copies as many frames of `range` as fit, at least one; answers which.
  func fill(_ wire: UnsafeMutableRawPointer, _ frames: [Range<Int>], _ range: Range<Int>) -> Range<Int> {
    let from = frames[range.lowerBound].lowerBound
    var end = range.lowerBound + 1
    while end < range.upperBound, frames[end].upperBound - from <= ReadBuffer.bytesMax { end += 1 }
    let count = frames[end - 1].upperBound - from
    precondition(count <= ReadBuffer.bytesMax)
    bytes.copyMemory(from: wire + from, byteCount: count)
    return range.lowerBound..<end
  }
}

/// The number behind `"name":` in a JSON text.
func field(_ name: String, _ json: String) -> Int? {
  guard let at = json.firstRange(of: "\"\(name)\":") else { return nil }
  return Int(json[at.upperBound...].prefix { $0.isNumber })
}
