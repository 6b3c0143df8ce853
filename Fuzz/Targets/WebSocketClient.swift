import Wire

extension FuzzTarget {
  /// Bytes of a server → messages: the same in every cut, texts are UTF-8, nothing above the bound.
  public static let webSocketClient = FuzzTarget("websocket-client") { bytes in
    checkFrames(bytes, .client)
  }
}
