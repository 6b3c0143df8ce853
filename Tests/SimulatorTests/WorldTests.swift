/// The world's own book-keeping: what must hold of any market, on several seeds.
import Base
import Market
import Testing

@testable import Simulator

/// Worlds small enough to be looked at as a whole, lively enough to hold every kind of event.
func livelyWorld(seed: UInt64, hours: Int = 10) -> World {
  var options = WorldOptions()
  options.coins = 12
  options.accounts = 80
  options.tradesPerSecond = 0.5
  options.volatility = 2
  options.jumpsPerHour = 0.1
  options.tradesRetentionS = 40 * 86_400
  options.fillsPerAccountMax = 10_000
  let world = World(seed: seed, options: options)
  world.advance(to: WallTime(ms: world.now.ms + Int64(hours) * 3_600_000))
  return world
}

@Suite("World: book-keeping")
struct WorldTests {
  static let seeds: [UInt64] = [1, 2, 3]

  @Test("positions of a coin sum to zero and its gross is what accounts hold", arguments: seeds)
  func positionsSumToZero(seed: UInt64) {
    let world = livelyWorld(seed: seed)
    for index in world.coins.indices {
      let sizes = world.accounts.compactMap { account in account.slot(of: index).map { account.slots[$0].szi }
      }
      #expect(sizes.reduce(0, +) == 0)
      #expect(sizes.reduce(0) { $0 + Int64($1.magnitude) } == world.coins[index].gross)
      #expect(sizes.count { $0 != 0 } == world.coins[index].holders)
    }
  }

  @Test("no micro-dollar appears or disappears", arguments: seeds)
  func moneyIsConserved(seed: UInt64) {
    let world = livelyWorld(seed: seed)
    var paidIn: Int64 = 0
    var worth: Int64 = 0
    for account in world.accounts {
      paidIn += account.deposits
      worth += account.raw.reduce(0, +)
      for slot in account.slots {
        // Positions of a coin sum to zero, so any one price values them; their cost needs none.
        if slot.isIsolated { worth += slot.rawUsd }
        if slot.szi == 0 {
          #expect(slot.cost == 0)
          #expect(slot.rawUsd == 0)
        }
      }
    }
    #expect(worth + world.collected == paidIn)
  }

  @Test("a fill starts where the account's last one in that coin ended", arguments: seeds)
  func fillChainsAreUnbroken(seed: UInt64) {
    let world = livelyWorld(seed: seed)
    var breaks = 0
    for account in world.accounts {
      let isComplete = account.fills.dropped == 0
      var position: [Int32: Int64] = [:]
      var lastTime: Int64 = .min
      for number in account.fills.dropped..<account.fills.end {
        let fill = account.fills[number]
        if fill.timeMs < lastTime { breaks += 1 }
        lastTime = fill.timeMs
        if let known = position[fill.coin] {
          if fill.start != known { breaks += 1 }
        } else if isComplete, fill.start != 0 {
          breaks += 1
        }
        position[fill.coin] = fill.end
      }
      for slot in account.slots {
        #expect((position[slot.coin] ?? (isComplete ? 0 : slot.szi)) == slot.szi)
      }
    }
    #expect(breaks == 0)
  }

  @Test("dir, closedPnl and fee are what start, side, size and price imply", arguments: seeds)
  func fillsAreRight(seed: UInt64) {
    let world = livelyWorld(seed: seed)
    var kinds: Set<FillDir> = []
    var wrong = 0
    for account in world.accounts where account.fills.dropped == 0 {
      var cost: [Int32: Int64] = [:]
      for number in 0..<account.fills.end {
        let fill = account.fills[number]
        kinds.insert(fill.direction)
        let delta = fill.isBuy ? fill.sz : -fill.sz
        if fill.direction.rawValue <= FillDir.shortToLong.rawValue {
          if fill.direction != FillDir.plain(start: fill.start, delta: delta) { wrong += 1 }
          let rate: Int64 = fill.crossed ? 450 : account.makerFee
          if fill.fee != fill.sz * fill.px * rate / 1_000_000 { wrong += 1 }
        } else if fill.fee != 0 {
          wrong += 1
        }
        let isClosing = fill.start != 0 && (fill.start > 0) != (delta > 0)
        let closed = isClosing ? min(fill.start.magnitude, fill.sz.magnitude) : 0
        let before = cost[fill.coin] ?? 0
        let part =
          closed == fill.start.magnitude
          ? before : Int64(Double(before) * Double(closed) / Double(fill.start.magnitude))
        let sign: Int64 = fill.start > 0 ? 1 : -1
        let pnl = closed == 0 ? 0 : sign * Int64(closed) * fill.px - part
        // The double above may be a few micro-dollars off for large costs; the chain continues exactly.
        if abs(pnl - fill.closedPnl) > 1 + abs(before) / 1_000_000_000_000 { wrong += 1 }
        let exactPart = closed == 0 ? 0 : sign * Int64(closed) * fill.px - fill.closedPnl
        let opened = fill.sz - Int64(closed)
        cost[fill.coin] = before - exactPart + (fill.isBuy ? opened : -opened) * fill.px
      }
      for slot in account.slots where slot.szi != 0 { #expect(cost[slot.coin] == slot.cost) }
    }
    #expect(wrong == 0)
    #expect(
      kinds.isSuperset(of: [.openLong, .openShort, .closeLong, .closeShort, .longToShort, .shortToLong]))
  }

  @Test("every trade has its two fills, at the same price, size and time", arguments: seeds)
  func tradesHaveBothSides(seed: UInt64) {
    let world = livelyWorld(seed: seed)
    struct Key: Hashable {
      var coin: Int32
      var tid: Int64
      var timeMs: Int64
    }
    var fills: [Key: [(account: Int, fill: FillRow)]] = [:]
    for account in world.accounts {
      for number in account.fills.dropped..<account.fills.end {
        let fill = account.fills[number]
        fills[Key(coin: fill.coin, tid: fill.tid, timeMs: fill.timeMs), default: []].append(
          (account.index, fill))
      }
    }
    var checked = 0
    var wrong = 0
    let dropped = world.accounts.contains { $0.fills.dropped > 0 }
    for (index, coin) in world.coins.enumerated() {
      for number in coin.trades.dropped..<coin.trades.end {
        let row = coin.trades[number]
        let pair = fills[Key(coin: Int32(index), tid: row.tid, timeMs: row.timeMs)] ?? []
        if pair.count < 2 && dropped { continue }
        if pair.count != 2 || row.buyer == Int(row.seller) { wrong += 1 }
        for (account, fill) in pair {
          let isSame = fill.px == row.px && fill.sz == row.sz && fill.order == row.order
          let isParty = account == (fill.isBuy ? row.buyer : Int(row.seller))
          if !isSame || !isParty || fill.crossed != (fill.isBuy == row.isBuy) { wrong += 1 }
        }
        checked += 1
      }
    }
    #expect(checked > 1000 && wrong == 0)
  }

  @Test("prices and sizes are ones the exchange would accept", arguments: [1, 9])
  func pricesAreValid(seed: UInt64) {
    let world = livelyWorld(seed: seed)
    var wrong = 0
    for coin in world.coins {
      for number in coin.trades.dropped..<coin.trades.end {
        let row = coin.trades[number]
        if row.px <= 0 || row.sz <= 0 || row.tid <= 0 || row.tid >= 1 << 50 { wrong += 1 }
        // A takeover's price is a division's result; the recorded ones have odd prices too.
        let parties = [world.accounts[row.buyer].kind, world.accounts[Int(row.seller)].kind]
        if !parties.contains(.liquidator), row.px % coin.step(at: row.px) != 0 { wrong += 1 }
      }
    }
    #expect(wrong == 0)
  }
}
