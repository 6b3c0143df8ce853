/// One request on its way through a handler: what may be read, the parameters' values, and where the answer
/// goes.
///
/// One object per router, used again for every request; nothing in it outlives the request. Text parameters
/// are views into the request or into `scratch`, so handlers copy what they keep.
import Base
import Market
import Wire

final class RouteCall {
  /// What may be read.
  let views: Views
  /// The printed documents.
  let documents: Documents
  /// Requests answered so far.
  let counts: RequestCounts
  /// The daemon's version.
  let version: String
  /// The request's body, for routes that take one.
  let body = RequestBody()
  /// How a parked request goes on; `nil` when the request runs for the first time.
  @exclusivity(unchecked) private(set) var resumed: Resumed?
  /// Header lines every answer to this request gets.
  let lines = ByteBuffer(capacity: 64)
  private let negotiation: Negotiation
  @exclusivity(unchecked) private var date = HTTPDate()
  /// The status of the answer begun last.
  @exclusivity(unchecked) private(set) var status = 0
  /// What the handler wants to wait for.
  @exclusivity(unchecked) private(set) var parking: Parking?
  /// Requests refused because too many waited.
  private(set) var refusedWaiting: UInt64 = 0
  /// Whether further requests may be parked.
  @exclusivity(unchecked) private var canPark = true
  /// How many path segments stood for parameters.
  @exclusivity(unchecked) var segmentCount = 0
  /// Where the answer goes, while there is a request.
  @exclusivity(unchecked) var response = HTTPResponseWriter(
    into: ByteBuffer(capacity: 64), keepAlive: false, isHead: false)

  private let segments: UnsafeMutablePointer<UnsafeRawBufferPointer>
  private let values: UnsafeMutablePointer<ParameterValue>
  /// Decoded text; `prepare` reserves what one request can need, so that views into it stay good.
  private let scratch = ByteBuffer(capacity: 256)

  init(views: Views, documents: Documents, counts: RequestCounts, version: String) {
    self.views = views
    self.documents = documents
    self.counts = counts
    self.version = version
    negotiation = Negotiation(epoch: UInt64(bitPattern: views.now.wall.ms))
    segments = .allocate(capacity: RouteTable.parametersMax)
    segments.initialize(
      repeating: UnsafeRawBufferPointer(start: nil, count: 0), count: RouteTable.parametersMax)
    values = .allocate(capacity: Route.parametersMax)
    values.initialize(repeating: ParameterValue(), count: Route.parametersMax)
  }

  deinit {
    segments.deallocate()
    values.deallocate()
  }

  // MARK: For handlers

  /// The views with `health`, `stats` and `readiness` filled.
  var freshViews: Views {
    views.refresh?(views)
    return views
  }

  /// Begins the JSON answer `status`; the router ends it.
  func begin(_ status: Int) -> JSONWriter {
    open(status, .json)
    return JSONWriter(into: response.buffer)
  }

  /// Answers with JSON that is printed already.
  func answer(_ status: Int, with json: ByteBuffer) {
    open(status, .json)
    response.buffer.append(json.bytes)
  }

  /// Answers with a page.
  func answer(_ status: Int, html page: ByteBuffer) {
    open(status, .html)
    response.buffer.append(page.bytes)
  }

  /// Writes the head of an answer; `more` adds header lines of its own.
  func open(_ status: Int, _ type: HTTPResponseWriter.ContentType, _ more: () -> Void = {}) {
    self.status = status
    response.begin(status, type)
    response.buffer.append(date.line(views.now.wall))
    if !lines.isEmpty { response.buffer.append(lines.bytes) }
    if status == 200 || status == 304 { negotiation.writeHead(to: response.buffer) }
    more()
    response.beginBody()
  }

  // MARK: Answers that are known

  /// Says which version of the data the answer is of; `true` when that is answer enough: the client has this
  /// version (304), or the same was printed for another client in this tenth of a second.
  ///
  ///     if call.version(views.knowledge.positions.version(of: coin)) { return }
  ///
  /// To be called before anything is written. The version goes into a weak entity tag: it must change whenever
  /// the data does; what only tells its age may differ. Only answers with status 200 are kept and tagged.
  func version(_ version: UInt64) -> Bool {
    if negotiation.isKnown(version) {
      open(304, .none)
      return true
    }
    return isKept(AnswerCache.Stamp(version: version, wall: views.now.wall.ms / 100))
  }

  /// Answers as another client was answered if nothing of `stamp` has changed since; else remembers the answer
  /// that is written now under it.
  func isKept(_ stamp: AnswerCache.Stamp) -> Bool {
    guard let body = negotiation.find(stamp) else { return false }
    answer(200, with: body)
    return true
  }

  // MARK: Waiting

  /// How long a client waits for its write to be on disk; deployed clients give up after 5 s.
  static let writeMax = TimeSpan.seconds(3)

  /// Waits for `reason`, at most until `deadline`: the handler returns without an answer and is run again, with
  /// the same request and `resumed` set. Answers 503 by itself and `false` when too many requests wait.
  @discardableResult
  func park(on reason: WaitReason, until deadline: Instant) -> Bool {
    guard mayPark() else { return false }
    parking = Parking(reason: reason, until: deadline)
    return true
  }

  /// Stores `write` and waits until it is on disk:
  ///
  ///     guard let outcome = call.commit(.unwatch(key: key)) else { return }
  ///     // On disk (or `.notTracked`); answer.
  ///
  /// `nil` means the handler has to return: the request waits, or was answered 503. `write` is not evaluated
  /// when the request comes back.
  func commit(_ write: @autoclosure () -> ClientWrite) -> WaitOutcome? {
    switch resumed {
    case .done(.refused(let reason)):
      refuse503(reason)
      return nil
    case .done(.unavailable), .expired:
      // Unlike all other refusals this one does not say that nothing was changed.
      refuse503("Not stored in time, it may still be; look, then try again")
      return nil
    case .done(let outcome): return outcome
    case nil: break
    }
    guard mayPark() else { return nil }
    guard let submit = views.submit, let ticket = submit(write()) else {
      refuse503("Storage is not available, try again")
      return nil
    }
    park(on: .write(ticket), until: views.now.instant + RouteCall.writeMax)
    return nil
  }

  /// Whether another request may wait; else answers 503.
  private func mayPark() -> Bool {
    if canPark { return true }
    refusedWaiting &+= 1
    refuse503("Too many requests are waiting, try again")
    return false
  }

  private func refuse503(_ reason: String) {
    var json = begin(503)
    json.beginObject()
    json.pair("error", reason)
    json.endObject()
  }

  /// Begins a run of a handler.
  @inline(__always)
  func beginRun(_ request: borrowing HTTPRequest, _ resumed: Resumed?, canPark: Bool) {
    negotiation.begin(request)
    self.resumed = resumed
    self.canPark = canPark
    parking = nil
  }

  /// Begins an answer to a request that could not be read.
  func beginWithoutRequest() {
    negotiation.begin()
    lines.removeAll()
    parking = nil
  }

  /// Ends the handler's answer.
  @inline(__always)
  func finish() {
    if status == 200 { negotiation.finish(&response) }
    response.end()
  }

  // MARK: Parameters

  /// The parameter at `index` of the route's list, a text.
  func text(_ index: Int) -> UnsafeRawBufferPointer { values[index].text }
  /// The parameter at `index` of the route's list, a whole number.
  func integer(_ index: Int) -> Int64 { values[index].integer }
  /// The parameter at `index` of the route's list, a number.
  func number(_ index: Int) -> Double { values[index].number }
  /// The parameter at `index` of the route's list, a yes or no.
  func flag(_ index: Int) -> Bool { values[index].flag }

  /// The coin the text parameter at `index` means: exact spelling first, then any capitals.
  func coin(_ index: Int) -> CoinID? {
    views.coins.find(text(index)) ?? views.coins.resolve(String(decoding: text(index), as: UTF8.self))
  }

  /// The text parameter at `index` in capitals, as answers echo a coin nobody lists.
  func uppercased(_ index: Int) -> String { String(decoding: text(index), as: UTF8.self).uppercased() }

  // MARK: For the router

  /// Makes ready for a request whose target has `targetBytes` bytes.
  func prepare(targetBytes: Int) {
    scratch.removeAll()
    segmentCount = 0
    // Every byte of the target is decoded at most twice: as path or query text, and when names are compared.
    _ = scratch.reserve(2 * targetBytes)
  }

  /// Notes a path segment that stands for a parameter.
  func addSegment(_ segment: UnsafeRawBufferPointer) {
    segments[segmentCount] = segment
    segmentCount += 1
  }

  /// The path segment that stood for parameter `index`, decoded.
  func segment(_ index: Int) -> UnsafeRawBufferPointer { segments[index] }

  /// Whether segment `index` is valid UTF-8.
  func isUTF8(_ index: Int) -> Bool {
    segments[index].allSatisfy { $0 < 0x80 } || String(validating: segments[index], as: UTF8.self) != nil
  }

  /// The value `parameter` at `index` gets from `input`, its default when that is `nil`; or what is wrong.
  func take(_ parameter: Parameter, _ index: Int, _ input: UnsafeRawBufferPointer?) -> ParameterProblem? {
    guard let input else {
      values[index] = parameter.kind.initialValue
      return nil
    }
    return parameter.kind.parse(input, into: &values[index])
  }

  /// The decoded value of the last pair called `name` in `query`.
  func query(_ query: UnsafeRawBufferPointer, _ name: String) -> UnsafeRawBufferPointer? {
    var last: UnsafeRawBufferPointer?
    var pairs = QueryReader(query)
    while let pair = pairs.next() {
      if URLText.decodes(pair.name, plusIsSpace: true, to: name) { last = pair.value }
    }
    return last.map { decoded($0, plusIsSpace: true) }
  }

  /// `text` with `%` escapes resolved; an escape that is none stays as it is.
  func decoded(_ text: UnsafeRawBufferPointer, plusIsSpace: Bool) -> UnsafeRawBufferPointer {
    let start = scratch.count
    URLText.decode(text, plusIsSpace: plusIsSpace, into: scratch)
    return scratch.bytes(in: start..<scratch.count)
  }
}

/// How a parked request goes on.
enum Resumed: Hashable {
  /// What it waited for has happened.
  case done(WaitOutcome)
  /// It did not happen in time.
  case expired
}

/// What a request waits for, and how long.
struct Parking: Hashable {
  var reason: WaitReason
  var until: Instant
}

/// The value of one parameter; the member of its kind is set.
struct ParameterValue {
  var integer: Int64 = 0
  var number = 0.0
  var flag = false
  var text = UnsafeRawBufferPointer(start: nil, count: 0)
}
