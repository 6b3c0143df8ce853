extension InfoType {
  /// A page of an account's fills, oldest first; decoded by `Fills.decode(body:coins:)`.
  public static let userFillsByTime = InfoType(
    name: "userFillsByTime", weight: Venue.weightStandard, rowsPerWeight: Venue.rowsPerWeight)
}
