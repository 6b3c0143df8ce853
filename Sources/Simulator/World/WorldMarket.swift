import Base

/// Marks, oracle prices, funding and the hourly turn.
extension World {
  /// Moves a coin's mark by the time since its last step and liquidates whoever that ruins.
  func stepMark(_ index: Int, timeMs: Int64) {
    let coin = coins[index]
    let elapsed = Double(timeMs - coin.steppedMs) / 1000
    guard elapsed > 0 else { return }
    coin.steppedMs = timeMs
    // Four even draws make a bell with variance 1/3; √3 restores 1. Days of silence count as an hour.
    let bell = (random.unit() + random.unit() + random.unit() + random.unit() - 2) * 1.732_050_807_568_877
    var move = bell * coin.volatility * min(elapsed, 3600).squareRoot()
    let mark = Double(coin.mark)
    // A pull home with a time constant of three days keeps thousand-hour runs in sight of the start.
    move += (Double(coin.anchor) - mark) / mark * min(elapsed, 3600) / 259_200
    if random.chance(options.jumpsPerHour * min(elapsed, 3600) / 3600) {
      let size = 0.02 + 0.10 * random.unit()
      move += random.chance(0.5) ? size : -size
      counters.jumps += 1
    }
    move = min(max(move, -0.5), 0.5)
    // The random fraction keeps moves below a tick from being lost.
    let ticks = (mark * move + random.unit()).rounded(.down)
    setMark(index, to: coin.mark + Int64(ticks), timeMs: timeMs)
  }

  /// Sets a coin's mark, inside a fiftieth … fifty times its anchor, and carries out what follows.
  func setMark(_ index: Int, to wanted: Int64, timeMs: Int64) {
    let coin = coins[index]
    let mark = min(max(wanted, max(20, coin.anchor / 50)), coin.anchor * 50)
    guard mark != coin.mark else { return }
    coin.mark = mark
    fireTriggers(index, timeMs: timeMs)
  }

  /// Funding payments, renewed rates, and the hour's volumes put aside.
  func turnHour(timeMs: Int64) {
    for coin in coins {
      coin.hourMarks.removeFirst()
      coin.hourMarks.append(coin.mark)
      coin.hourNtl.removeFirst()
      coin.hourNtl.append(0)
      coin.hourLots.removeFirst()
      coin.hourLots.append(0)
    }
    for account in accounts where account.kind != .parent { payFunding(account) }
    for index in coins.indices {
      let premium = Int64(random.below(400_001)) - 200_000
      coins[index].funding = coins[index].isDelisted ? 0 : max(-4_000_000, 125_000 + premium / 2)
    }
    for index in traders { review(index, timeMs: timeMs) }
  }

  private func payFunding(_ account: Account) {
    for slot in account.slots.indices where account.slots[slot].szi != 0 {
      let coin = coins[Int(account.slots[slot].coin)]
      let paid = World.scaled(account.slots[slot].szi * coin.mark, by: coin.funding, over: 10_000_000_000)
      guard paid != 0 else { continue }
      if account.slots[slot].isIsolated {
        account.slots[slot].rawUsd -= paid
      } else {
        account.raw[coin.dex] -= paid
      }
      // What longs pay shorts receive, but for the dust of rounding.
      collected += paid
      account.slots[slot].fundingAllTime += paid
      account.slots[slot].fundingSinceOpen += paid
      account.slots[slot].fundingSinceChange += paid
    }
  }

  /// The oracle price at `timeMs`, in ticks: the mark with up to five basis points of noise that changes
  /// every three seconds, as oracle updates do.
  func oracle(_ index: Int, timeMs: Int64) -> Int64 {
    let coin = coins[index]
    let noise = Int64(bitPattern: self.noise(UInt64(index), UInt64(bitPattern: timeMs / 3000)) % 1001) - 500
    return max(1, coin.mark + World.scaled(coin.mark, by: noise, over: 1_000_000))
  }

  /// 64 bits decided by the seed and two numbers, without moving the world's own chance.
  func noise(_ a: UInt64, _ b: UInt64) -> UInt64 {
    var generator = PRNG(seed: noiseSeed ^ (a &* 0x9E37_79B9_7F4A_7C15) ^ (b &* 0xC2B2_AE3D_27D4_EB4F))
    return generator.next()
  }

  /// `value × factor ÷ divisor`, exact in between, rounded towards zero; the result must fit.
  static func scaled(_ value: Int64, by factor: Int64, over divisor: Int64) -> Int64 {
    let product = value.magnitude.multipliedFullWidth(by: factor.magnitude)
    let quotient = divisor.magnitude.dividingFullWidth(product).quotient
    let negative = (value < 0) != (factor < 0)
    return negative ? -Int64(quotient) : Int64(quotient)
  }
}
