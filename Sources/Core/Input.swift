public import Base
public import Hyperliquid
public import Store

/// A connection to the exchange, named by the session pool; the driver only keeps the socket under it.
public typealias LinkID = Hyperliquid.LinkID

/// An API client's connection. The driver chooses the number: a slot index, reused after `clientClosed`.
@frozen
public struct ClientID: Hashable, Sendable {
  /// The slot.
  public var raw: Int
  /// The client in slot `raw`.
  @inlinable
  public init(raw: Int) { self.raw = raw }
}

/// A REST request in flight. Core chooses the number and never reuses one within a run.
@frozen
public struct FetchID: Hashable, Sendable {
  /// The running number.
  public var raw: UInt64
  /// The request `raw`.
  @inlinable
  public init(raw: UInt64) { self.raw = raw }
}

/// Why a connection to the exchange ended, as far as the driver can tell.
public enum LinkFailure: Hashable, Sendable {
  /// The name did not resolve.
  case resolve
  /// Nobody listens there.
  case refused
  /// It did not come up in time.
  case timeout
  /// The TLS handshake or record layer failed: wrong name, expired, unknown authority, truncated …
  case tls(String)
  /// The peer reset it or it broke.
  case reset
  /// The peer closed it in order.
  case ended
  /// We closed it.
  case closed
}

/// Why a REST request got no answer.
public enum FetchFailure: Hashable, Sendable {
  /// The name did not resolve.
  case resolve
  /// No connection.
  case connect
  /// No complete answer before the deadline.
  case timeout
  /// The certificate was refused.
  case tls(String)
  /// The answer was larger than its bound.
  case tooLarge
  /// Anything else that broke the exchange of bytes.
  case broken(String)
}

/// Everything that can happen to the service. Byte payloads are borrowed for the duration of one `step`.
public enum Input {
  /// The process is up; sent once, first.
  case started
  /// The deadline Core asked for has come (or the driver woke for another reason).
  case wake
  /// An exchange connection is up, TLS included.
  case linkOpened(LinkID)
  /// Bytes from an exchange connection; 64 readable bytes lie behind them.
  case linkReceived(LinkID, UnsafeRawBufferPointer)
  /// An exchange connection is gone (also when Core asked for it).
  case linkClosed(LinkID, LinkFailure)
  /// A client connected; `network` is the address or network it comes from, 0 for this machine.
  case clientAccepted(ClientID, network: UInt64 = 0)
  /// Bytes from a client.
  case clientReceived(ClientID, UnsafeRawBufferPointer)
  /// The client will send nothing more, but still reads.
  case clientEnded(ClientID)
  /// Everything sent to the client has left (answers `notifyDrained`).
  case clientDrained(ClientID)
  /// The client is gone (also when Core asked for it).
  case clientClosed(ClientID)
  /// A REST reply of any status; `retryAfterS` as the header said, if it did.
  case reply(FetchID, status: Int, body: UnsafeRawBufferPointer, retryAfterS: Int?)
  /// A REST request that got no reply.
  case fetchFailed(FetchID, FetchFailure)
  /// The batch in flight is on disk, or why not.
  case stored(Result<BatchReport, StoreError>)
  /// The database is open and what a restart needs has been read, or why not.
  case loaded(Result<LoadedState, StoreError>)
  /// A slice of the retention sweep is done, or why not.
  case swept(Result<SweepReport, StoreError>)
  /// What a query found, or why it could not be asked.
  case queried(QueryID, Result<StoreAnswer, StoreError>)
  /// What a job found.
  case computed(JobID, JobResult)
  /// What the driver measured of itself, once every `Measurements.interval`; one that is late tells of a loop that
  /// stood still.
  case measured(Measurements)
  /// The configuration was read again: what it says now, and everything that is wrong with it. Anything wrong, and
  /// nothing changes.
  case reloaded(Options, [ConfigProblem])
  /// Stop: finish what is in hand, flush, exit.
  case stop
}

/// What a restart takes from the database.
public typealias LoadedState = StoredState

/// What only the driver can measure.
public struct Measurements: Sendable {
  /// Between two reports.
  public static let interval = TimeSpan.seconds(1)

  /// Turns of the event loop.
  public var turns: UInt64 = 0
  /// How long the last turn took.
  public var turnLast = TimeSpan.zero
  /// The 99th percentile of turn times.
  public var turnP99 = TimeSpan.zero
  /// The longest turn.
  public var turnMax = TimeSpan.zero
  /// Resident memory in bytes.
  public var memoryBytes = 0
  /// How many turns took how long.
  public var turnTimes = DurationCounts()
  /// Open file descriptors; 0 when unknown.
  public var openFiles = 0
  /// Handles of the event loop in memory, timers included.
  public var loopHandles = 0
  /// Timers of the event loop in memory.
  public var loopTimers = 0
  /// Log lines nobody read in time.
  public var logLinesDropped = 0
  /// Bytes of the database's file as of the last commit; 0 when unknown.
  public var databaseBytes = 0
  /// The same of its write-ahead log.
  public var databaseLogBytes = 0
  /// Connections refused because the listener's limit was reached.
  public var clientsRefused = 0
  /// Client connections closed because too much waited to be read.
  public var clientsStalled = 0

  /// Nothing measured.
  public init() {}
}
