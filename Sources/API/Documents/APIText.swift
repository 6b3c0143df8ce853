/// The words the API says about itself, and the answers every route shares.
enum APIText {
  static let title = "hynous-data"
  static let about =
    "Hyperliquid market data: order flow of every perp, kept live from the public trade stream."

  /// Parameters that could not be taken.
  static let refusal = Route.Answer(
    422, "A parameter has a value that is not allowed; every such parameter is listed", refusalSchema,
    example: """
      {"detail":[{"type":"greater_than_equal","loc":["query","top_n"],"msg":"Input should be greater than or \
      equal to 1","input":"0","ctx":{"ge":1}}]}
      """)

  /// What else can go wrong before a route is reached.
  static let otherError = Route.Answer(
    400, "The request could not be understood or is not allowed; `detail` says why",
    .object("RequestError", [.init("detail", .text("What was wrong"))]))

  private static let refusalSchema = Schema.object(
    "ValidationErrors",
    [
      .init(
        "detail",
        .list(
          .object(
            "ValidationError",
            [
              .init("type", .text("The kind of error")),
              .init("loc", .list(.any("`path` or `query`, then the parameter's name"), "Where")),
              .init("msg", .text("What was expected")),
              .init("input", .any("What was sent")),
              .sometimes("ctx", .map(.any("A bound"), "The bound that was missed")),
            ]), "All errors, in the order of the parameters"))
    ])
}
