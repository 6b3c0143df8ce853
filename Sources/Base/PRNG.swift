/// A small seeded random generator (SplitMix64: Steele, Lea, Flood, OOPSLA 2014).
///
/// The only source of chance in the daemon (jitter) and the simulator (worlds, faults): the same seed gives
/// the same run on every machine. Not for secrets.
@frozen
public struct PRNG: RandomNumberGenerator, Hashable, Sendable {
  @usableFromInline var state: UInt64

  /// A generator whose whole output is decided by `seed`.
  @inlinable
  public init(seed: UInt64) { state = seed }

  /// The next 64 random bits.
  @inlinable
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number in `0 ..< bound`, evenly spread; `bound` must be positive.
  @inlinable
  public mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0)
    return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// A number in `[0, 1)`.
  @inlinable
  public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// True with the given probability (0…1).
  @inlinable
  public mutating func chance(_ probability: Double) -> Bool { unit() < probability }

  /// An independent generator for a part of its own, so that one part's draws do not shift another's.
  @inlinable
  public mutating func split() -> PRNG { PRNG(seed: next()) }
}
