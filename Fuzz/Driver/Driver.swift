import FuzzTargets
import Glibc

/// Those of the library, and the one that needs the main program's own files.
private let targets = FuzzTarget.all + [.configFile]

/// libFuzzer's entry: one binary for every target; `HYNOUS_FUZZ_TARGET` names the one to run.
private let target: FuzzTarget = {
  let name = getenv("HYNOUS_FUZZ_TARGET").map { String(cString: $0) } ?? ""
  guard let found = targets.first(where: { $0.name == name }) else {
    fatalError("HYNOUS_FUZZ_TARGET must be one of: \(targets.map(\.name).joined(separator: " "))")
  }
  return found
}()

/// One input from libFuzzer; the name and shape are its own.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  target.run(UnsafeRawBufferPointer(start: bytes, count: count))
  return 0
}
