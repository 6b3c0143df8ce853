/// One way into the daemon for hostile bytes: a name and what is done with the bytes.
///
/// `run` must return for every input; a crash, a trap or a broken check inside is a finding.
public struct FuzzTarget: Sendable {
  /// The name on the command line and of the folders under `Corpus` and `Crashes`.
  public let name: String
  /// Feeds the bytes; checks inside are `precondition`s.
  public let run: @Sendable (UnsafeRawBufferPointer) -> Void

  /// A target of that name.
  public init(_ name: String, run: @escaping @Sendable (UnsafeRawBufferPointer) -> Void) {
    self.name = name
    self.run = run
  }
}
