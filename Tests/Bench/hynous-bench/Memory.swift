import ArgumentParser
import Base
import Wire

/// What an hour of the whole market adds to the daemon's memory: the same bytes through the same Core.
struct Memory: ParsableCommand {
  @Option var coins = 500
  @Option var tradesPerSecond = 500
  @Option var addresses = 100_000
  @Option var hours = 1.05

  func run() throws {
    let harness = CoreHarness(coins: coins, startMs: 1_790_000_000_000)
    var source = FrameSource(coins: coins, addresses: addresses, seed: 1)
    let text = ByteBuffer(capacity: 64 << 10)
    let wire = ByteBuffer(capacity: 64 << 10)
    let before = residentMiB()
    var sent = 0
    let wanted = Int(Double(tradesPerSecond) * hours * 3600)
    while sent < wanted {
      // As many trades as the rate wants by now.
      text.removeAll()
      wire.removeAll()
      let (coin, count) = source.append(timeMs: harness.now.wall.ms, to: text)
      WebSocketEncoder.text(text.bytes, mask: nil, into: wire)
      harness.receive(wire.bytes, on: harness.link(ofCoin: coin))
      sent += count
      let dueMs = Int64(Double(sent) * 1000 / Double(tradesPerSecond))
      let elapsedMs = harness.now.wall.ms - 1_790_000_000_000
      if dueMs > elapsedMs { harness.advance(ms: dueMs - elapsedMs) }
    }
    let after = residentMiB()
    let stats = harness.get("/v1/stats")
    let held = field("total_trades", harness.get("/v1/orderflow/BTC")) ?? 0
    print(
      "growth_mib=\(after - before) process_mib=\(after) trades=\(sent)"
        + " addresses=\(field("total_addresses_discovered", stats) ?? 0)"
        + " checksum=\(sent)-\(held)")
  }
}
