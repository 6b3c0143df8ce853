import Glibc
import Testing

@testable import Daemon

/// What the process says of itself is what the kernel counts.
@Suite struct OpenFilesTests {
  @Test func filesAreCounted() {
    let probe = MemoryProbe()
    // An older kernel does not say; then nothing is told.
    guard probe.openFiles() > 0 else { return }
    let before = probe.openFiles()
    var opened: [Int32] = []
    for _ in 0..<200 { opened.append(open("/dev/null", O_RDONLY | O_CLOEXEC)) }
    // Other tests of this process open and close some meanwhile.
    #expect(abs(probe.openFiles() - before - 200) < 100)
    for descriptor in opened { close(descriptor) }
  }

  @Test func fileSizesAreThoseOfTheSystem() {
    let sizes = Storage.Sizes(CommandLine.arguments[0])
    #expect(sizes.file > 0)
    #expect(sizes.log == 0)
    #expect(Storage.Sizes("/nowhere/at/all").file == 0)
  }
}
