extension Table {
  /// Words about the file itself, such as `schema_version`.
  public static let metadata = Table(
    "metadata",
    columns: [
      .text("key").keyed,
      .text("value"),
    ],
    holdsClientWords: true)
}
