import Base
import Hyperliquid
import Market
import Testing
import Wire

/// What decoders do at their bounds: no peer decides how much memory a message takes.
@Suite struct FeedBoundTests {
  private static func bytes(_ text: String, _ body: (UnsafeRawBufferPointer) -> Void) {
    let buffer = ByteBuffer(capacity: text.utf8.count + 64)
    buffer.append(utf8: text)
    withExtendedLifetime(buffer) { body(buffer.bytes) }
  }

  private static func failure(_ body: () throws(JSONError) -> Void) -> JSONError.Code? {
    do throws(JSONError) {
      try body()
      return nil
    } catch { return error.code }
  }

  @Test(arguments: [0, 1, 3]) func tradesBeyondTheBoundAreCounted(_ beyond: Int) {
    let user = "0x010461c14e146ac35fe42271bdc1134ee31c703a"
    let rows = (0..<(TradesFeed.tradesMax + beyond)).map {
      #"{"coin":"BTC","side":"B","px":"1.5","sz":"2.0","time":1787375600000,"hash":"0x00","tid":\#($0 + 1),"#
        + #""users":["\#(user)","\#(user)"]}"#
    }
    Self.bytes(#"{"channel":"trades","data":[\#(rows.joined(separator: ","))]}"#) { message in
      for isSlow in [false, true] {
        let feed = TradesFeed()
        let failed = Self.failure { () throws(JSONError) in
          let frame = Frame.classify(message)
          if isSlow {
            try feed.decodeSlowly(frame, coins: Captures.coins)
          } else {
            try feed.decode(frame, coins: Captures.coins)
          }
        }
        #expect(failed == nil && feed.dropped == beyond && feed.trades.count == TradesFeed.tradesMax)
        // Growing kept what was there, in order.
        #expect(feed.trades.enumerated().allSatisfy { $0.element.tid == UInt64($0.offset + 1) })
      }
    }
  }

  @Test func moreContextsThanAnyExchangeListsAreRefused() {
    for beyond in [0, 1] {
      // Rows that are no context are counted as such, and count.
      let rows = [String](repeating: "null", count: DexContexts.contextsMax + beyond).joined(separator: ",")
      Self.bytes(#"{"channel":"allDexsAssetCtxs","data":{"ctxs":[["",[\#(rows)]]]}}"#) { message in
        let failed = Self.failure { () throws(JSONError) in
          var contexts = DexContexts()
          try contexts.decode(Frame.classify(message))
          #expect(contexts.contexts.count == DexContexts.contextsMax)
        }
        #expect(failed == (beyond == 0 ? nil : .tooLarge))
      }
    }
  }

  @Test func moreChildrenThanAVaultMayHaveAreRefused() {
    for beyond in [0, 1] {
      let child = #""0x010461c14e146ac35fe42271bdc1134ee31c703a""#
      let rows = [String](repeating: child, count: VaultDetails.childrenMax + beyond).joined(separator: ",")
      let text =
        #"{"name":"V","vaultAddress":"0x010461c14e146ac35fe42271bdc1134ee31c703a","#
        + #""relationship":{"type":"parent","data":{"childAddresses":[\#(rows)]}}}"#
      Self.bytes(text) { body in
        let failed = Self.failure { () throws(JSONError) in
          #expect(try VaultDetails.decode(body: body).children.count == VaultDetails.childrenMax)
        }
        #expect(failed == (beyond == 0 ? nil : .tooLarge))
      }
    }
  }

  @Test func positionsBeyondTheBoundAreCounted() throws {
    let row =
      #"{"type":"oneWay","position":{"coin":"BTC","szi":"5.0","leverage":{"type":"cross","value":20},"#
      + #""entryPx":"69000.5","positionValue":"350617.5","unrealizedPnl":"5617.5","liquidationPx":null,"#
      + #""marginUsed":"17530.875","maxLeverage":40}}"#
    let rows = [String](repeating: row, count: ClearinghouseState.positionsMax + 2).joined(separator: ",")
    let text =
      #"{"marginSummary":{"accountValue":"1.0","totalNtlPos":"1.0","totalRawUsd":"1.0","totalMarginUsed":"1.0"},"#
      + #""crossMarginSummary":{"accountValue":"1.0","totalNtlPos":"1.0","totalRawUsd":"1.0","#
      + #""totalMarginUsed":"1.0"},"withdrawable":"1.0","time":1790000000000,"assetPositions":[\#(rows)]}"#
    Self.bytes(text) { body in
      let failed = Self.failure { () throws(JSONError) in
        let state = try ClearinghouseState.decode(body: body, coins: Captures.coins)
        #expect(state.positions.count == ClearinghouseState.positionsMax && state.dropped == 2)
      }
      #expect(failed == nil)
    }
  }
}
