import Base
import Foundation
import Market

/// The recorded exchange payloads, when this machine has them.
enum Samples {
  /// The folder, or `nil` on machines without the recordings.
  static let folder: URL? = {
    let environment = ProcessInfo.processInfo.environment["HYNOUS_SHARED"].map(URL.init(fileURLWithPath:))
    let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let beside = root.deletingLastPathComponent().appendingPathComponent("shared")
    let samples = (environment ?? beside).appendingPathComponent("hyperliquid/samples")
    guard FileManager.default.fileExists(atPath: samples.path) else {
      print("skipped: no recorded payloads at \(samples.path) (set HYNOUS_SHARED)")
      return nil
    }
    return samples
  }()

  /// The payload files' names, sorted.
  static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder!.path).filter { $0.hasSuffix(".json") }
      .sorted()
  }

  /// A payload in a buffer with the slack readers need.
  static func load(_ name: String) throws -> ByteBuffer {
    let bytes = try Data(contentsOf: folder!.appendingPathComponent(name))
    let buffer = ByteBuffer(capacity: bytes.count)
    bytes.withUnsafeBytes { buffer.append($0) }
    return buffer
  }

  /// What Foundation makes of a payload.
  static func tree(_ name: String) throws -> Any {
    try JSONSerialization.jsonObject(
      with: Data(contentsOf: folder!.appendingPathComponent(name)), options: .fragmentsAllowed)
  }

  /// A register of these coins.
  static func coins(_ names: [String]) -> Coins {
    var coins = Coins()
    for name in names {
      let dex = name.contains(":") ? String(name.prefix { $0 != ":" }) : ""
      _ = coins.list(Coin(name: name, dex: dex, szDecimals: 5, maxLeverage: 40, isListed: true))
    }
    return coins
  }

  /// Runs `body` on the text's bytes, with the slack readers need.
  static func with<Result>(_ text: String, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
    -> Result
  {
    let buffer = buffer(text)
    return try withExtendedLifetime(buffer) { try body(buffer.bytes) }
  }

  /// The text in a buffer with the slack readers need.
  static func buffer(_ text: String) -> ByteBuffer {
    let buffer = ByteBuffer(capacity: text.utf8.count)
    buffer.append(utf8: text)
    return buffer
  }
}
