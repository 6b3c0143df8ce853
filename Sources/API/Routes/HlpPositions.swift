/// `GET /v1/hlp/positions`: what the HLP vaults hold, vault by vault.
import Engines
import Market
import Wire

extension Route {
  static let hlpPositions = Route(
    .get, "/v1/hlp/positions", name: "hlp-positions", summary: "Positions of the HLP vaults",
    about: """
      Every open position of the followed vaults as of the last complete round of polls: vaults in the configured \
      order, discovered children behind them, each vault's coins in the exchange's order.
      """,
    answers: [
      Answer(
        200, "The positions",
        .object(
          "HLPPositions",
          [
            .init("positions", .list(HLPAnswer.positionSchema, "Vault by vault")),
            .init("count", .integer("Rows")),
          ]),
        example: """
          {"positions":[{"vault_address":"0xdfc24b077bc1425ad1dea75bcb6f8158e10df303","coin":"BTC",\
          "side":"short","size":25.74554,"size_usd":2533232.4083,"entry_px":98327.0,"mark_px":98395.0,\
          "leverage":3.0,"unrealized_pnl":-1750.69672}],"count":1}
          """),
      Words.unavailable("HLP tracker"),
    ], isTagged: true
  ) { call in
    let views = call.views
    guard views.components.hlpTracker else { return call.error(503, "HLP tracker not available") }
    if call.version(views.knowledge.vaults.version) { return }
    var json = call.begin(200)
    json.beginObject()
    json.key("positions")
    json.beginArray()
    for position in views.knowledge.vaults.positions { HLPAnswer.position(position, views.coins, &json) }
    json.endArray()
    json.count("count", views.knowledge.vaults.positions.count)
    json.endObject()
  }
}

/// The parts of the HLP's answers, written and described next to each other.
enum HLPAnswer {
  static let positionSchema = Schema.object(
    "VaultPosition",
    [
      .init("vault_address", .text("The vault, lower case")),
      .init("coin", Words.coin),
      .init("side", Words.side),
      .init("size", .number("Size in coins")),
      .init("size_usd", Words.sizeUsd),
      .init("entry_px", Words.entryPx),
      .init("mark_px", Words.markPx),
      .init("leverage", Words.leverage),
      .init("unrealized_pnl", Words.unrealizedPnl),
    ])

  static func position(_ position: VaultPosition, _ coins: Coins, _ json: inout JSONWriter) {
    json.beginObject()
    json.address("vault_address", position.vault)
    json.pair("coin", coins[position.coin].name)
    json.side(position.isLong)
    json.size("size", Sz(raw: Int64(clamping: position.szi.raw.magnitude)))
    json.usd("size_usd", position.sizeUsd)
    json.price("entry_px", position.entryPx)
    json.price("mark_px", position.markPx)
    json.number("leverage", position.leverage)
    json.usd("unrealized_pnl", position.unrealizedPnl)
    json.endObject()
  }
}
