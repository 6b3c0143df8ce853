/// The words the API says about itself, and the answers every route shares.
enum APIText {
  static let title = "hynous-data"
  static let about =
    "Hyperliquid market data, kept live: order flow, liquidation heatmaps, large positions, vaults and smart money."

  /// The name of the security scheme.
  static let scheme = "token"
  static let schemeAbout = """
    The daemon's `HYNOUS_API_TOKEN`. Asked for when it is set: for everything but GET, and for GET too when \
    `server.protect_reads` is on, except `/livez` and `/readyz`.
    """

  /// No token where one is needed.
  static let unauthorized = Route.Answer(
    401, "The token is missing or wrong; only when one is set", requestError,
    example: #"{"detail":"Not authenticated"}"#)

  /// The answer to a version that is known.
  static let notModified = "The version in `If-None-Match` still is the latest"

  /// Parameters or fields of the body that could not be taken.
  static let refusal = Route.Answer(
    422, "A parameter or a field of the body is not what it should be; everything wrong is listed",
    refusalSchema,
    example: """
      {"detail":[{"type":"greater_than_equal","loc":["query","top_n"],"msg":"Input should be greater than or \
      equal to 1","input":"0","ctx":{"ge":1}}]}
      """)

  /// What else can go wrong before a route is reached.
  static let otherError = Route.Answer(
    400, "The request could not be understood or is not allowed; `detail` says why", requestError)

  static let requestError = Schema.object(
    "RequestError", [.init("detail", .text("What was wrong"))])

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
              .init(
                "loc",
                .list(
                  .any(
                    "`path` or `query` and the parameter's name; `body` and the field's, or a byte's place"),
                  "Where")),
              .init("msg", .text("What was expected")),
              .init("input", .any("What was sent")),
              .sometimes("ctx", .map(.any("A bound or a text"), "The bound missed, or what was expected")),
            ]), "All errors: parameters in their order, then the body's fields"))
    ])
}
