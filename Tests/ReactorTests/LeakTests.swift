/// Every fault test once more, in a process where nothing else opens files: afterwards as many descriptors are
/// open as before.
import Testing

@testable import Reactor

extension ReactorTests {
  @Suite struct LeakTests {
    @Test func streamsLeaveNoDescriptors() async {
      await #expect(processExitsWith: .success) {
        LeakTests.startCounting()
        let faults = StreamFaultTests()
        faults.anUnknownNameSaysSo()
        try faults.closingWhileOpeningIsReportedOnce()
        faults.aRefusedConnectionSaysSo()
        faults.aPeerThatNeverAcceptsTimesOut()
        try faults.aSilentPeerIsItsOwnersBusiness()
        try faults.aResetIsAReset()
        try faults.aSlowReaderPausesReadingAndIsResumedWhenItDrains()
        try faults.aReaderThatNeverReadsIsCutAtTheBound()
        try faults.aPeerThatNeverTakesTheLastBytesIsGivenUp()
        try faults.aPeerThatNeverEndsItsSideDoesNotHoldUsUp()
        for callback in ["open", "receive", "drain", "end"] {
          try faults.theOwnerMayCloseInsideAnyCallback(callback, true)
          try faults.theOwnerMayCloseInsideAnyCallback(callback, false)
        }
        let streams = StreamTests()
        try streams.theNextAddressIsTriedWhenOneRefuses()
        try streams.thePeerMayHalfCloseAndStillGetsItsAnswer()
        try streams.theLastAnswerSurvivesUnreadInput()
        let loops = LoopTests()
        loops.signalsArriveOnTheLoop()
        try loops.closingTheLoopClosesWhatWasForgotten()
      }
    }

    @Test func tlsLeavesNoDescriptors() async {
      await #expect(processExitsWith: .success) {
        LeakTests.startCounting()
        let tests = TLSTests()
        try tests.theRightCertificateOpens()
        try tests.aWrongNameIsRefused()
        try tests.anExpiredCertificateIsRefused()
        try tests.anUnknownCAIsRefused()
        try tests.tls11IsRefused()
        tests.aMissingCAFileIsATypedFailure()
        try tests.aPlainServerIsRefused()
        try tests.aServerSilentInTheHandshakeTimesOut()
        try tests.aClientSilentInTheHandshakeTimesOut()
        try tests.aConnectionCutWithoutCloseNotifyIsTruncated()
        try tests.anOrderlyEndIsAnEnd()
        try tests.theOwnerMayCloseInsideAnyCallback("receive", true)
      }
    }

    @Test func transfersLeaveNoDescriptors() async {
      await #expect(processExitsWith: .success) {
        LeakTests.startCounting()
        let tests = TransferTests()
        try tests.anUnknownNameSaysSo()
        try tests.aPostIsAnswered()
        try tests.connectionsAreReused()
        try tests.aHundredAtOnceShareFewConnections()
        try tests.aRefusedConnectionSaysSo()
        try tests.aSilentServerTimesOut()
        try tests.aServerThatNeverAcceptsIsAConnectTimeout()
        try tests.aBodyBeyondTheBoundIsCut()
        try tests.whatIsNotHTTPIsGarbage()
        try tests.aCutReplyIsAReset()
        try tests.aCancelledTransferIsNotReported()
        try tests.theBoundRefusesAndClosingInsideAnOutcomeIsSafe()
        try tests.httpsWorksWithTheExtraCA()
        try tests.badCertificatesAreRefused("wrongname")
      }
    }

    @Test func listenersAndPoolsLeaveNoDescriptors() async {
      await #expect(processExitsWith: .success) {
        LeakTests.startCounting()
        let listeners = ListenerTests()
        try listeners.aPortInUseIsNamed()
        try listeners.anOwnerMayRefuse()
        try listeners.aThousandConnectionsAgainstALowerLimit()
        try listeners.aThousandConnectionsAllServed()
        let pools = PoolTests()
        pools.resultsComeBackOnTheLoop()
        pools.closingFinishesOrDropsWhatWaits(true)
        pools.closingFinishesOrDropsWhatWaits(false)
      }
    }

    /// What a process opens once and keeps (libuv's signal pipe, OpenSSL's random device) is opened first.
    static func startCounting() {
      let rig = Rig()
      let client = Recorder()
      client.onClose = { _, _ in rig.stop() }
      let nowhere = Endpoint(host: "localhost", port: freePort())
      _ = Stream.connect(rig.loop, to: nowhere, tls: TLSClient(), owner: client)
      rig.run()
      rig.finish()
      countsFiles = true
    }
  }
}
