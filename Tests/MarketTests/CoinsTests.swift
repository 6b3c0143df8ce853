import Base
import Market
import Testing

/// The register of coins: what a client may call a coin.
@Suite("Coins")
struct CoinsTests {
  static func coins(_ names: [String]) -> Coins {
    var coins = Coins()
    for name in names {
      let dex = name.split(separator: ":").count > 1 ? String(name.prefix { $0 != ":" }) : ""
      _ = coins.list(Coin(name: name, dex: dex, szDecimals: 2, maxLeverage: 20, isListed: true))
    }
    return coins
  }

  static func resolved(_ text: String, _ coins: Coins) -> String? {
    coins.resolve(text).map { coins[$0].name }
  }

  @Test("exact capitals first, then any")
  func resolve() {
    let coins = Self.coins(["BTC", "kPEPE", "xyz:TSLA", "@107", "PURR/USDC"])
    for (asked, meant) in [
      ("BTC", "BTC"), ("btc", "BTC"), ("Btc", "BTC"), ("kPEPE", "kPEPE"), ("KPEPE", "kPEPE"),
      ("kpepe", "kPEPE"),
      ("xyz:TSLA", "xyz:TSLA"), ("XYZ:TSLA", "xyz:TSLA"), ("@107", "@107"), ("purr/usdc", "PURR/USDC"),
    ] {
      #expect(Self.resolved(asked, coins) == meant)
    }
    for unknown in ["", " BTC", "BTC ", "BTCX", "TSLA", "xyz:", "@10", "БТС", "BTC\0"] {
      #expect(Self.resolved(unknown, coins) == nil)
    }
  }

  @Test("names that differ only in capitals")
  func capitals() {
    let coins = Self.coins(["kPEPE", "KPEPE"])
    #expect(Self.resolved("kPEPE", coins) == "kPEPE")
    #expect(Self.resolved("KPEPE", coins) == "KPEPE")
    #expect(Self.resolved("kpepe", coins) == "kPEPE")
  }

  @Test("listing again renews, delisting keeps the id")
  func listing() {
    var coins = Self.coins(["BTC", "ETH"])
    #expect(coins.list(Coin(name: "BTC", dex: "", szDecimals: 5, maxLeverage: 40, isListed: true))?.raw == 0)
    #expect(coins.count == 2 && coins[CoinID(raw: 0)].maxLeverage == 40)
    coins.delist(CoinID(raw: 0))
    #expect(!coins[CoinID(raw: 0)].isListed && coins.resolve("btc")?.raw == 0)
    #expect(coins.list(Coin(name: "SOL", dex: "", szDecimals: 2, maxLeverage: 20, isListed: true))?.raw == 2)
  }

  @Test("the hot look-up takes bytes as they are")
  func find() {
    let coins = Self.coins(["BTC", "kPEPE"])
    func find(_ text: String) -> CoinID? {
      Array(text.utf8).withUnsafeBytes { coins.find($0) }
    }
    #expect(find("BTC")?.raw == 0 && find("kPEPE")?.raw == 1)
    #expect(find("btc") == nil && find("") == nil)
  }

  @Test("at the bound a new listing is refused")
  func bound() {
    var coins = Coins()
    for index in 0..<Coins.coinsMax {
      let coin = Coin(name: "C\(index)", dex: "", szDecimals: 0, maxLeverage: 3, isListed: true)
      #expect(coins.list(coin)?.index == index)
    }
    #expect(coins.list(Coin(name: "X", dex: "", szDecimals: 0, maxLeverage: 3, isListed: true)) == nil)
    #expect(coins.list(Coin(name: "C7", dex: "", szDecimals: 1, maxLeverage: 3, isListed: true))?.index == 7)
  }
}
