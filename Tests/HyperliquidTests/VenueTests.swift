import Base
import Hyperliquid
import Testing

@Suite("Venue")
struct VenueTests {
  @Test func ourUseStaysInsideWhatTheExchangeAllows() {
    let limits = SessionLimits()
    #expect(limits.connectionsMax < Venue.connectionsMax)
    #expect(limits.connectsPerMinMax <= Venue.connectsPerMinMax)
    #expect(limits.messagesPerMinMax <= Venue.messagesPerMinMax)
    #expect(limits.subscriptionsMax <= Venue.subscriptionsMax)
    #expect(limits.usersMax <= Venue.usersMax)
    #expect(Venue.pingInterval + Venue.pongDeadline < Venue.serverIdleMax)
    #expect(WeightBudget.holdAfterReply >= Venue.weightWindow)
    #expect(Universe.weightPerMinMax <= WeightBudget(inFlightMax: 8, seed: 1).limit * 15 / 100)
  }

  @Test func weightsAreTheTables() {
    #expect(InfoType.userFillsByTime.weight + InfoType.userFillsByTime.itemWeightMax == 120)
    #expect(InfoType.clearinghouseState.weight == 2 && InfoType.clearinghouseState.itemWeightMax == 0)
    #expect(
      InfoType.meta.weight == 20 && InfoType.perpDexs.weight == 20 && InfoType.vaultDetails.weight == 20)
    #expect(InfoType.allMids.weight == 2)
  }
}
