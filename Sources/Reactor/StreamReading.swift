/// The receiving half of a stream: when libuv reads, and what becomes of bytes and of the peer's end.
import Base
import CLibuv

extension Stream {
  /// Starts or stops libuv's reading as the stream's state, its owner and its write queue want it.
  func updateReading() {
    let wanted: Bool
    switch state {
    case .opening: wanted = tls != nil && connecting == nil
    case .open: wanted = !pausedByOwner && !aboveHighWater && !peerEnded
    case .flushing: wanted = !peerEnded
    case .closed: return
    }
    guard wanted != reading else { return }
    reading = wanted
    guard wanted else {
      uv_read_stop(uvStream)
      return
    }
    let status = uv_read_start(
      uvStream,
      { handle, _, buffer in
        guard let stream = Stream.of(handle?.pointee.data), let buffer else { return }
        stream._withUnsafeGuaranteedRef {
          buffer.pointee.base = $0.loop.readBuffer.assumingMemoryBound(to: CChar.self)
          buffer.pointee.len = $0.options.readBytesMax
        }
      },
      { handle, count, _ in
        guard let stream = Stream.of(handle?.pointee.data) else { return }
        stream._withUnsafeGuaranteedRef {
          $0.loop.wake()
          $0.received(count)
        }
      })
    if status < 0 { return end(status: status) }
    if state == .open { tls?.resumed(on: self) }
  }

  /// Whether the owner is to be given bytes now.
  var wantsBytes: Bool { state == .open && !pausedByOwner && !aboveHighWater }

  /// `count` bytes lie in the loop's read buffer, or it is a libuv status.
  private func received(_ count: Int) {
    if count > 0 {
      loop.counts.bytesReceived &+= count
      let bytes = UnsafeRawBufferPointer(start: loop.readBuffer, count: count)
      if state == .flushing {
        throwAway(count)
      } else if let tls {
        tls.receive(bytes, on: self)
      } else {
        owner?.stream(self, didReceive: bytes)
      }
    } else if count == Int(UV_EOF.rawValue) {
      if let tls, state != .flushing { tls.transportEnded(on: self) } else { peerHasEnded() }
    } else if count < 0 {
      end(status: Int32(truncatingIfNeeded: count))
    }
  }

  /// The peer sends no more; what is owed to it can still be sent.
  func peerHasEnded() {
    guard !peerEnded else { return }
    peerEnded = true
    updateReading()
    switch state {
    case .opening: end(tls == nil ? .eof : .tls("the peer ended the connection during the handshake"))
    case .open: owner?.streamDidEnd(self)
    case .flushing: continueFlush()
    case .closed: break
    }
  }

  /// After `closeAfterFlush` the peer's bytes only keep the connection orderly.
  private func throwAway(_ count: Int) {
    thrownAway += count
    if thrownAway > options.lingerBytesMax { end(closeReason) }
  }
}
