/// The sending half of a stream: try the system first, queue the rest, pause reading above the high-water mark,
/// and the orderly end (`closeAfterFlush`).
import Base
import CLibuv

extension Stream {
  /// Sends raw bytes (TLS records or plain) after those that wait.
  func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard state != .closed else { return false }
    var rest = bytes
    if inFlight == nil, let start = rest.baseAddress, !rest.isEmpty {
      var buffer = uv_buf_t(
        base: UnsafeMutableRawPointer(mutating: start).assumingMemoryBound(to: CChar.self), len: rest.count)
      let taken = uv_try_write(uvStream, &buffer, 1)
      if taken >= 0 {
        loop.counts.bytesSent &+= Int(taken)
        rest = UnsafeRawBufferPointer(rebasing: rest[Int(taken)...])
      } else if taken != UV_EAGAIN.rawValue {
        end(status: taken)
        return false
      }
    }
    return rest.isEmpty || enqueue(rest)
  }

  /// Keeps what the system did not take.
  private func enqueue(_ rest: UnsafeRawBufferPointer) -> Bool {
    let waiting = queuedBytes
    guard waiting + rest.count <= options.writeQueueMax else {
      loop.counts.writeQueueOverflows += 1
      end(.writeQueueFull)
      return false
    }
    if queued == nil { queued = loop.takeBuffer(for: rest.count) }
    queued?.append(rest)
    if inFlight == nil { startWrite() }
    listener?.unsent.grew(self)
    if !aboveHighWater && waiting + rest.count > options.highWaterBytes {
      aboveHighWater = true
      loop.counts.readPauses += 1
      updateReading()
    }
    return state != .closed
  }

  /// Hands the queue to libuv.
  private func startWrite() {
    guard let buffer = queued else { return }
    queued = nil
    inFlight = buffer
    loop.counts.bytesSent &+= buffer.count
    var piece = uv_buf_t(base: buffer.base.assumingMemoryBound(to: CChar.self), len: buffer.count)
    let request = UnsafeMutableRawPointer(handles)
      .advanced(by: MemoryLayout<Handles>.offset(of: \.write) ?? 0).assumingMemoryBound(to: uv_write_t.self)
    let status = uv_write(request, uvStream, &piece, 1) { request, status in
      guard let stream = Stream.of(request?.pointee.handle.pointee.data) else { return }
      stream._withUnsafeGuaranteedRef {
        $0.loop.wake()
        $0.wrote(status)
      }
    }
    if status < 0 {
      loop.giveBack(buffer)
      inFlight = nil
      end(status: status)
    }
  }

  /// libuv has sent what it was given, or failed.
  private func wrote(_ status: Int32) {
    if let buffer = inFlight { loop.giveBack(buffer) }
    inFlight = nil
    guard state != .closed else { return }
    guard status >= 0 else { return end(status: status) }
    if queued != nil { startWrite() }
    listener?.unsent.progressed(self)
    guard state != .closed else { return }
    if aboveHighWater && queuedBytes <= options.lowWaterBytes {
      aboveHighWater = false
      if state == .open { owner?.streamDidDrain(self) }
      updateReading()
    }
    if state == .flushing {
      startCloseDeadline()
      continueFlush()
    }
  }

  /// The next step of an orderly end: all sent → our FIN → the peer's end → closed.
  func continueFlush() {
    guard state == .flushing, inFlight == nil else { return }
    if peerEnded { return end(closeReason) }
    guard !sentEnd else { return }
    sentEnd = true
    // The queue is empty, so the FIN can go out directly; libuv's shutdown request would only wait for it.
    var descriptor: Int32 = -1
    if self.descriptor(&descriptor) { endSending(descriptor) }
  }

  /// (Re)starts the time a peer has to take what waits, or to end its side.
  func startCloseDeadline() {
    if deadline == nil {
      let this = Unmanaged.passUnretained(self)
      deadline = Timer(loop) { _ in
        this._withUnsafeGuaranteedRef { stream in
          // Everything sent and the peer merely keeps its side open: that is an end in order.
          stream.end(stream.inFlight == nil ? stream.closeReason : .flushTimeout)
        }
      }
    }
    deadline?.arm(at: loop.now.instant + options.closeDeadline)
  }
}
