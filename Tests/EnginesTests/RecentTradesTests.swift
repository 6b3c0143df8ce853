import Base
import Engines
import Market
import Testing

@Suite("Recent trades") struct RecentTradesTests {
  private func trades(_ count: Int, _ mark: Int) -> [ClosedTrade] {
    (0..<count).map { index in
      ClosedTrade(
        coin: CoinID(raw: UInt32(mark)), isLong: true, isWin: true, entryPx: 1, exitPx: 2, sizeUsd: 3,
        pnlUsd: 4, pnlPct: 5, holdHours: 6, entryTime: WallTime(ms: 0),
        exitTime: WallTime(ms: Int64(count - index)))
    }
  }

  @Test("As a list in the order of use, bounded", arguments: 0..<8)
  func differential(seed: UInt64) {
    var random = PRNG(seed: seed)
    let recent = RecentTrades(walletsMax: 9)
    var list: [(Address, [ClosedTrade])] = []
    for step in 0..<1_500 {
      let wallet = Address(a: UInt64(random.below(25)), b: 0, c: 0)
      let known = list.firstIndex { $0.0 == wallet }
      switch random.below(6) {
      case 0:
        #expect(recent.remove(wallet) == (known != nil))
        if let known { list.remove(at: known) }
      case 1, 2:
        #expect(recent.of(wallet) == known.map { list[$0].1 })
        if let known { list.append(list.remove(at: known)) }
      default:
        let rows = trades(random.below(4), step)
        recent.set(rows, of: wallet)
        if let known { list.remove(at: known) } else if list.count == 9 { list.removeFirst() }
        list.append((wallet, rows))
      }
      #expect(recent.count == list.count)
    }
    #expect(recent.evicted > 0)
  }

  @Test("Only what one answer can hold is kept, the newest")
  func rows() {
    let recent = RecentTrades(walletsMax: 1)
    let wallet = Address(a: 1, b: 2, c: 3)
    recent.set(trades(300, 0), of: wallet)
    #expect(recent.of(wallet)?.count == RecentTrades.rowsMax)
    #expect(recent.of(wallet)?.first?.exitTime == WallTime(ms: 300))
    recent.set([], of: wallet)
    #expect(recent.of(wallet) == [])
  }
}
