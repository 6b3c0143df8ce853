public import Base
import Hyperliquid
import Market
import Wire

/// The smallest questions that show whether the exchange can be reached and understood: for `hynous-data doctor`.
public enum ExchangeProbe {
  /// What the REST question weighs.
  public static let weight = InfoType.clearinghouseState.weight

  /// Appends the REST question's body: the positions of the account 0x00…00, whose answer carries the exchange's time.
  public static func question(into out: ByteBuffer) {
    InfoRequest.clearinghouseState(user: Address(a: 0, b: 0, c: 0), dex: "").write(into: out)
  }

  /// The exchange's time in the answer's body, with 64 readable bytes behind it; nil when it is no such answer.
  public static func time(in body: UnsafeRawBufferPointer) -> WallTime? {
    guard let state = try? ClearinghouseState.decode(body: body, coins: Coins()), state.time.ms > 0 else {
      return nil
    }
    return state.time
  }
}

/// A WebSocket connection that is opened, pinged once and closed again; sans-IO.
public final class LinkProbe {
  /// How far it got.
  public enum Progress: Hashable, Sendable {
    /// More bytes are needed.
    case waiting
    /// The upgrade is done: `output` now holds the ping.
    case upgraded
    /// The ping was answered: `output` now holds the close frame.
    case answered
    /// It failed, in words.
    case failed(String)
  }

  /// The most bytes of the upgrade's answer and of one message.
  public static let bytesMax = 1 << 20

  /// What is to be sent; emptied by the owner.
  public let output = ByteBuffer()
  private let handshake: WebSocketClientHandshake
  private let head = ByteBuffer()
  private var decoder = WebSocketDecoder(role: .client, messageMax: LinkProbe.bytesMax)
  private var isUpgraded = false

  /// A probe of `address`, whose upgrade request lies in `output`.
  public init(_ address: ExchangeAddress, random: (UInt64, UInt64)) {
    handshake = WebSocketClientHandshake(random: random)
    handshake.request(host: address.authority, path: address.path, into: output)
  }

  /// Takes bytes of the exchange, with 64 readable bytes behind them.
  public func received(_ bytes: UnsafeRawBufferPointer) -> Progress {
    guard !isUpgraded else { return read(bytes) }
    head.append(bytes)
    switch handshake.answer(head.bytes) {
    case .needMore: return head.count < LinkProbe.bytesMax ? .waiting : .failed("an answer without end")
    case .refused(let status, let reason): return .failed(status > 0 ? "status \(status): \(reason)" : reason)
    case .upgraded(let headBytes):
      isUpgraded = true
      let text = ByteBuffer()
      ClientMessage.ping(into: text)
      WebSocketEncoder.text(text.bytes, mask: 0x5A17_C0DE, into: output)
      let rest = bytes.count - (head.count - headBytes)
      let early = read(UnsafeRawBufferPointer(rebasing: bytes[max(0, rest)...]))
      return early == .waiting ? .upgraded : early
    }
  }

  private func read(_ bytes: UnsafeRawBufferPointer) -> Progress {
    decoder.feed(bytes)
    do throws(WebSocketError) {
      while true {
        switch try decoder.next() {
        case .needMore: return .waiting
        case .close(let code, _): return .failed("closed with code \(code)")
        case .ping(let payload): WebSocketEncoder.pong(payload, mask: 0x5A17_C0DE, into: output)
        case .text(let message) where Frame.classify(message).channel == .pong:
          WebSocketEncoder.close(code: 1000, mask: 0x5A17_C0DE, into: output)
          return .answered
        case .text, .binary, .pong: break
        }
      }
    } catch {
      return .failed(error.reason)
    }
  }
}
