/// A world that holds its breath: time goes on, but nobody trades, no mark moves, no funding is paid.
///
/// For whoever wants to compare what a client has gathered with the truth: what was asked at different moments of a
/// still world is one consistent picture.
extension World {
  /// Lets nothing happen from now on, but for time.
  public func holdStill() {
    guard !isStill else { return }
    isStill = true
  }

  /// Lets life go on where it stopped; what would have happened meanwhile has not.
  public func goOn() {
    guard isStill else { return }
    isStill = false
    resume()
  }
}
