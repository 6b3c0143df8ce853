extension FuzzTarget {
  /// Every target, in the order `make fuzz` visits them.
  public static let all: [FuzzTarget] = [
    .config,
    .core,
    .decimal,
    .feed,
    .feedTrades,
    .infoReply,
    .json,
    .api,
    .body,
    .gzip,
    .httpChunked,
    .httpRequest,
    .httpResponse,
    .query,
    .session,
    .storeFile,
    .storeRows,
    .webSocketClient,
    .webSocketServer,
  ]
}
