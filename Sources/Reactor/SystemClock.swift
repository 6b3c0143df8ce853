/// Whether somebody keeps the system's clock right.
import CLibuv

/// The clock of the machine, as the kernel knows it.
public enum SystemClock {
  /// What the kernel knows of the clock.
  public struct Discipline: Hashable, Sendable {
    /// Whether a time service holds it to a reference.
    public var isSynchronised: Bool
    /// How wrong it may be at the most, in seconds.
    public var errorMax: Double
  }

  /// The kernel's own account; nil where it does not tell.
  public static func discipline() -> Discipline? {
    var isUnsynchronised: Int32 = 0
    var errorUs = 0
    guard reactor_clock(&isUnsynchronised, &errorUs) == 0 else { return nil }
    return Discipline(isSynchronised: isUnsynchronised == 0, errorMax: Double(errorUs) / 1_000_000)
  }
}
