/// Schemas of values that many answers carry, said once.
enum Words {
  static let coin = Schema.text("The coin, by the exchange's spelling")
  static let askedCoin = Schema.text(
    "The exchange's spelling; of an unlisted coin, what was asked for in capitals")
  static let address = Schema.text("The account, lower case")
  static let side = Schema.choice(["long", "short"], "The direction")
  static let sizeUsd = Schema.number("Size at the mark price, USD")
  static let unrealizedPnl = Schema.number("Profit not yet realised, USD")
  static let leverage = Schema.number("Leverage set")
  static let entryPx = Schema.number("Average entry price")
  static let markPx = Schema.number("Mark price when it was polled")
  static let winRate = Schema.nullable(.number("Winning trades' share, 0 to 1; null until profiled"))
  static let style = Schema.nullable(
    .choice(["bot", "scalper", "mixed", "swing"], "How it trades; null until profiled"))
  static let tradeCount = Schema.nullable(.integer("Closed trades in the profile's window"))
  static let profitFactor = Schema.nullable(
    .number("Profits over losses; 999 without a loss, 0 without either; null until profiled"))
  static let avgHoldHours = Schema.nullable(.number("Mean hours from entry to exit; null until profiled"))
  static let label = Schema.text("What the watcher calls it; may be empty")
  static let notes = Schema.text("The watcher's notes; may be empty")
  static let tags = Schema.text("The watcher's tags, comma separated; may be empty")
  static let alertType = Schema.choice(AlertWords.types, "What it reacts to")
  static let minSizeUsd = Schema.number("Smaller changes are ignored, USD")
  static let alertCoins = Schema.text("Comma separated coins it is limited to; empty means all")
  static let changeAction = Schema.choice(
    ["entry", "exit", "flip", "increase"], "Opened, closed, changed side, or grew by more than 20 %")
  static let ok = Schema.choice(["ok"], "Always `ok`")

  /// `{"error": …}`.
  static let error = Schema.object("Error", [.init("error", .text("What is wrong"))])

  /// A body that asks for something impossible, or (in `detail`) one that cannot be read.
  static let refused = Schema.object(
    "Refused",
    [
      .sometimes("error", .text("What is wrong with what was asked for")),
      .sometimes("detail", .text("What is wrong with the request")),
    ])

  /// The answer of a route whose component is switched off.
  static func unavailable(_ example: String) -> Route.Answer {
    Route.Answer(
      503, "The component is switched off", error, example: "{\"error\":\"\(example) not available\"}")
  }

  /// The answer of a write that could not be put on disk.
  static let unwritable = Route.Answer(
    503, "It was not stored: the database does not take writes now", error,
    example: "{\"error\":\"Database not available\"}")
}

/// The kinds of alerts and how a wrong one is refused.
enum AlertWords {
  static let types = ["any_trade", "entry_only", "exit_only", "size_above", "coin_specific"]
  static let refusal: StaticString =
    "Invalid alert_type. Use: any_trade, entry_only, exit_only, size_above, coin_specific"
}
