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
    let warm = wire.frames.count / 8
    feed(harness, wire, 0..<warm)
    // Bytes from a socket have just been copied by the kernel: they lie in the cache. So each block is touched first,
    // outside the measured time.
    var elapsed = 0.0
    var next = warm
    while next < wire.frames.count {
      let block = next..<min(next + 128, wire.frames.count)
      touch(wire, block)
      let began = seconds()
      feed(harness, wire, block)
      elapsed += seconds() - began
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

  private func touch(_ wire: Wired, _ frames: Range<Int>) {
    var at = wire.frames[frames.lowerBound].lowerBound
    var sum: UInt8 = 0
    while at < wire.frames[frames.upperBound - 1].upperBound {
      sum &+= wire.bytes.load(fromByteOffset: at, as: UInt8.self)
      at += 64
    }
    precondition(sum >= 0)
  }

  private func feed(_ harness: CoreHarness, _ wire: Wired, _ frames: Range<Int>) {
    for index in frames {
      harness.advance(ms: 8)
      let frame = wire.frames[index]
      harness.receive(
        UnsafeRawBufferPointer(start: wire.bytes + frame.lowerBound, count: frame.count),
        on: wire.links[wire.coins[index]])
    }
  }
}

/// The number behind `"name":` in a JSON text.
func field(_ name: String, _ json: String) -> Int? {
  guard let at = json.firstRange(of: "\"\(name)\":") else { return nil }
  return Int(json[at.upperBound...].prefix { $0.isNumber })
}
