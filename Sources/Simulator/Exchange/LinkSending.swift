import Base

/// The way out of a link: frames, and what the link's faults do to them.
extension ExchangeLink {
  /// What a frame carries, for faults that concern only some.
  enum FrameKind {
    case control, data, trades
  }

  /// An empty message to write into; `send` follows.
  func begin() -> ReplyText {
    message.removeAll()
    return ReplyText(message)
  }

  /// Sends the message written last.
  func send(_ kind: FrameKind) {
    guard isOpen, !faults.isSilent else { return }
    if roll(faults.drop) { return }
    if roll(faults.truncate), message.count > 2 { message.truncate(to: message.count / 2) }
    emit(message.bytes)
    if kind == .trades, roll(faults.duplicate) { emit(message.bytes) }
    if let frame = held {
      held = nil
      frame.withUnsafeBytes { emit($0) }
    }
    sendNuisances()
    if roll(faults.close) { close(code: 1000) }
    if roll(faults.abort) { abort() }
  }

  private func roll(_ chance: Double) -> Bool { exchange.faults.roll(chance, &random) }

  private func sendNuisances() {
    if roll(faults.garbage) { emit(ExchangeLink.garbage[random.below(ExchangeLink.garbage.count)]) }
    if roll(faults.unknown) { emit(ExchangeLink.strangers[random.below(ExchangeLink.strangers.count)]) }
    if roll(faults.oversized) {
      let text = begin()
      text.raw("{\"channel\":\"oversized\",\"data\":\"")
      let size = max(faults.oversizedBytes - message.count - 2, 0)
      memset(message.reserve(size), UInt8(ascii: "x"), size)
      message.commit(size)
      text.raw("\"}")
      emit(message.bytes)
    }
  }

  private func memset(_ bytes: UnsafeMutableRawPointer, _ value: UInt8, _ count: Int) {
    bytes.initializeMemory(as: UInt8.self, repeating: value, count: count)
  }

  private func emit(_ text: StaticString) {
    emit(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Puts one message on its way: at once, or after the link's delay.
  func emit(_ bytes: UnsafeRawBufferPointer) {
    guard faults.delayMs > 0 || !delayed.isEmpty else { return frame(bytes) }
    guard delayedBytes + bytes.count <= ExchangeLink.delayedBytesMax else { return close(code: 1001) }
    delayedBytes += bytes.count
    delayed.append((exchange.world.now.ms + Int64(faults.delayMs), [UInt8](bytes), false))
  }

  /// Sends what has waited long enough.
  func releaseDelayed(nowMs: Int64) {
    var released = 0
    while released < delayed.count, delayed[released].dueMs <= nowMs {
      let entry = delayed[released]
      entry.bytes.withUnsafeBytes { if entry.isRaw { output.append($0) } else { frame($0) } }
      delayedBytes -= entry.bytes.count
      released += 1
    }
    delayed.removeFirst(released)
    if closesWhenIdle, delayed.isEmpty, state == .http { state = .closing }
  }

  /// Writes a text message as one frame, or as several with a ping in between.
  private func frame(_ bytes: UnsafeRawBufferPointer) {
    lastSentMs = exchange.world.now.ms
    framesSent += 1
    guard roll(faults.fragment), bytes.count >= 3 else {
      return writeFrame(opcode: 1, isLast: true, bytes)
    }
    let first = bytes.count / 3
    let second = first + 1 + random.below(bytes.count - first - 1)
    writeFrame(opcode: 1, isLast: false, UnsafeRawBufferPointer(rebasing: bytes[..<first]))
    writeFrame(opcode: 9, isLast: true, UnsafeRawBufferPointer(rebasing: bytes[..<min(first, 4)]))
    writeFrame(opcode: 0, isLast: false, UnsafeRawBufferPointer(rebasing: bytes[first..<second]))
    writeFrame(opcode: 0, isLast: true, UnsafeRawBufferPointer(rebasing: bytes[second...]))
  }

  /// One unmasked frame (RFC 6455 §5.2); written here because faults need frames no proper encoder makes.
  func writeFrame(opcode: UInt8, isLast: Bool, _ payload: UnsafeRawBufferPointer) {
    output.append((isLast ? 0x80 : 0) | opcode)
    switch payload.count {
    case ..<126: output.append(UInt8(payload.count))
    case ..<65536:
      output.append(126)
      output.append(UInt8(payload.count >> 8))
      output.append(UInt8(payload.count & 0xff))
    default:
      output.append(127)
      for shift in stride(from: 56, through: 0, by: -8) {
        output.append(UInt8(truncatingIfNeeded: payload.count >> shift))
      }
    }
    output.append(payload)
  }

  /// Frames that are no JSON, or not the exchange's.
  private static let garbage: [StaticString] = [
    "not json at all", #"{"channel":"#, "[1,2", "{}", "\u{0}", #"{"data":{},"channel":7}"#,
    #"{"channel":"trades","data":[{"coin":"BTC","px":12}]}"#,
    #"{"channel":"trades","data":[{"coin":"BTC","side":"B","px":"1e5","sz":"-","time":1}]}"#,
    #"{"channel":"allMids","data":{"mids":[]}}"#,
  ]

  /// Well-formed frames about things the client cannot know.
  private static let strangers: [StaticString] = [
    #"{"channel":"auctionUpdates","data":{"round":7}}"#,
    """
    {"channel":"trades","data":[{"coin":"NOSUCHCOIN","side":"B","px":"1.5","sz":"2.0","time":1790000000000,\
    "hash":"0x0000000000000000000000000000000000000000000000000000000000000000","tid":1,"users":\
    ["0x00000000000000000000000000000000000000aa","0x00000000000000000000000000000000000000bb"]}]}
    """,
    """
    {"channel":"trades","data":[{"coin":"BTC","side":"X","px":"1.5","sz":"2.0","time":1790000000000,\
    "hash":"0x0000000000000000000000000000000000000000000000000000000000000000","tid":1,"users":\
    ["0x00000000000000000000000000000000000000aa","0x00000000000000000000000000000000000000bb"]}]}
    """,
    #"{"channel":"trades","data":[]}"#,
    #"{"channel":"activeAssetCtx","data":{"coin":"NOSUCHCOIN","ctx":{"markPx":"1.0","new":{"a":[1]}}}}"#,
    """
    {"channel":"subscriptionResponse","data":{"method":"rearrange",\
    "subscription":{"type":"trades","coin":"BTC"}}}
    """,
  ]
}
