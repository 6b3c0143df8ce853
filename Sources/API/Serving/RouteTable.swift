/// From a request's path to the routes that stand there: a trie over path segments in flat memory.
///
/// A lookup compares each segment with the few literals of its node by length and bytes; nothing is
/// allocated, no reference is counted. A literal wins over a parameter at the same place. Bound:
/// `parametersMax` parameter segments. Invariant (checked when built): one route at most per method and
/// pattern.
final class RouteTable {
  /// The most parameter segments of one path.
  static let parametersMax = 4

  /// A literal of a node; the literals of one node are linked by `next`.
  private struct Literal {
    var text: UnsafePointer<UInt8>
    var count: Int
    var node: Int32
    var next: Int32
  }

  /// A place in the tree; -1 means none.
  private struct Node {
    var literal: Int32 = -1
    var parameter: Int32 = -1
    var routes: (Int32, Int32, Int32, Int32, Int32) = (-1, -1, -1, -1, -1)
  }

  @exclusivity(unchecked) private var nodes: UnsafeMutablePointer<Node>
  @exclusivity(unchecked) private var literals: UnsafeMutablePointer<Literal>
  private var nodeCount = 1
  private var literalCount = 0

  init(_ routes: [Route]) {
    // Every segment adds at most one node and one literal.
    let segments = routes.reduce(1) { $0 + RouteTable.segments($1) }
    nodes = .allocate(capacity: segments)
    nodes.initialize(repeating: Node(), count: segments)
    literals = .allocate(capacity: segments)
    for index in routes.indices { add(routes[index], Int32(index)) }
  }

  deinit {
    nodes.deallocate()
    literals.deallocate()
  }

  /// The node of `path` (which starts with `/`), -1 when there is none. The parameter segments go, still
  /// encoded, into `call`.
  func find(_ path: UnsafeRawBufferPointer, _ call: RouteCall) -> Int {
    call.segmentCount = 0
    guard path.count > 1, let start = path.baseAddress?.assumingMemoryBound(to: UInt8.self),
      start[0] == UInt8(ascii: "/")
    else { return -1 }
    var node = 0
    var low = 1
    while low <= path.count {
      var high = low
      var isEncoded = false
      while high < path.count, start[high] != UInt8(ascii: "/") {
        if start[high] == UInt8(ascii: "%") { isEncoded = true }
        high &+= 1
      }
      var segment = UnsafeRawBufferPointer(start: start + low, count: high &- low)
      if isEncoded { segment = call.decoded(segment, plusIsSpace: false) }
      let next = literal(of: node, segment)
      if next >= 0 {
        node = next
      } else {
        node = Int(nodes[node].parameter)
        guard node >= 0, !segment.isEmpty else { return -1 }
        call.addSegment(segment)
      }
      low = high &+ 1
    }
    return node
  }

  /// The index of the route for `method` at `node`, -1 when there is none.
  func route(at node: Int, _ method: Route.Method) -> Int {
    let routes = nodes[node].routes
    switch method {
    case .get: return Int(routes.0)
    case .post: return Int(routes.1)
    case .put: return Int(routes.2)
    case .patch: return Int(routes.3)
    case .delete: return Int(routes.4)
    }
  }

  /// Whether any route stands at `node`.
  func isEnd(_ node: Int) -> Bool {
    let routes = nodes[node].routes
    return routes.0 >= 0 || routes.1 >= 0 || routes.2 >= 0 || routes.3 >= 0 || routes.4 >= 0
  }

  private func literal(of node: Int, _ segment: UnsafeRawBufferPointer) -> Int {
    var index = nodes[node].literal
    while index >= 0 {
      let literal = literals[Int(index)]
      if literal.count == segment.count, RouteTable.equal(literal.text, segment) { return Int(literal.node) }
      index = literal.next
    }
    return -1
  }

  private static func equal(_ text: UnsafePointer<UInt8>, _ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let other = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return true }
    var index = 0
    while index < bytes.count {
      if text[index] != other[index] { return false }
      index &+= 1
    }
    return true
  }

  // MARK: Building

  private static func segments(_ route: Route) -> Int {
    UnsafeBufferPointer(start: route.path.utf8Start, count: route.path.utf8CodeUnitCount)
      .reduce(0) { $0 + ($1 == UInt8(ascii: "/") ? 1 : 0) }
  }

  private func add(_ route: Route, _ index: Int32) {
    let path = UnsafeRawBufferPointer(start: route.path.utf8Start, count: route.path.utf8CodeUnitCount)
    precondition(path.count > 1 && path[0] == UInt8(ascii: "/"), "\(route.path) is no path")
    var node = 0
    var low = 1
    var parameters = 0
    while low <= path.count {
      var high = low
      while high < path.count, path[high] != UInt8(ascii: "/") { high += 1 }
      precondition(high > low, "empty segment in \(route.path)")
      if path[low] == UInt8(ascii: "{") {
        parameters += 1
        node = parameterNode(of: node)
      } else {
        node = literalNode(of: node, UnsafeRawBufferPointer(rebasing: path[low..<high]))
      }
      low = high + 1
    }
    precondition(parameters <= RouteTable.parametersMax)
    precondition(self.route(at: node, route.method) < 0, "two routes at \(route.method) \(route.path)")
    switch route.method {
    case .get: nodes[node].routes.0 = index
    case .post: nodes[node].routes.1 = index
    case .put: nodes[node].routes.2 = index
    case .patch: nodes[node].routes.3 = index
    case .delete: nodes[node].routes.4 = index
    }
  }

  private func parameterNode(of node: Int) -> Int {
    if nodes[node].parameter < 0 {
      nodes[node].parameter = Int32(nodeCount)
      nodeCount += 1
    }
    return Int(nodes[node].parameter)
  }

  private func literalNode(of node: Int, _ segment: UnsafeRawBufferPointer) -> Int {
    let known = literal(of: node, segment)
    if known >= 0 { return known }
    // The bytes are a literal's in the program text, so the pointer stays good.
    guard let text = segment.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return node }
    let fresh = Literal(
      text: text, count: segment.count, node: Int32(nodeCount), next: nodes[node].literal)
    (literals + literalCount).initialize(to: fresh)
    nodes[node].literal = Int32(literalCount)
    literalCount += 1
    nodeCount += 1
    return nodeCount - 1
  }
}
