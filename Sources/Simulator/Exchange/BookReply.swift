import Base

/// How a book is asked for.
struct BookShape: Hashable {
  var figures: Int?
  var mantissa: Int?
  var levels: Int
  var fast: Bool
}

/// Order books: not kept, but derived from the mark and the half second, so they cost only who reads them.
extension Exchange {
  /// `{"coin",…,"time":…,"levels":[[bids],[asks]]}`; empty sides for a delisted coin.
  func writeBook(_ index: Int, _ shape: BookShape, _ text: ReplyText) {
    let coin = world.coins[index]
    let touch = coin.touch
    var step = coin.step(at: coin.mark)
    if let figures = shape.figures {
      var coarse: Int64 = 1
      var digits = 1
      var rest = coin.mark
      while rest >= 10 {
        rest /= 10
        digits += 1
      }
      for _ in 0..<max(0, digits - figures) { coarse *= 10 }
      step = max(step, coarse * Int64(shape.mantissa ?? 1))
    }
    text.raw("{\"coin\":")
    text.string(coin.name)
    text.raw(",\"time\":")
    text.int(world.now.ms)
    text.raw(",\"levels\":[[")
    if !coin.isDelisted {
      writeSide(index, best: touch.bid / step * step, step: -step, shape.levels, text)
      text.raw("],[")
      writeSide(index, best: (touch.ask + step - 1) / step * step, step: step, shape.levels, text)
    } else {
      text.raw("],[")
    }
    text.raw("]]")
    if shape.figures != nil {
      text.raw(",\"spread\":")
      text.px(touch.ask - touch.bid, coin)
    }
    if shape.fast { text.raw(",\"fast\":true") }
    text.raw("}")
  }

  private func writeSide(_ index: Int, best: Int64, step: Int64, _ levels: Int, _ text: ReplyText) {
    let coin = world.coins[index]
    let moment = UInt64(bitPattern: world.now.ms / 500)
    var noise = PRNG(seed: world.noise(UInt64(index) << 1 | (step > 0 ? 1 : 0), moment))
    var px = best
    for level in 0..<levels {
      guard px > 0 else { return }
      if level > 0 { text.raw(",") }
      text.raw("{\"px\":")
      text.px(px, coin)
      // 100 … 300,000 USD a level, thin ones often.
      let u = noise.unit()
      let usd = Int64(100e6 + u * u * u * 3e11)
      text.raw(",\"sz\":")
      text.sz(max(1, usd / coin.mark), coin)
      text.raw(",\"n\":")
      text.int(1 + noise.below(9))
      text.raw("}")
      px += step * Int64(1 + noise.below(3) / 2)
    }
  }
}
