import Base
import Foundation
import Hyperliquid
import Market
import Testing
import Wire

/// What the daemon does with one recorded payload.
enum SampleUse: Sendable {
  /// Decoded; the check throws or records an issue when the result is wrong.
  case decoded(@Sendable (String, ByteBuffer) throws -> Void)
  /// Not read by the daemon, and why.
  case unread(String)
}

/// Every recorded payload is decoded or listed with a reason not to be.
@Suite(.enabled(if: Samples.folder != nil, "no recorded payloads on this machine"))
struct SamplesTests {
  static let uses: [(pattern: String, use: SampleUse)] = [
    ("rest_allMids_", .decoded(SampleChecks.mids)),
    ("rest_allPerpMetas_", .decoded(SampleChecks.allMetas)),
    ("rest_clearinghouseState_", .decoded(SampleChecks.clearinghouse)),
    ("rest_l2Book_", .decoded(SampleChecks.book)),
    ("rest_metaAndAssetCtxs_", .decoded(SampleChecks.metaAndContexts)),
    ("rest_meta_", .decoded(SampleChecks.meta)),
    ("rest_perpDexs_", .decoded(SampleChecks.dexes)),
    ("rest_userFillsByTime_", .decoded(SampleChecks.fills)),
    ("rest_userFills_", .decoded(SampleChecks.fills)),
    ("ws_activeAssetCtx_", .decoded(SampleChecks.activeContext)),
    ("ws_allDexsAssetCtxs_", .decoded(SampleChecks.allContexts)),
    ("ws_allMids_", .decoded(SampleChecks.mids)),
    ("ws_error_", .decoded(SampleChecks.error)),
    ("ws_l2Book_", .decoded(SampleChecks.book)),
    ("ws_pong", .decoded(SampleChecks.pong)),
    ("ws_subscriptionResponse_", .decoded(SampleChecks.ack)),
    ("ws_trades_", .decoded(SampleChecks.trades)),
    ("ws_userFills_", .decoded(SampleChecks.userFills)),

    ("node_", .unread("files of a node, a later source")),
    ("rest_candleSnapshot_", .unread("no candles are kept")),
    ("rest_exchangeStatus", .unread("the clock comes from the trades")),
    ("rest_exchange_err_", .unread("orders are never sent")),
    ("rest_extraAgents", .unread("agents are not resolved")),
    ("rest_frontendOpenOrders_", .unread("orders are not followed")),
    ("rest_fundingHistory_", .unread("funding is sampled from contexts")),
    ("rest_historicalOrders_", .unread("orders are not followed")),
    ("rest_ledger_delta_", .unread("the ledger is not read")),
    ("rest_openOrders_", .unread("orders are not followed")),
    ("rest_perpDexLimits_", .unread("limits of dexes are not shown")),
    ("rest_portfolio_", .unread("portfolios are not shown")),
    ("rest_predictedFundings_", .unread("other venues are not shown")),
    ("rest_spot", .unread("spot is not followed")),
    ("rest_subAccounts_", .unread("sub-accounts are accounts of their own")),
    ("rest_tokenDetails_", .unread("spot is not followed")),
    ("rest_userFunding_", .unread("payments are not followed")),
    ("rest_userNonFundingLedgerUpdates_", .unread("the ledger is not read")),
    ("rest_userRateLimit_", .unread("orders are never sent")),
    ("rest_userRole_", .unread("roles are not shown")),
    ("rest_userTwapSliceFills_", .unread("TWAPs are not followed")),
    ("rest_userVaultEquities", .unread("depositors are not followed")),
    ("ws_bbo_", .unread("books come from l2Book")),
    ("ws_candle_", .unread("no candles are kept")),
    ("ws_notification", .unread("a channel for traders")),
    ("ws_orderUpdates_", .unread("orders are not followed")),
    ("ws_post_", .unread("info requests go over REST")),
    ("ws_userFundings_", .unread("payments are not followed")),
    ("ws_user_fill", .unread("channel `user` names no account: userFills is used")),
    ("ws_user_funding", .unread("payments are not followed")),
  ]

  static func use(of name: String) -> SampleUse? {
    uses.first { name.hasPrefix($0.pattern) }?.use
  }

  @Test func everyPayloadIsDecodedOrExcused() throws {
    var decoded = 0
    for name in try Samples.names() {
      switch SamplesTests.use(of: name) {
      case .decoded(let check):
        try check(name, try Samples.load(name))
        decoded += 1
      case .unread: break
      case nil: Issue.record("\(name): neither decoded nor listed with a reason not to be")
      }
    }
    #expect(decoded >= 30)
  }

  @Test func everyListedPatternHasAPayload() throws {
    let names = try Samples.names()
    for (pattern, _) in SamplesTests.uses {
      #expect(names.contains { $0.hasPrefix(pattern) }, "\(pattern)")
    }
  }

  /// Channels the daemon does not read are well-formed envelopes: unknown, never malformed.
  @Test func unreadChannelsAreUnknown() throws {
    for name in try Samples.names() where name.hasPrefix("ws_") && !name.contains("data_only") {
      guard case .unread = SamplesTests.use(of: name) else { continue }
      let bytes = try Samples.load(name)
      #expect(Frame.classify(bytes.bytes).channel == .unknown, "\(name)")
    }
  }

  /// The reader agrees with Foundation that every payload is JSON, whoever decodes it.
  @Test func everyPayloadIsValidForTheReader() throws {
    for name in try Samples.names() {
      let bytes = try Samples.load(name)
      var reader = JSONReader(bytes.bytes)
      try reader.skipValue()
      try reader.finish()
    }
  }
}
