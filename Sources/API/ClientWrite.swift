/// What clients may write, and how they learn what became of it.
///
/// A route turns a request into a `ClientWrite` and hands it to `Views.submit`; Core stores it and answers the
/// ticket with a `WaitOutcome` only after the row is on disk. Nothing here waits: a handler parks its request
/// (`RouteCall.commit`) and is run again when the outcome is there.
public import Market

/// A change a client asks for. A `key` is the address text trimmed and lower-cased; it need not be an address.
public enum ClientWrite: Sendable, Equatable {
  /// Follow a wallet; an empty label keeps the stored one.
  case watch(key: String, label: String)
  /// Follow it no longer; not an error when it was not followed.
  case unwatch(key: String)
  /// Change what is noted about a followed wallet; `nil` leaves a field as it is.
  case patch(key: String, label: String?, notes: String?, tags: String?)
  /// Add an alert; the outcome carries its id.
  case addAlert(key: String, type: String, minSizeUsd: Double, coins: String)
  /// Remove an alert; not an error when there is none.
  case removeAlert(id: Int64)
  /// Keep one reading per coin of each series, at the present time. All or nothing.
  case record(funding: [CoinReading], oi: [CoinReading], volume: [CoinReading])
}

/// One coin's reading of a recorded series.
public struct CoinReading: Sendable, Equatable {
  /// The coin as the client wrote it.
  public var coin: String
  /// The reading; NaN is counted as recorded and not stored.
  public var value: Double

  /// The reading `value` of `coin`.
  public init(coin: String, value: Double) {
    self.coin = coin
    self.value = value
  }
}

/// The number of a write that is on its way to disk; never used twice.
public struct WriteTicket: Hashable, Sendable {
  /// The number.
  public let number: UInt64

  /// The ticket with this number.
  public init(_ number: UInt64) { self.number = number }
}

/// What a parked request waits for.
public enum WaitReason: Hashable, Sendable {
  /// A client's write to be on disk.
  case write(WriteTicket)
  /// A wallet's profile to be computed.
  case profile(Address)
  /// A wallet's closed trades to be loaded.
  case trades(Address)
}

/// What became of what a request waited for.
public enum WaitOutcome: Hashable, Sendable {
  /// The write is on disk; `id` of the row where the database chose one.
  case stored(id: Int64?)
  /// The write was not stored, and will not be; the reason is for the client.
  case refused(reason: String)
  /// The wallet to change is not followed.
  case notTracked
  /// What was wanted can be read now.
  case ready
  /// It could not be had; what there is may be answered.
  case unavailable
}

/// Whether a wallet's profile can be answered from memory.
public enum ProfileStatus: Hashable, Sendable {
  /// The profile is there and fresh enough for the window asked for.
  case ready
  /// It is being computed; `Clients.wake(.profile(address), …)` follows.
  case pending
  /// It will not be computed now (queue full, profiling disabled, no exchange).
  case unavailable
}
