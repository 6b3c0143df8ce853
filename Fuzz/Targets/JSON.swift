import Base
import Wire

extension FuzzTarget {
  /// Any bytes as a JSON text: skipping and reading agree; what is read and written again reads the same; and
  /// Foundation says the same of it, differences it is known for apart (`JSONFoundation.swift`).
  public static let json = FuzzTarget("json") { bytes in
    let input = ByteBuffer(capacity: bytes.count)
    input.append(bytes)
    var skipper = JSONReader(input.bytes)
    defer { withExtendedLifetime(input) {} }
    let skipped = outcome(&skipper) { (reader) throws(JSONError) in try reader.skipValue() }

    let first = ByteBuffer()
    var writer = JSONWriter(into: first)
    var reader = JSONReader(input.bytes)
    let read = outcome(&reader) { (reader) throws(JSONError) in try copy(&reader, &writer) }
    // Reading may refuse numbers no double can hold; else both see the same text.
    if read?.code != .numberOverflow { precondition(skipped == read) }
    compareWithFoundation(input.bytes)
    guard read == nil else { return }

    let second = ByteBuffer()
    var again = JSONWriter(into: second)
    var rereader = JSONReader(first.bytes)
    let reread = outcome(&rereader) { (reader) throws(JSONError) in try copy(&reader, &again) }
    precondition(reread == nil && second.bytes.elementsEqual(first.bytes))
  }

  private static func outcome(
    _ reader: inout JSONReader, _ body: (inout JSONReader) throws(JSONError) -> Void
  ) -> JSONError? {
    do throws(JSONError) {
      try body(&reader)
      try reader.finish()
      return nil
    } catch { return error }
  }

  /// Copies the next value through the writer.
  private static func copy(_ reader: inout JSONReader, _ writer: inout JSONWriter) throws(JSONError) {
    switch try reader.peekKind() {
    case .null:
      _ = try reader.readNull()
      writer.null()
    case .bool: writer.bool(try reader.readBool())
    case .number: writer.double(try reader.readDouble())
    case .string:
      let text = ByteBuffer()
      try reader.readString().append(to: text)
      writer.string(text.bytes)
    case .array:
      try reader.beginArray()
      writer.beginArray()
      while try reader.nextElement() { try copy(&reader, &writer) }
      writer.endArray()
    case .object:
      try reader.beginObject()
      writer.beginObject()
      while let key = try reader.nextKey() {
        let text = ByteBuffer()
        key.append(to: text)
        writer.key(text.bytes)
        try copy(&reader, &writer)
      }
      writer.endObject()
    }
  }
}
