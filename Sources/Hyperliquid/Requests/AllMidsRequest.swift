extension InfoType {
  /// The mid prices of one dex; decoded by `Mids.decode(body:coins:)`.
  public static let allMids = InfoType(name: "allMids", weight: Venue.weightLight, rowsPerWeight: nil)
}
