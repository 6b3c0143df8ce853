import Base
import Market

/// Answers about vaults.
extension Exchange {
  /// The details of one of the world's vaults, or null.
  func writeVault(_ address: Address, _ text: ReplyText) {
    guard let number = World.vaults.firstIndex(where: { $0.address == address }) else {
      return text.raw("null")
    }
    let vault = World.vaults[number]
    let value = vaultValue(number)
    text.raw("{\"name\":\"")
    text.raw(vault.name)
    text.raw("\",\"vaultAddress\":")
    text.address(vault.address)
    text.raw(",\"leader\":")
    text.address(World.vaultLeader)
    text.raw(",\"description\":\"Provides liquidity by several market making strategies.\",\"portfolio\":")
    writePortfolio(number, value: value, text)
    text.raw(",\"apr\":0.0721,\"followerState\":null,\"leaderFraction\":0.0007,\"leaderCommission\":0.0")
    text.raw(",\"followers\":[")
    if vault.kind == .parent { writeFollowers(value, text) }
    text.raw("],\"maxDistributable\":")
    text.number(value / 2, 6)
    text.raw(",\"maxWithdrawable\":0.0,\"isClosed\":false,\"relationship\":")
    if vault.kind == .parent {
      text.raw("{\"type\":\"parent\",\"data\":{\"childAddresses\":[")
      for (place, child) in World.vaults.dropFirst().enumerated() {
        if place > 0 { text.raw(",") }
        text.address(child.address)
      }
      text.raw("]}}")
    } else {
      text.raw("{\"type\":\"child\"}")
    }
    text.raw(",\"allowDeposits\":")
    text.raw(vault.kind == .parent ? "true" : "false")
    text.raw(",\"alwaysCloseOnWithdraw\":false}")
  }

  /// What a vault is worth in micros; the parent is worth what its children are.
  private func vaultValue(_ number: Int) -> Int64 {
    if World.vaults[number].kind != .parent {
      return world.crossHealth(world.accounts[number], dex: 0).value
    }
    return World.vaults.indices.dropFirst().reduce(0) { $0 &+ vaultValue($1) }
  }

  private func writeFollowers(_ value: Int64, _ text: ReplyText) {
    for place in 0..<min(12, world.traders.count) {
      if place > 0 { text.raw(",") }
      let equity = value / Int64(20 + 7 * place)
      text.raw("{\"user\":")
      if place == 3 {
        text.raw("\"Leader\"")
      } else {
        text.address(world.accounts[world.traders.lowerBound + place].address)
      }
      text.raw(",\"vaultEquity\":")
      text.usd(equity)
      text.raw(",\"pnl\":")
      text.usd(equity / 90)
      text.raw(",\"allTimePnl\":")
      text.usd(equity / 11)
      text.raw(",\"daysFollowing\":")
      text.int(30 + place * 11)
      text.raw(",\"vaultEntryTime\":")
      text.int(world.options.start.ms - Int64(30 + place * 11) * 86_400_000)
      text.raw(",\"lockupUntil\":")
      text.int(world.options.start.ms - Int64(26 + place * 11) * 86_400_000)
      text.raw("}")
    }
  }

  /// The eight periods, each with a short history that ends in the present value.
  private func writePortfolio(_ number: Int, value: Int64, _ text: ReplyText) {
    let periods: [(StaticString, Int64)] = [
      ("day", 3_600_000), ("week", 86_400_000), ("month", 3 * 86_400_000), ("allTime", 30 * 86_400_000),
      ("perpDay", 3_600_000), ("perpWeek", 86_400_000), ("perpMonth", 3 * 86_400_000),
      ("perpAllTime", 30 * 86_400_000),
    ]
    text.raw("[")
    for (place, period) in periods.enumerated() {
      if place > 0 { text.raw(",") }
      text.raw("[\"")
      text.raw(period.0)
      text.raw("\",{\"accountValueHistory\":[")
      writeHistory(number, value, stepMs: period.1, relative: false, text)
      text.raw("],\"pnlHistory\":[")
      writeHistory(number, value, stepMs: period.1, relative: true, text)
      text.raw("],\"vlm\":")
      text.usd(value / 3)
      text.raw("}]")
    }
    text.raw("]")
  }

  private func writeHistory(_ number: Int, _ value: Int64, stepMs: Int64, relative: Bool, _ text: ReplyText) {
    for point in 0..<8 {
      let timeMs = world.now.ms / stepMs * stepMs - Int64(7 - point) * stepMs
      let swing = Int64(world.noise(UInt64(700 + number), UInt64(bitPattern: timeMs)) % 2_001) - 1_000
      let offset = World.scaled(value, by: swing, over: 100_000)
      if point > 0 { text.raw(",") }
      text.raw("[")
      text.int(timeMs)
      text.raw(",")
      text.usd(relative ? (point == 0 ? 0 : offset) : value + offset)
      text.raw("]")
    }
  }
}
