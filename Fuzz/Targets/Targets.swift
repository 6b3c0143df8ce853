extension FuzzTarget {
  /// Every target, in the order `make fuzz` visits them.
  public static let all: [FuzzTarget] = [
    .api,
  ]
}
