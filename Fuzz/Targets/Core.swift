import Base

extension FuzzTarget {
  /// A script of inputs for the whole service: exchange bytes, client bytes, replies, the disk's and the pool's
  /// answers early or late, clocks that jump, new configurations, ends of everything.
  ///
  /// First byte: the seed. Then opcodes with their arguments. Checked: nothing traps, time moves on, effects name
  /// only what is there, at most one batch is written at a time, invariants hold, a stop ends.
  public static let core = FuzzTarget("core") { bytes in
    guard let seed = bytes.first else { return }
    let driver = CoreDriver(seed: UInt64(seed))
    driver.run(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()))
    driver.end()
  }
}
