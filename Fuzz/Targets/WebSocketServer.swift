import Wire

extension FuzzTarget {
  /// Bytes of a client → messages: the same in every cut, texts are UTF-8, nothing above the bound.
  public static let webSocketServer = FuzzTarget("websocket-server") { bytes in
    checkFrames(bytes, .server)
  }
}
