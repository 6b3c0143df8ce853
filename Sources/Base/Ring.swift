/// A fixed number of places filled in turn: a queue that cannot grow.
///
/// Two ways to add decide what happens when it is full: `push` overwrites the oldest element, `offer` refuses
/// the new one. Bound: `capacity`, fixed at birth; the memory is taken once, when the first element arrives.
/// Invariant: elements are numbered from the oldest (0) to the newest (`count - 1`).
public struct Ring<Element> {
  /// The most elements held.
  public let capacity: Int
  @usableFromInline var places: [Element?] = []
  @usableFromInline var start = 0
  @usableFromInline var held = 0

  /// An empty ring of `capacity` places (at least one).
  @inlinable
  public init(capacity: Int) {
    precondition(capacity > 0)
    self.capacity = capacity
  }

  /// Elements held.
  @inlinable public var count: Int { held }

  /// Whether nothing is held.
  @inlinable public var isEmpty: Bool { count == 0 }
  /// Whether `push` would overwrite and `offer` would refuse.
  @inlinable public var isFull: Bool { count == capacity }
  /// The element that came first.
  @inlinable public var oldest: Element? { count == 0 ? nil : places[start] }
  /// The element that came last.
  @inlinable public var newest: Element? { count == 0 ? nil : places[place(count - 1)] }

  /// The element `index` places behind the oldest; `index` must be in `0 ..< count`.
  @inlinable public subscript(index: Int) -> Element {
    precondition(index >= 0 && index < count)
    return places[place(index)]!
  }

  /// Adds `element`; when full, the oldest makes room and is handed back.
  @inlinable
  @discardableResult
  public mutating func push(_ element: Element) -> Element? {
    let displaced = isFull ? popFirst() : nil
    _ = offer(element)
    return displaced
  }

  /// Adds `element` unless the ring is full; answers whether it was taken.
  @inlinable
  public mutating func offer(_ element: Element) -> Bool {
    guard count < capacity else { return false }
    if places.isEmpty { places = [Element?](repeating: nil, count: capacity) }
    places[place(count)] = element
    held += 1
    return true
  }

  /// Takes the oldest element out.
  @inlinable
  public mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = places[start].take()
    start = place(1)
    held -= 1
    return element
  }

  /// Takes the newest element out.
  @inlinable
  public mutating func popLast() -> Element? {
    guard count > 0 else { return nil }
    held -= 1
    return places[place(count)].take()
  }

  /// Drops every element and keeps the memory.
  @inlinable
  public mutating func removeAll() {
    while popFirst() != nil {}
    start = 0
  }

  /// Where the element with this number lies; `capacity` for 0 is never asked for.
  @inlinable
  func place(_ index: Int) -> Int {
    let sum = start + index
    return sum >= capacity ? sum - capacity : sum
  }
}

extension Ring: Sendable where Element: Sendable {}
