import Base
import Glibc
import Wire

extension FuzzTarget {
  /// Any bytes as a decimal, beside a reference that calculates with digits, and as a double, beside `strtod`; and
  /// eight of them as a double and as an integer to print, read back.
  public static let decimal = FuzzTarget("decimal") { bytes in
    let reference = DecimalReference(bytes)
    precondition(DecimalText.isDecimal(bytes) == (reference != nil), "another grammar")
    for scale in [0, 2, 6, 8, 9, 18] {
      for rounding in [DecimalRounding.refuse, .halfAway] {
        let (found, wanted) = (outcome(bytes, scale, rounding), expected(reference, scale, rounding))
        precondition(isSame(found, wanted, reference, scale), "another decimal at \(scale)")
      }
    }
    if reference != nil { compareDouble(bytes) }
    guard bytes.count >= 8 else { return }
    let word = bytes.loadUnaligned(as: UInt64.self)
    printDouble(Double(bitPattern: word))
    let scale = Int(bytes.last ?? 0) % 19
    for places in [0, 2, scale, 18] { printDecimal(Int64(bitPattern: word), scale, places) }
  }

  private enum Outcome: Equatable {
    case value(Int64)
    case failure(DecimalText.Failure)
  }

  private static func outcome(
    _ bytes: UnsafeRawBufferPointer, _ scale: Int, _ rounding: DecimalRounding
  ) -> Outcome {
    do throws(DecimalText.Failure) {
      return .value(try DecimalText.parse(bytes, scale: scale, rounding: rounding))
    } catch { return .failure(error) }
  }

  private static func expected(
    _ reference: DecimalReference?, _ scale: Int, _ rounding: DecimalRounding
  ) -> Outcome {
    guard let reference else { return .failure(.notDecimal) }
    guard let units = reference.units(scale: scale, .halfAway) else { return .failure(.overflow) }
    if rounding == .refuse, !units.isExact { return .failure(.notExact) }
    return reference.integer(units.digits).map { .value($0) } ?? .failure(.overflow)
  }

  /// A number both too large and too fine may be refused as either.
  private static func isSame(
    _ found: Outcome, _ expected: Outcome, _ reference: DecimalReference?, _ scale: Int
  ) -> Bool {
    if found == expected { return true }
    guard case .failure(.overflow) = found, case .failure(.notExact) = expected, let reference else {
      return false
    }
    guard let units = reference.units(scale: scale, .halfAway) else { return true }
    return reference.integer(units.digits) == nil
  }

  private static func compareDouble(_ bytes: UnsafeRawBufferPointer) {
    let wanted = strtod(String(decoding: bytes, as: UTF8.self), nil)
    let found = DoubleText.parse(bytes)
    precondition(
      found?.bitPattern == (wanted.isFinite ? wanted.bitPattern : nil), "strtod reads another double")
  }

  /// What is printed reads back as the same double, in no more digits than the shortest form has, and with an
  /// exponent just where Python writes one.
  private static func printDouble(_ value: Double) {
    guard value.isFinite else { return }
    let text = ByteBuffer()
    DoubleText.append(value, to: text)
    let printed = String(decoding: text.bytes, as: UTF8.self)
    precondition(strtod(printed, nil).bitPattern == value.bitPattern, "prints another double")
    precondition(significant(printed) == significant(value.description), "not the shortest")
    let magnitude = value.magnitude
    precondition(printed.contains("e") == (magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16)))
  }

  /// The digits that count.
  private static func significant(_ text: String) -> String {
    let digits = text.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }
    return String(digits.reversed().drop { $0 == "0" }.reversed())
  }

  /// A scaled integer rounded half-even to some places is printed as the double nearest to the exact result.
  private static func printDecimal(_ raw: Int64, _ scale: Int, _ places: Int) {
    let reference = DecimalReference(raw: raw, scale: scale)
    let kept = min(places, scale)
    guard let units = reference.units(scale: kept, .halfEven) else { preconditionFailure("too many digits") }
    let sign = reference.isNegative ? "-" : ""
    let exact = sign + "0" + String(decoding: units.digits.map { $0 + 48 }, as: UTF8.self) + "e-\(kept)"
    let (ours, theirs) = (ByteBuffer(), ByteBuffer())
    DoubleText.appendDecimal(raw: raw, scale: scale, places: places, to: ours)
    DoubleText.append(strtod(exact, nil), to: theirs)
    precondition(ours.isSame(as: theirs), "another rounding")
  }
}
