/// One client's connection as a value without a socket: bytes in, answers out, and a deadline.
///
/// Requests are answered in the order they came; answers are appended to the caller's buffer. A request that
/// lies whole in the bytes received is parsed where it lies. One whose handler waits is copied and run again when
/// `wake` or `expire` says so; those behind it wait. Between requests a session holds no buffer and
/// no parser: the parser is lent by the router and kept only while a request is incomplete, so an idle
/// connection costs this object alone (about 80 bytes).
/// Bounds: those of `HTTPLimits` on what a client may send; `responseBurstMax` on what is answered before the
/// transport must have drained; `headTimeout`, `bodyTimeout`, `idleTimeout`, `drainTimeout` on how long it
/// may take.
/// `Router.heldBytesMax` bounds what all connections hold of unfinished requests together.
/// Policy on each: the connection is closed, behind an error in JSON if a request had begun.
public import Base
import Wire

/// One client's connection.
public final class ClientSession {
  /// What the owner of the transport has to do.
  public enum Outcome: Hashable, Sendable {
    /// Write what was appended, go on reading.
    case open
    /// Write what was appended and read no more until it has been written; then call `resume`.
    case awaitDrain
    /// Write what was appended, then close. Nothing the client still sends is wanted.
    case closeAfterFlush
  }

  /// How long a connection may be idle between requests; deployed clients idle up to 300 s.
  public static let idleTimeout = TimeSpan.seconds(360)
  /// How long the head of a request may take from its first byte on.
  public static let headTimeout = TimeSpan.seconds(10)
  /// How long the body of a request may take from the end of the head on.
  public static let bodyTimeout = TimeSpan.seconds(30)
  /// How long the client may take to read what `awaitDrain` waits for.
  public static let drainTimeout = TimeSpan.seconds(60)
  /// Bytes of answers after which no further request is answered before the transport has drained.
  public static let responseBurstMax = 16 * 1024

  private enum Phase {
    case idle
    case head
    case body
    case drain
    case parked
    case closed
  }

  private let router: Router
  /// Whose requests these are, in `Router.networkRates`.
  private let network: NetworkRates.Place
  /// Only while a request is incomplete or requests wait for a drain.
  @exclusivity(unchecked) private var reader: RequestReader?
  @exclusivity(unchecked) private var phase = Phase.idle
  /// Only while a handler waits.
  @exclusivity(unchecked) private var parked: ParkedRequest?
  @exclusivity(unchecked) private var isStopping = false
  /// Requests since `secondBegan`, at most a second ago when one was answered last.
  @exclusivity(unchecked) private var requestsInSecond: Int32 = 0
  @exclusivity(unchecked) private var secondBegan: Instant
  @exclusivity(unchecked) private var hasInputEnded = false
  /// The memory `reader` holds, as the router has it counted.
  @exclusivity(unchecked) private var held: Int32 = 0
  /// When to call `expire`; may change with every other call.
  @exclusivity(unchecked) public private(set) var deadline: Instant

  /// A connection just accepted; `network` is the address or network it comes from, 0 for this machine.
  public init(router: Router, network: UInt64 = 0, now: Instant) {
    self.router = router
    self.network = NetworkRates.place(of: network)
    deadline = now + ClientSession.idleTimeout
    secondBegan = now
  }

  deinit { router.heldBytes -= Int(held) }

  /// Takes bytes the client sent, which need to stay valid during the call only, and appends answers to
  /// `out`.
  public func receive(_ bytes: UnsafeRawBufferPointer, now: Instant, into out: ByteBuffer) -> Outcome {
    guard phase != .closed, !hasInputEnded else { return outcome }
    let reader = self.reader ?? router.takeReader()
    reader.parser.feed(bytes)
    if phase == .drain {
      // Not to happen while the owner stops reading; if it does, the bytes wait, within the parser's bound.
      reader.parser.hold()
      return counted(.awaitDrain, out)
    }
    if phase == .parked {
      // What follows waits, within the parser's bound.
      reader.parser.hold()
      self.reader = reader
      return counted(.open, out)
    }
    return counted(answer(reader, now, out), out)
  }

  /// Whether a request waits.
  public var isParked: Bool { phase == .parked }

  /// What a parked request waits for; `nil` when none is parked.
  public var waitsFor: WaitReason? { parked?.parking.reason }

  /// Goes on with the parked request, because what it waits for has happened.
  public func wake(_ outcome: WaitOutcome, now: Instant, into out: ByteBuffer) -> Outcome {
    goOn(.done(outcome), now, out)
  }

  /// Goes on after `awaitDrain`, when everything appended so far has been written.
  public func resume(now: Instant, into out: ByteBuffer) -> Outcome {
    guard phase == .drain, let reader else { return outcome }
    return counted(answer(reader, now, out), out)
  }

  /// The client has sent its last byte (half-closed): what waits is answered, then the connection ends.
  public func endOfInput(now: Instant, into out: ByteBuffer) -> Outcome {
    hasInputEnded = true
    if phase != .drain, phase != .parked { close() }
    return outcome
  }

  /// Ends the connection if its deadline has passed.
  public func expire(now: Instant, into out: ByteBuffer) -> Outcome {
    guard now >= deadline, phase != .closed else { return outcome }
    if phase == .parked { return goOn(.expired, now, out) }
    if phase == .head || phase == .body { router.answer(malformed: HTTPError(.timeout), into: out) }
    close()
    return outcome
  }

  /// Begins a graceful end: at once when idle, else behind the answer to the request in hand.
  public func stop(into out: ByteBuffer) -> Outcome {
    isStopping = true
    if phase == .idle { close() }
    return outcome
  }

  /// Whether answers wait for the client to read.
  public var isDraining: Bool { phase == .drain }

  private var outcome: Outcome {
    switch phase {
    case .idle, .head, .body, .parked: .open
    case .drain: .awaitDrain
    case .closed: .closeAfterFlush
    }
  }

  private func close() {
    phase = .closed
    reader = nil
    router.heldBytes -= Int(held)
    held = 0
    parked = nil
    deadline = .never
  }

  /// Counts what this connection holds of unfinished requests, and ends it if all of them together hold too much.
  @inline(__always)
  private func counted(_ outcome: Outcome, _ out: ByteBuffer) -> Outcome {
    let bytes = Int32(clamping: reader?.parser.heldBytes ?? 0)
    return bytes == held ? outcome : recount(bytes, outcome, out)
  }

  @inline(never)
  private func recount(_ bytes: Int32, _ outcome: Outcome, _ out: ByteBuffer) -> Outcome {
    let hasGrown = bytes > held
    router.heldBytes += Int(bytes - held)
    held = bytes
    // Who waits for a write or a profile has a bound of its own.
    guard hasGrown, bytes > Router.heldFreelyMax, router.heldBytes > Router.heldBytesMax, phase != .parked
    else { return outcome }
    if phase != .drain { router.answerNoRoom(into: out) }
    close()
    return .closeAfterFlush
  }

  /// Answers every complete request, as far as the burst allows.
  private func answer(_ reader: RequestReader, _ now: Instant, _ out: ByteBuffer) -> Outcome {
    let burstEnd = out.count + ClientSession.responseBurstMax
    var hasAnswered = false
    do throws(HTTPError) {
      while true {
        switch try reader.parser.next() {
        case .request(let request):
          let keepAlive = request.keepAlive && !isStopping
          if isTooOften(now) {
            router.answerTooMany(request, keepAlive: keepAlive, into: out)
          } else if let parking = router.answer(request, keepAlive: keepAlive, into: out) {
            park(ParkedRequest(request, parking, keepAlive: request.keepAlive, router))
            reader.parser.hold()
            self.reader = reader
            return .open
          }
          hasAnswered = true
          guard keepAlive else {
            close()
            return .closeAfterFlush
          }
          if out.count >= burstEnd, reader.parser.isInsideRequest {
            reader.parser.hold()
            return wait(reader, .drain, now + ClientSession.drainTimeout)
          }
        case .expectsContinue:
          HTTPResponseWriter.writeContinue(into: out)
        case .needMore:
          return rest(reader, hasAnswered, now)
        }
      }
    } catch {
      router.answer(malformed: error, into: out)
      close()
      return .closeAfterFlush
    }
  }

  /// Whether this request is one too many in its second.
  @inline(__always)
  private func isTooOften(_ now: Instant) -> Bool {
    if now - secondBegan >= .seconds(1) {
      secondBegan = now
      requestsInSecond = 0
    }
    requestsInSecond &+= 1
    return Int(requestsInSecond) > router.requestsPerSecondMax
      || (network != .here && router.networkRates.isTooOften(network, now))
  }

  private func park(_ request: ParkedRequest) {
    parked = request
    phase = .parked
    deadline = request.parking.until
  }

  private func goOn(_ resumed: Resumed, _ now: Instant, _ out: ByteBuffer) -> Outcome {
    guard let request = parked, let reader else { return outcome }
    let keepAlive = request.keepAlive && !isStopping
    parked = nil
    if let again = request.run(resumed, keepAlive: keepAlive, into: out) {
      park(again)
      return .open
    }
    guard keepAlive else {
      close()
      return .closeAfterFlush
    }
    phase = .idle
    deadline = now + ClientSession.idleTimeout
    return counted(answer(reader, now, out), out)
  }

  /// No complete request is left: waits for the rest of one, or for the next.
  private func rest(_ reader: RequestReader, _ hasAnswered: Bool, _ now: Instant) -> Outcome {
    if hasInputEnded {
      close()
      return .closeAfterFlush
    }
    guard reader.parser.isInsideRequest else {
      if reader.parser.isFresh { router.giveBack(reader) }
      self.reader = reader.parser.isFresh ? nil : reader
      if hasAnswered || phase != .idle { deadline = now + ClientSession.idleTimeout }
      phase = .idle
      return .open
    }
    if reader.parser.isInsideBody {
      let isNew = hasAnswered || phase != .body
      return wait(reader, .body, isNew ? now + ClientSession.bodyTimeout : deadline)
    }
    let isNew = hasAnswered || phase != .head
    return wait(reader, .head, isNew ? now + ClientSession.headTimeout : deadline)
  }

  private func wait(_ reader: RequestReader, _ phase: Phase, _ deadline: Instant) -> Outcome {
    self.reader = reader
    self.phase = phase
    self.deadline = deadline
    return outcome
  }
}

/// A parser that can be lent.
final class RequestReader {
  @exclusivity(unchecked) var parser = HTTPRequestParser()
}
