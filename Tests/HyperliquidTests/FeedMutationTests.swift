import Base
import Foundation
import Hyperliquid
import Market
import Testing
import Wire

/// Damaged messages: a typed error or a counted row, never a crash, never a value of the message before.
struct FeedMutationTests {
  /// Decodes with a fresh decoder and with one that has decoded other messages before; both must agree.
  static func decode(_ name: String, _ bytes: [UInt8], _ used: CaptureDecoder) -> String {
    let fresh = CaptureDecoder().decode(name, bytes)
    #expect(used.decode(name, bytes) == fresh, "\(name): \(String(decoding: bytes, as: UTF8.self))")
    return fresh
  }

  @Test func everyRegisterEntryHasACapture() throws {
    for name in Captures.names {
      let text = CaptureDecoder().decode(name, try Captures.load(name))
      #expect(!text.hasPrefix("error") && text != "unknown" && text != "no decoder", "\(name): \(text)")
    }
    let files = try FileManager.default.contentsOfDirectory(atPath: Captures.folder.path)
    for file in files where file.hasPrefix("ws_") || file.hasPrefix("rest_") {
      #expect(Captures.names.contains { $0 + ".json" == file }, "\(file) belongs to no register entry")
    }
  }

  @Test func everyTruncationIsRefused() throws {
    let used = CaptureDecoder()
    for name in Captures.names {
      let good = try Captures.load(name)
      for end in 0..<good.count {
        let text = FeedMutationTests.decode(name, Array(good[..<end]), used)
        #expect(
          text.hasPrefix("error") || text == "malformed" || text == "notJSON", "\(name) \(end): \(text)")
      }
    }
  }

  @Test func everyKeyMayBeMissingOrNew() throws {
    let used = CaptureDecoder()
    for name in Captures.names {
      let good = try Captures.load(name)
      for key in try ValueSpans(good).keys {
        var renamed = good
        renamed[key.lowerBound] ^= 1
        _ = FeedMutationTests.decode(name, renamed, used)
        // An unknown member before a known one changes nothing, but the offsets of errors.
        var extended = good
        extended.insert(contentsOf: Array("\"new\":[{\"px\":null}],".utf8), at: key.lowerBound - 1)
        let text = FeedMutationTests.decode(name, extended, used)
        if name != "ws_allMids", name != "rest_allMids" {
          #expect(text == CaptureDecoder().decode(name, good), "\(name)")
        }
      }
    }
  }

  static let replacements: [String] = [
    "null", "true", "0", "-1", "1.5", "1e99", "18446744073709551616", "\"\"", "\"x\"", "\"-5\"", "\"1e99\"",
    "[]", "{}",
    "[[]]", "\"\\u0042\\u0054\\u0043\"", "\"0x00\"",
  ]

  @Test func everyValueMayBeOfAnyType() throws {
    var random = PRNG(seed: 10)
    let used = CaptureDecoder()
    for name in Captures.names {
      let good = try Captures.load(name)
      for span in try ValueSpans(good).values {
        // All of them at the top, a third of them (others each time) further in.
        for replacement in FeedMutationTests.replacements where span == 0..<good.count || random.chance(0.3) {
          _ = used.decode(name, good)
          var bytes = good
          bytes.replaceSubrange(span, with: Array(replacement.utf8))
          let text = FeedMutationTests.decode(name, bytes, used)
          if name.hasPrefix("rest_"), span == 0..<good.count, replacement == "null" {
            #expect(text == "error null at \(text.hasSuffix("4") ? 4 : 0)", "\(name)")
          }
        }
      }
    }
  }

  @Test func everyByteMayBeAnother() throws {
    var random = PRNG(seed: 9)
    let used = CaptureDecoder()
    for name in Captures.names {
      let good = try Captures.load(name)
      for at in good.indices where random.chance(0.3) {
        var bytes = good
        bytes[at] =
          random.chance(0.5) ? UInt8(random.below(256)) : Array("\"\\{}[],:0-9.eE".utf8)[random.below(14)]
        _ = FeedMutationTests.decode(name, bytes, used)
      }
    }
  }

  /// A row that is not a trade costs that row alone.
  @Test func badTradesAreCountedOneByOne() throws {
    let good = try Captures.load("ws_trades")
    let rows = 3
    let feed = TradesFeed()
    let begin = good.firstIndex(of: UInt8(ascii: "["))!
    for span in try ValueSpans(good).values where span.lowerBound > begin {
      for replacement in FeedMutationTests.replacements {
        var bytes = good
        bytes.replaceSubrange(span, with: Array(replacement.utf8))
        let buffer = ByteBuffer()
        bytes.withUnsafeBytes { buffer.append($0) }
        try withExtendedLifetime(buffer) {
          try feed.decode(Frame.classify(buffer.bytes), coins: Captures.coins)
        }
        #expect(feed.trades.count + feed.invalid + feed.unlisted == rows && feed.trades.count >= rows - 1)
      }
    }
  }
}
