import Base
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
    withExtendedLifetime(input) {}
  }

  private static func attempt(_ body: () throws(JSONError) -> Void) {
    do throws(JSONError) { try body() } catch {}
  }
}
