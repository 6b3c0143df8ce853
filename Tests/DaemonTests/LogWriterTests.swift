import Base
import Foundation
import Testing

@testable import Core
@testable import Daemon

/// Log lines: one per event, whole or not at all, never a stall.
@Suite struct LogWriterTests {
  private func pipe() -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    precondition(Glibc.pipe(&ends) == 0)
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    return (ends[0], ends[1])
  }

  private func text(_ descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = read(descriptor, &bytes, bytes.count)
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : ""
  }

  @Test func aLineHasTimeLevelAndFields() {
    let ends = pipe()
    let log = LogWriter(descriptor: ends.write)
    log.write(.warning, "msg=\"disk full\" rows=3", wall: WallTime(ms: 1_769_904_000_007))
    #expect(text(ends.read) == "time=2026-02-01T00:00:00.007Z level=warning msg=\"disk full\" rows=3\n")
  }

  @Test func linesBelowTheLevelAreNotWritten() {
    let ends = pipe()
    LogWriter(descriptor: ends.write, least: .warning).write(.info, "msg=x", wall: WallTime(ms: 0))
    #expect(text(ends.read).isEmpty)
  }

  @Test func aFullPipeDropsLinesAndSaysHowMany() {
    let ends = pipe()
    let log = LogWriter(descriptor: ends.write)
    let long = "msg=" + String(repeating: "x", count: 3000)
    for _ in 0..<100 { log.write(.info, long, wall: WallTime(ms: 0)) }
    let lines = text(ends.read).split(separator: "\n").count
    #expect(lines > 0 && lines < 100)
    log.write(.info, "msg=after", wall: WallTime(ms: 0))
    #expect(text(ends.read).contains("lines_dropped=\(100 - lines) msg=after"))
    log.write(.info, "msg=again", wall: WallTime(ms: 0))
    #expect(!text(ends.read).contains("lines_dropped"))
    #expect(log.droppedTotal == 100 - lines)
  }

  @Test func anOverlongLineIsCutNotSplit() {
    let ends = pipe()
    let log = LogWriter(descriptor: ends.write)
    log.write(.info, "msg=" + String(repeating: "y", count: 10_000), wall: WallTime(ms: 0))
    let written = text(ends.read)
    #expect(written.utf8.count == LogWriter.lineBytesMax && written.hasSuffix("y\n"))
  }

  @Test func jsonLinesAreJSON() throws {
    let ends = pipe()
    let log = LogWriter(descriptor: ends.write, isJSON: true)
    log.write(
      .warning, #"msg="disk full" rows=3 share=0.5 id=007 path=C:\x words="it's ä" empty="" bare"#,
      wall: WallTime(ms: 1_769_904_000_007))
    let line = text(ends.read)
    let read = try #require(
      JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(read["time"] as? String == "2026-02-01T00:00:00.007Z" && read["level"] as? String == "warning")
    #expect(read["msg"] as? String == "disk full" && read["rows"] as? Int == 3)
    #expect(read["share"] as? Double == 0.5 && read["id"] as? String == "007")
    #expect(read["path"] as? String == #"C:\x"# && read["words"] as? String == "it's ä")
    #expect(read["empty"] as? String == "" && read["bare"] as? String == "")
  }

  @Test(arguments: [3_950, 3_990, 4_000, 4_010, 4_050, 9_000])
  func anOverlongJSONLineIsCutAndStaysJSON(length: Int) throws {
    let ends = pipe()
    let log = LogWriter(descriptor: ends.write, isJSON: true)
    log.write(
      .info, "msg=\"" + String(repeating: "ä\\", count: length / 3) + "\" next=1", wall: WallTime(ms: 0))
    let line = text(ends.read)
    #expect(line.utf8.count <= LogWriter.lineBytesMax && line.hasSuffix("}\n"))
    _ = try JSONSerialization.jsonObject(with: Data(line.utf8))
  }

  @Test func valuesAreQuotedAndHarmless() {
    let output = Output()
    output.log(
      .info, "coin listed", ("coin", "xyz:A B"), ("plain", "BTC"), ("quote", "a\"b\nc"), ("empty", ""))
    guard case .log(_, let range) = output.effects[0] else {
      Issue.record("no log effect")
      return
    }
    let line = String(decoding: output.bytes.bytes(in: range), as: UTF8.self)
    #expect(line == "msg=\"coin listed\" coin=\"xyz:A B\" plain=BTC quote=\"a'b c\" empty=\"\"")
  }
}

/// Memory as the kernel counts it.
@Suite struct MemoryProbeTests {
  @Test func residentMemoryIsRealAndGrows() {
    let probe = MemoryProbe()
    let before = probe.residentBytes()
    #expect(before > 1 << 20)
    let block = UnsafeMutableRawPointer.allocate(byteCount: 64 << 20, alignment: 4096)
    memset(block, 1, 64 << 20)
    #expect(probe.residentBytes() > before + (48 << 20))
    block.deallocate()
  }
}
