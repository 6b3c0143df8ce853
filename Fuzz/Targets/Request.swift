import Base
import Engines
import Hyperliquid
import Market
import Wire

extension FuzzTarget {
  /// Any bytes as the body of every info reply.
  public static let infoReply = FuzzTarget("info-reply") { bytes in
    let input = ByteBuffer(capacity: bytes.count)
    input.append(bytes)
    let body = input.bytes
    let coins = fuzzCoins
    attempt { () throws(JSONError) in _ = try Meta.decode(body: body) }
    attempt { () throws(JSONError) in _ = try Meta.decodeAll(body: body) }
    attempt { () throws(JSONError) in
      let pair = try MetaAndContexts.decode(body: body)
      precondition(pair.contexts.count == pair.meta.universe.count)
    }
    attempt { () throws(JSONError) in _ = try PerpDex.decode(body: body) }
    attempt { () throws(JSONError) in _ = try ClearinghouseState.decode(body: body, coins: coins) }
    attempt { () throws(JSONError) in _ = try VaultDetails.decode(body: body) }
    attempt { () throws(JSONError) in
      var mids = Mids()
      try mids.decode(body: body, coins: coins)
    }
    attempt { () throws(JSONError) in
      var book = Book()
      try book.decode(body: body, coins: coins)
    }
    attempt { () throws(JSONError) in
      var fills = Fills()
      try fills.decode(body: body, coins: coins)
    }
    fillsBothWays(body, coins)
    withExtendedLifetime(input) {}
  }

  /// Fills by words and by the reader are the same, and what comes of them is finite.
  private static func fillsBothWays(_ body: UnsafeRawBufferPointer, _ coins: Coins) {
    var (fast, slow) = (Fills(), Fills())
    var (fastError, slowError): (JSONError?, JSONError?)
    do throws(JSONError) { try fast.decode(body: body, coins: coins) } catch { fastError = error }
    do throws(JSONError) { try slow.decodeSlowly(body: body, coins: coins) } catch { slowError = error }
    precondition(fastError == slowError && fast.fills == slow.fills && fast.invalid == slow.invalid)
    let outcome = ProfileJob(
      account: AddressID(raw: 0), address: Address(a: 0, b: 0, c: 0),
      fills: fast.fills.compactMap { ProfileFill($0) }, windowDays: 7, completeFrom: nil, equity: nil,
      options: ProfileOptions(minTrades: 1), now: WallTime(ms: 0)
    ).run()
    for trade in outcome.trades {
      precondition(trade.entryPx.isFinite && trade.exitPx.isFinite && abs(trade.pnlPct) <= 10)
    }
    precondition(outcome.profile.map { $0.profitFactor.isFinite && $0.maxDrawdown >= 0 } ?? true)
  }

  private static func attempt(_ body: () throws(JSONError) -> Void) {
    do throws(JSONError) { try body() } catch {}
  }
}
