/// Who is told what happens on a stream, and the settings a stream is made with.
public import Base

/// The receiver of a stream's events. The stream holds its owner strongly until the close report.
///
/// Every callback may call anything on the stream, close it included. After `streamDidClose` nothing follows;
/// after `closeAfterFlush` or `abort` only `streamDidClose` follows, exactly once, later (never inside the call).
public protocol StreamOwner: AnyObject {
  /// Connected (and the TLS handshake is done): `write` may be called from now on.
  func streamDidOpen(_ stream: Stream)
  /// Bytes came. They lie in the loop's shared buffer, valid during the call only, with
  /// `Loop.slackBytes` readable bytes behind them. At most `Loop.readBytesMax`, never empty.
  func stream(_ stream: Stream, didReceive bytes: UnsafeRawBufferPointer)
  /// The write queue, once above the high-water mark, has fallen to the low-water mark.
  func streamDidDrain(_ stream: Stream)
  /// The peer sends no more (FIN, or close_notify), but may still read. Call `closeAfterFlush` when what is
  /// owed is written. The default does so at once.
  func streamDidEnd(_ stream: Stream)
  /// The stream is gone.
  func stream(_ stream: Stream, didClose reason: CloseReason)
}

extension StreamOwner {
  /// Nothing to do: the queue's bound is enough for this owner.
  public func streamDidDrain(_ stream: Stream) {}
  /// Nothing is owed any more.
  public func streamDidEnd(_ stream: Stream) { stream.closeAfterFlush() }
}

/// A stream's bounds and socket options.
public struct StreamOptions: Hashable, Sendable {
  /// Above this many unsent bytes reading from the stream pauses by itself.
  public var highWaterBytes = 256 * 1024
  /// At or below it reading resumes and the owner is told.
  public var lowWaterBytes = 64 * 1024
  /// The most unsent bytes; a write beyond it closes the stream with `.writeQueueFull`.
  public var writeQueueMax = 8 * 1024 * 1024
  /// The most bytes taken from the system, and handed to the owner, at once; at most `Loop.readBytesMax`.
  public var readBytesMax = Loop.readBytesMax
  /// How long an outgoing stream may take to open: lookup, every address, TLS handshake together; an accepted
  /// TLS stream, for its handshake.
  public var connectDeadline = TimeSpan.seconds(10)
  /// After `closeAfterFlush`: how long the peer may take nothing of what waits, or withhold its own end.
  public var closeDeadline = TimeSpan.seconds(5)
  /// Bytes a peer may still send after `closeAfterFlush` before the connection is cut.
  public var lingerBytesMax = 1024 * 1024
  /// Seconds of silence before the system probes the peer; 0 is off. For exchange connections.
  public var keepAliveS = 0

  /// The defaults above.
  public init() {}
}
