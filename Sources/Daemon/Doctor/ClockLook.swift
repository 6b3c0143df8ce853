import Base
import Reactor

/// The system's clock: whether somebody keeps it, and how far it is from the exchange's.
extension Doctor {
  /// Off by more, and times in answers are wrong to the eye.
  static let offsetWarn = TimeSpan.seconds(2)
  /// Off by more, and certificates, days and retention go wrong.
  static let offsetFail = TimeSpan.seconds(300)

  func lookAtClock() {
    guard let discipline = SystemClock.discipline() else {
      return found(
        .warn(
          "clock", "the kernel does not say whether it is kept", "see that a time service runs on the host"))
    }
    if discipline.isSynchronised {
      found(.ok("clock", "kept by a time service, at most \(Doctor.rounded(discipline.errorMax)) s wrong"))
    } else {
      found(
        .warn(
          "clock", "no time service keeps it",
          "install chrony or systemd-timesyncd (in a container: on the host)"))
    }
  }

  /// Tells how far the clock is from the exchange's; both times were taken within `window`.
  func tellOffset(_ offset: TimeSpan, within window: TimeSpan) {
    let text =
      "\(Doctor.rounded(abs(offset.seconds))) s \(offset < .zero ? "behind" : "ahead of") the exchange's,"
      + " measured within \(window.milliseconds) ms"
    let size = TimeSpan(ns: abs(offset.ns))
    let tolerance = TimeSpan(ns: window.ns / 2)
    if size > Doctor.offsetFail + tolerance {
      found(.fail("clock", text, "set the clock: certificates, the day's equity and retention go by it"))
    } else if size > Doctor.offsetWarn + tolerance {
      found(
        .warn("clock", text, "set the clock; windows of the order flow do not go by it, times in answers do"))
    } else {
      found(.ok("clock", text))
    }
  }

  /// Two digits behind the point.
  static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
