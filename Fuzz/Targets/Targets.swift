extension FuzzTarget {
  /// Every target, in the order `make fuzz` visits them.
  public static let all: [FuzzTarget] = [
    .api,
    .httpChunked,
    .httpRequest,
    .httpResponse,
    .query,
    .webSocketClient,
    .webSocketServer,
  ]
}
