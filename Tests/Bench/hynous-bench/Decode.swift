import ArgumentParser

/// Bare decoding of a file of frames, beside simdjson's extraction of the same fields.
struct Decode: ParsableCommand {
  @Argument var file: String
  @Option var coins = 500
  @Option var repeats = 5

  func run() throws {
    let names = (0..<coins).map { FrameSource.name($0) }
    guard let report = DecodeBench.run(file: file, coins: names, repeats: repeats) else {
      throw ValidationError("\(file) cannot be read or holds a broken frame")
    }
    print(report.line)
  }
}
