import FuzzTargets
import Glibc

/// libFuzzer's entry: one binary for every target; `HYNOUS_FUZZ_TARGET` names the one to run.
private let target: FuzzTarget = {
  let name = getenv("HYNOUS_FUZZ_TARGET").map { String(cString: $0) } ?? ""
  guard let found = FuzzTarget.all.first(where: { $0.name == name }) else {
    fatalError("HYNOUS_FUZZ_TARGET must be one of: \(FuzzTarget.all.map(\.name).joined(separator: " "))")
  }
  return found
}()

/// One input from libFuzzer; the name and shape are its own.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  target.run(UnsafeRawBufferPointer(start: bytes, count: count))
  return 0
}
