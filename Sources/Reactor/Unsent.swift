/// What the accepted streams of a listener keep in memory because their peers do not read.
///
/// Each stream has a bound of its own, but a thousand of them together must have one, too. When it is passed, the
/// stream goes that has gone longest without sending anything: a reader that is merely slow keeps moving behind
/// those that stand still. Bound: `bytesMax`, of memory, not only of bytes in it.
/// Invariant: exactly the open streams with queued bytes are in the list, in the order of their last progress.
import Base
import Glibc

/// The queues of one listener's streams.
final class Unsent {
  /// A stream's place in the list.
  struct Place {
    var previous: Unmanaged<Stream>?
    var next: Unmanaged<Stream>?
    /// Memory of its queue as counted; 0 while it is not in the list.
    var bytes = 0
  }

  let bytesMax: Int
  /// Memory of all queues.
  private(set) var bytes = 0
  private var first: Unmanaged<Stream>?
  private var last: Unmanaged<Stream>?

  init(bytesMax: Int) { self.bytesMax = bytesMax }

  /// The queue of `stream` has grown: counts it, and gives up who stands still longest if it is too much.
  func grew(_ stream: Stream) {
    count(stream)
    while bytes > bytesMax, let first {
      first._withUnsafeGuaranteedRef { stream in
        stream.loop.counts.unsentOverflows += 1
        stream.end(.writeQueueFull)
      }
    }
  }

  /// `stream` has sent what libuv was given.
  func progressed(_ stream: Stream) {
    unlink(stream)
    count(stream)
  }

  /// `stream` is ending; its memory goes with this turn.
  func ended(_ stream: Stream) { unlink(stream) }

  /// `TCP_NOTSENT_LOWAT` of the Linux headers.
  private static let lowWaterOption: Int32 = 25

  /// Lets connections accepted from `descriptor`, which inherit it, take `bytes` from us before they must be sent.
  static func limitSystem(_ descriptor: Int32, bytes: Int) {
    guard bytes > 0 else { return }
    var limit = Int32(clamping: bytes)
    let size = socklen_t(MemoryLayout<Int32>.size)
    setsockopt(descriptor, Int32(IPPROTO_TCP), lowWaterOption, &limit, size)
  }

  private func count(_ stream: Stream) {
    let held = (stream.inFlight?.capacity ?? 0) + (stream.queued?.capacity ?? 0)
    bytes += held - stream.unsentPlace.bytes
    if stream.unsentPlace.bytes == 0, held > 0 { link(stream) }
    stream.unsentPlace.bytes = held
  }

  private func link(_ stream: Stream) {
    let this = Unmanaged.passUnretained(stream)
    stream.unsentPlace.previous = last
    if let last {
      last._withUnsafeGuaranteedRef { $0.unsentPlace.next = this }
    } else {
      first = this
    }
    last = this
  }

  private func unlink(_ stream: Stream) {
    let place = stream.unsentPlace
    guard place.bytes > 0 else { return }
    bytes -= place.bytes
    if let previous = place.previous {
      previous._withUnsafeGuaranteedRef { $0.unsentPlace.next = place.next }
    } else {
      first = place.next
    }
    if let next = place.next {
      next._withUnsafeGuaranteedRef { $0.unsentPlace.previous = place.previous }
    } else {
      last = place.previous
    }
    stream.unsentPlace = Place()
  }
}
