import COpenSSL

final class TLSSession {
  func write(_ bytes: UnsafeRawBufferPointer, on stream: Stream) -> Bool { false }
  func sendCloseNotify(on stream: Stream) {}
  func startHandshake(on stream: Stream) {}
  func receive(_ bytes: UnsafeRawBufferPointer, on stream: Stream) {}
  func transportEnded(on stream: Stream) {}
  func close(saving reason: CloseReason) {}
}
public final class TLSClient {
  func prepare(on loop: Loop, endpoint: Endpoint, for stream: Stream) {}
}
public struct TLSServer: Sendable {
  func session() -> TLSSession? { nil }
}
