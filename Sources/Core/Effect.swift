import Base

/// What the service wants done. Plain data; byte payloads are ranges of `Core.outbox`, valid until the next step.
public enum Effect {
  /// Open a connection to the exchange's WebSocket address.
  case connect(LinkID)
  /// Send to the exchange.
  case sendLink(LinkID, Range<Int>)
  /// Drop a connection to the exchange; `linkClosed` follows.
  case closeLink(LinkID)
  /// Send to a client.
  case sendClient(ClientID, Range<Int>)
  /// Close a client's connection once everything sent has left; `clientClosed` follows.
  case closeClient(ClientID)
  /// Drop a client's connection at once; `clientClosed` follows.
  case dropClient(ClientID)
  /// Stop reading from the client until everything sent has left, then answer with `clientDrained`.
  case notifyDrained(ClientID)
  /// Put these bytes in place of the last ones kept so: the next process is to be handed them (`Core.init`), however
  /// this one ends. Before anything that follows.
  case keepSpending(Range<Int>)
  /// POST this body to the exchange's `/info`; a `reply` or `fetchFailed` follows within `timeoutMs`.
  case fetch(FetchID, body: Range<Int>, timeoutMs: Int)
  /// Take `Core.takeBatch()` and write it; `stored` follows. At most one is under way.
  case store
  /// Take `Core.takeSweep()` and run it; `swept` follows. Never while a batch is being written.
  case sweep
  /// Take `Core.takeQuery(id)` and ask the database; `queried` follows. May be asked while a batch is being written.
  case query(QueryID)
  /// Take `Core.takeJob(id)` and run it off the loop; `computed` follows.
  case compute(JobID)
  /// Open the database and read what a restart needs; `loaded` follows.
  case load
  /// Accept no more clients.
  case stopAccepting
  /// The process may end with this status: everything is flushed.
  case exit(Int32)
  /// A line for the log: message and fields in logfmt, without time and level.
  case log(LogLevel, Range<Int>)
}

/// How much a log line matters.
public enum LogLevel: Int, Comparable, Sendable {
  /// For whoever looks for a fault.
  case debug
  /// Normal life.
  case info
  /// Something a person may want to look at.
  case warning
  /// Something that does not work.
  case error

  /// Less before more.
  public static func < (a: LogLevel, b: LogLevel) -> Bool { a.rawValue < b.rawValue }
}
