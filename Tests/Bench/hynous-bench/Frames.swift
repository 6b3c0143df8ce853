import ArgumentParser
import Base
import Glibc

/// Writes a file of `trades` frames, one per line, shaped like the exchange's: 1…30 trades of one coin per frame,
/// the same keys in the same order, realistic sizes of every value.
struct Frames: ParsableCommand {
  @Argument var path: String
  @Option var coins = 500
  @Option var trades = 400_000
  @Option var addresses = 100_000
  @Option var seed: UInt64 = 1

  func run() throws {
    guard let file = fopen(path, "w") else { throw ValidationError("cannot write \(path)") }
    defer { fclose(file) }
    var source = FrameSource(coins: coins, addresses: addresses, seed: seed)
    let line = ByteBuffer(capacity: 64 << 10)
    var written = 0
    var timeMs: Int64 = 1_790_000_000_000
    while written < trades {
      line.removeAll()
      timeMs += 8
      written += source.append(timeMs: timeMs, to: line).trades
      line.append(UInt8(ascii: "\n"))
      fwrite(line.base, 1, line.count, file)
    }
    print("frames=\(path) trades=\(written)")
  }
}

/// Makes one frame after another from a seed.
struct FrameSource {
  private var random: PRNG
  private let names: [String]
  private let prices: [Double]
  private let addresses: Int
  private var tid: UInt64 = 100_000_000_000

  init(coins: Int, addresses: Int, seed: UInt64) {
    var random = PRNG(seed: seed)
    names = (0..<coins).map { FrameSource.name($0) }
    prices = (0..<coins).map {
      $0 == 0 ? 98_341 : 0.01 * Double(1 << (random.below(20))) * (1 + random.unit())
    }
    self.addresses = addresses
    self.random = random
  }

  /// The names of the coins, in id order.
  static func name(_ index: Int) -> String {
    let main = ["BTC", "ETH", "SOL", "HYPE", "kPEPE", "XRP", "DOGE", "FARTCOIN"]
    return index < main.count ? main[index] : index % 4 == 0 ? "xyz:T\(index)" : "COIN\(index)"
  }

  /// Appends one frame; answers its coin's number and how many trades it holds.
  mutating func append(timeMs: Int64, to line: ByteBuffer) -> (coin: Int, trades: Int) {
    let coin = min(random.below(names.count), random.below(names.count))
    let count = random.chance(0.6) ? 1 + random.below(3) : 1 + random.below(30)
    let side = random.chance(0.5) ? "B" : "A"
    let taker = user(min(random.below(addresses), random.below(addresses)))
    let hash = FrameSource.hex(&random, digits: 64)
    line.append("{\"channel\":\"trades\",\"data\":[")
    for index in 0..<count {
      if index > 0 { line.append(UInt8(ascii: ",")) }
      tid &+= 1 + (random.next() & 0xffff)
      // Most makers are one of a few hundred market makers, as on the exchange.
      let maker = user(random.below(random.chance(0.7) ? min(300, addresses) : addresses))
      let (buyer, seller) = side == "B" ? (taker, maker) : (maker, taker)
      let px = FrameSource.decimal(prices[coin] * (1 + 0.001 * random.unit()), digits: 5)
      let sz = FrameSource.decimal(random.unit() * 5000 / prices[coin] + 0.00001, digits: 4)
      line.append(
        utf8:
          "{\"coin\":\"\(names[coin])\",\"side\":\"\(side)\",\"px\":\"\(px)\",\"sz\":\"\(sz)\",\"time\":\(timeMs),"
          + "\"hash\":\"\(hash)\",\"tid\":\(tid),\"users\":[\"\(buyer)\",\"\(seller)\"]}")
    }
    line.append("]}")
    return (coin, count)
  }

  /// The address of account number `index`; computed, so that a hundred thousand of them take no memory here.
  private func user(_ index: Int) -> String {
    var random = PRNG(seed: UInt64(index))
    return FrameSource.hex(&random, digits: 40)
  }

  private static func hex(_ random: inout PRNG, digits: Int) -> String {
    var text = "0x"
    while text.utf8.count < digits + 2 {
      let word = String(random.next(), radix: 16)
      text += String(repeating: "0", count: 16 - word.utf8.count) + word
    }
    return String(text.prefix(digits + 2))
  }

  /// Plain decimal text with about `digits` significant digits, a fraction of one digit at least.
  private static func decimal(_ value: Double, digits: Int) -> String {
    var magnitude = 0
    var scaled = value
    while scaled >= 10 { scaled /= 10; magnitude += 1 }
    while scaled < 1 { scaled *= 10; magnitude -= 1 }
    let places = min(max(digits - 1 - magnitude, 1), 6)
    var unit = 1.0
    for _ in 0..<places { unit *= 10 }
    let raw = Int64((value * unit).rounded())
    let fraction = String(raw % Int64(unit))
    let padded = String(repeating: "0", count: places - fraction.utf8.count) + fraction
    var trimmed = Substring(padded)
    while trimmed.count > 1, trimmed.last == "0" { trimmed.removeLast() }
    return "\(raw / Int64(unit)).\(trimmed)"
  }
}
