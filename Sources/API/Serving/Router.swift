/// From a parsed request to its answer: host check, route, parameters, handler; every refusal in JSON.
///
/// Nothing a client sends is answered with a 500. One router serves all connections; it holds no state
/// between requests but its counters.
import Base
import Wire

/// Answers requests.
public final class Router {
  private let routes: [Route]
  private let table: RouteTable
  private var hosts: HostCheck
  private let call: RouteCall
  private var token: TokenCheck
  private var crossOrigin: CrossOrigin
  /// Requests per second above which a connection is answered 429.
  let requestsPerSecondMax: Int
  /// The same by address, for clients that are not on this machine.
  @exclusivity(unchecked) var networkRates: NetworkRates
  /// The most requests that wait at a time; further ones are answered 503.
  public static let parkedMax = 256
  /// Requests refused because too many waited.
  public var refusedWaiting: UInt64 { call.refusedWaiting }
  /// Requests refused because their connection, or their address, asked too often.
  @exclusivity(unchecked) public private(set) var refusedFlood: UInt64 = 0
  /// The most memory for unfinished requests of all connections together; beyond it, connections whose request
  /// takes more than `heldFreelyMax` are answered 503.
  public static let heldBytesMax = 32 << 20
  /// What a connection may hold whatever the others do.
  static let heldFreelyMax = 1 << 10
  /// Memory for unfinished requests now.
  @exclusivity(unchecked) public internal(set) var heldBytes = 0
  /// Connections ended because unfinished requests took too much memory.
  @exclusivity(unchecked) public private(set) var refusedHeld: UInt64 = 0
  /// Requests that wait now.
  @exclusivity(unchecked) public internal(set) var parked = 0 { didSet { call.counts.waiting = parked } }
  /// A parser between requests, lent to whichever connection has bytes; see `ClientSession`.
  @exclusivity(unchecked) private var spareReader: RequestReader?
  /// The route of the request at hand; negative while there is none.
  @exclusivity(unchecked) private var routeIndex = -1
  /// Why the body at hand is not an object; reported together with the parameters' errors.
  private var bodyFailure: RequestBody.Failure?
  /// Requests answered, refusals included.
  @exclusivity(unchecked) public private(set) var requests: UInt64 = 0

  /// A router over every route of the register.
  public convenience init(views: Views, options: APIOptions) {
    self.init(views: views, options: options, routes: Route.all)
  }

  /// A router over `routes`, for tests of the parts that do not depend on the register.
  init(views: Views, options: APIOptions, routes: [Route]) {
    self.routes = routes
    table = RouteTable(routes)
    hosts = HostCheck(options)
    token = TokenCheck(options)
    crossOrigin = CrossOrigin(options)
    requestsPerSecondMax = options.requestsPerSecondMax
    networkRates = NetworkRates(max: options.networkRequestsPerSecondMax)
    call = RouteCall(
      views: views, documents: Documents(routes, version: options.version), counts: RequestCounts(routes),
      version: options.version)
  }

  /// Takes over other hosts, token and origins, from the next request on; the rest of the options stays.
  public func configure(_ options: APIOptions) {
    hosts = HostCheck(options)
    token = TokenCheck(options)
    crossOrigin = CrossOrigin(options)
  }

  /// Appends the answer to `request`; `keepAlive` is whether the connection stays open behind it, `resumed` how
  /// a parked request goes on. Not `nil` when nothing was answered because the handler waits.
  func answer(
    _ request: borrowing HTTPRequest, keepAlive: Bool, resumed: Resumed? = nil, into out: ByteBuffer
  ) -> Parking? {
    if resumed == nil { requests &+= 1 }
    routeIndex = -1
    let parking = respond(request, keepAlive: keepAlive, resumed: resumed, into: out)
    if parking == nil { call.counts.count(routeIndex, status: call.status) }
    return parking
  }

  private func respond(
    _ request: borrowing HTTPRequest, keepAlive: Bool, resumed: Resumed?, into out: ByteBuffer
  ) -> Parking? {
    call.response = HTTPResponseWriter(
      into: out, keepAlive: keepAlive, isHead: request.method == .head, minorVersion: request.minorVersion)
    call.beginRun(request, resumed, canPark: parked < Router.parkedMax)
    if !call.lines.isEmpty { call.lines.removeAll() }
    if let host = request.host, !hosts.accepts(host) {
      refuse(421, "Host not allowed")
      return nil
    }
    var isAllowedOrigin = false
    if crossOrigin.isOn { isAllowedOrigin = crossOrigin.take(request, call.lines) }
    call.prepare(targetBytes: request.path.count + request.query.count)
    let node = table.find(request.path, call)
    guard node >= 0, table.isEnd(node) else {
      answerUnknown(request)
      return nil
    }
    let method = Router.method(request.method)
    let index = method.map { table.route(at: node, $0) } ?? -1
    guard let method, index >= 0 else {
      if isAllowedOrigin, request.method == .options { answerPreflight(node) } else { refuseMethod(node) }
      return nil
    }
    routeIndex = index
    if token.isNeeded(method), !routes[index].isOpen, !isAuthorized(request) { return nil }
    guard takePathParameters(index), takeBody(index, request) else { return nil }
    guard takeParameters(index, request.query) else { return nil }
    let mark = out.count
    routes[index].answer(call)
    guard let parking = call.parking else {
      call.finish()
      return nil
    }
    precondition(out.count == mark, "a handler that waits has answered nothing")
    return parking
  }

  /// Appends the answer to a request that could not be read; the connection ends with it.
  func answer(malformed error: HTTPError, into out: ByteBuffer) {
    requests &+= 1
    call.response = HTTPResponseWriter(into: out, keepAlive: false, isHead: false)
    call.beginWithoutRequest()
    refuse(error.status, error.reason)
    call.counts.count(-1, status: call.status)
  }

  /// Appends the answer to a client that asks too often.
  func answerTooMany(_ request: borrowing HTTPRequest, keepAlive: Bool, into out: ByteBuffer) {
    requests &+= 1
    call.response = HTTPResponseWriter(
      into: out, keepAlive: keepAlive, isHead: request.method == .head, minorVersion: request.minorVersion)
    call.beginWithoutRequest()
    refusedFlood &+= 1
    refuse(429, "Too Many Requests", "retry-after: 1\r\n")
    call.counts.count(-1, status: call.status)
  }

  /// Appends the answer to a request there is no memory for.
  func answerNoRoom(into out: ByteBuffer) {
    requests &+= 1
    call.response = HTTPResponseWriter(into: out, keepAlive: false, isHead: false)
    call.beginWithoutRequest()
    refusedHeld &+= 1
    refuse(503, "Too many unfinished requests", "retry-after: 1\r\n")
  }

  /// What a route can be registered for; `nil` for OPTIONS, CONNECT, TRACE and inventions.
  private static func method(_ method: HTTPMethod) -> Route.Method? {
    switch method {
    case .get, .head: .get
    case .post: .post
    case .put: .put
    case .patch: .patch
    case .delete: .delete
    case .options, .other: nil
    }
  }

  /// A parser at the start of a connection.
  func takeReader() -> RequestReader {
    guard let reader = spareReader else { return RequestReader() }
    spareReader = nil
    return reader
  }

  /// Takes back a parser that is between requests and has nothing unread.
  func giveBack(_ reader: RequestReader) { spareReader = reader }

  // MARK: Refusals

  /// `{"detail":"reason"}`; `lines` are header lines, each with its CRLF.
  private func refuse(_ status: Int, _ reason: StaticString, _ lines: StaticString = "") {
    refuse(status, reason) { call.response.buffer.append(lines) }
  }

  private func refuse(_ status: Int, _ reason: StaticString, head: () -> Void) {
    call.open(status, .json, head)
    var json = JSONWriter(into: call.response.buffer)
    json.beginObject()
    json.key("detail")
    json.string(reason)
    json.endObject()
    call.response.end()
  }

  /// Whether the request carries the token; else answers 401.
  private func isAuthorized(_ request: borrowing HTTPRequest) -> Bool {
    switch token.verdict(request.fields.first("authorization")) {
    case .accepted: return true
    case .missing: refuse(401, "Not authenticated", "www-authenticate: Bearer\r\n")
    case .wrong:
      refuse(401, "Invalid token", "www-authenticate: Bearer error=\"invalid_token\"\r\n")
    }
    return false
  }

  /// 405 with the methods the path has. HEAD goes without saying where GET is, as with the replaced service.
  private func refuseMethod(_ node: Int) {
    refuse(405, "Method Not Allowed") {
      call.response.buffer.append("allow: ")
      writeMethods(node)
    }
  }

  /// What a page of another origin may send to the path (the fetch standard's preflight).
  private func answerPreflight(_ node: Int) {
    call.open(204, .none) {
      call.response.buffer.append("access-control-allow-methods: ")
      writeMethods(node)
      call.response.buffer.append(
        "access-control-allow-headers: authorization, content-type, if-none-match\r\n")
      call.response.buffer.append("access-control-max-age: 600\r\n")
    }
    call.response.end()
  }

  /// Ends a header line with the methods of the path.
  private func writeMethods(_ node: Int) {
    var isFirst = true
    for method in Route.Method.allCases where table.route(at: node, method) >= 0 {
      if !isFirst { call.response.buffer.append(", ") }
      call.response.buffer.append(method.text)
      isFirst = false
    }
    call.response.buffer.append("\r\n")
  }

  /// 404, or 307 to the path without its final slashes when a route stands there.
  private func answerUnknown(_ request: borrowing HTTPRequest) {
    var high = request.path.count
    while high > 1, request.path[high - 1] == UInt8(ascii: "/") { high -= 1 }
    let path = UnsafeRawBufferPointer(rebasing: request.path[..<high])
    guard high < request.path.count, case let node = table.find(path, call), node >= 0, table.isEnd(node)
    else { return refuse(404, "Not Found") }
    let location = ByteBuffer(capacity: 256)
    if let host = request.host {
      location.append("http://")
      location.append(host)
    }
    location.append(path)
    if !request.query.isEmpty {
      location.append("?")
      location.append(request.query)
    }
    call.open(307, .none) { call.response.header("location", location.bytes) }
    call.response.end()
  }

  // MARK: Parameters

  /// Takes the path's parameters; answers 400 or 422 and `false` when one cannot be taken.
  private func takePathParameters(_ index: Int) -> Bool {
    for segment in 0..<call.segmentCount where !call.isUTF8(segment) {
      refuse(400, "Path is not valid UTF-8")
      return false
    }
    return true
  }

  /// Reads the body of a route that takes one; answers 400 or 422 and `false` when it is not JSON.
  private func takeBody(_ index: Int, _ request: borrowing HTTPRequest) -> Bool {
    bodyFailure = nil
    guard let schema = routes[index].body else { return true }
    let failure = call.body.take(request.body, contentType: request.fields.first("content-type"), schema)
    switch failure {
    case .unreadable:
      refuse(400, "There was an error parsing the body")
      return false
    case .notJSON:
      var json = beginRefusal()
      if let failure { call.body.write(failure, &json) }
      endRefusal(&json)
      return false
    case .absent, .notAnObject, nil:
      bodyFailure = failure
      return true
    }
  }

  /// Takes the values of all parameters and checks the body's fields, or answers 422 with everything that is
  /// wrong and `false`.
  private func takeParameters(_ index: Int, _ query: UnsafeRawBufferPointer) -> Bool {
    let count = routes[index].parameters.count
    var refusal: JSONWriter?
    var segment = 0
    for parameter in 0..<count {
      let input: UnsafeRawBufferPointer?
      if routes[index].parameters[parameter].place == .path {
        input = call.segment(segment)
        segment += 1
      } else {
        input = query.isEmpty ? nil : call.query(query, routes[index].parameters[parameter].name)
      }
      guard let problem = call.take(routes[index].parameters[parameter], parameter, input) else { continue }
      var json = refusal ?? beginRefusal()
      if let input { Refusal.write(routes[index].parameters[parameter], problem, input: input, &json) }
      refusal = json
    }
    if routes[index].body != nil { checkBody(&refusal) }
    guard var json = refusal else { return true }
    endRefusal(&json)
    return false
  }

  private func checkBody(_ refusal: inout JSONWriter?) {
    if let bodyFailure {
      var json = refusal ?? beginRefusal()
      call.body.write(bodyFailure, &json)
      refusal = json
      return
    }
    call.body.forEachProblem { write in
      var json = refusal ?? beginRefusal()
      write(&json)
      refusal = json
    }
  }

  private func endRefusal(_ json: inout JSONWriter) {
    json.endArray()
    json.endObject()
    call.response.end()
  }

  private func beginRefusal() -> JSONWriter {
    var json = call.begin(422)
    json.beginObject()
    json.key("detail")
    json.beginArray()
    return json
  }
}
