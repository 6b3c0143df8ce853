/// JSON text with line breaks and indentation, for reading; strings and numbers stay as they are.
enum PrettyJSON {
  /// `json`, which must be valid JSON without blanks, spread over lines. Innermost objects and lists stay in
  /// one.
  static func text(_ json: String) -> String {
    let bytes = Array(json.utf8)
    var out: [UInt8] = []
    var depth = 0
    var index = 0
    func newLine() {
      out.append(UInt8(ascii: "\n"))
      out.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 2))
    }
    while index < bytes.count {
      let byte = bytes[index]
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        if let end = leafEnd(bytes, index) {
          out.append(contentsOf: bytes[index...end])
          index = end
        } else {
          out.append(byte)
          depth += 1
          newLine()
        }
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        newLine()
        out.append(byte)
      case UInt8(ascii: ","):
        out.append(byte)
        newLine()
      case UInt8(ascii: ":"):
        out.append(contentsOf: [byte, UInt8(ascii: " ")])
      case UInt8(ascii: "\""):
        let end = stringEnd(bytes, index)
        out.append(contentsOf: bytes[index...end])
        index = end
      default:
        out.append(byte)
      }
      index += 1
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// The closing bracket of the container at `start` if it is short and holds no container itself.
  private static func leafEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
    var index = start + 1
    while index < bytes.count, index - start < 60 {
      switch bytes[index] {
      case UInt8(ascii: "}"), UInt8(ascii: "]"): return index
      case UInt8(ascii: "{"), UInt8(ascii: "["): return nil
      case UInt8(ascii: "\""): index = stringEnd(bytes, index)
      default: break
      }
      index += 1
    }
    return nil
  }

  /// The closing quote of the string whose opening quote is at `start`.
  private static func stringEnd(_ bytes: [UInt8], _ start: Int) -> Int {
    var index = start + 1
    while index < bytes.count - 1, bytes[index] != UInt8(ascii: "\"") {
      index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    return min(index, bytes.count - 1)
  }
}
