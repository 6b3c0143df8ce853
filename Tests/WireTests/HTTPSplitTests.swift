/// However a stream is cut, the same comes out: every single cut, every pair of cuts of short streams, every byte
/// alone, random cuts of long ones.
import Base
import Testing
import Wire

@Suite("HTTP splits")
struct HTTPSplitTests {
  static let streams = HTTPCorpus.good + HTTPRefusalTests.all.map(\.stream)

  @Test("every single cut gives what the whole gives", arguments: streams.indices)
  func singleCuts(_ index: Int) {
    let stream = bytes(HTTPSplitTests.streams[index])
    let whole = parseRequests(stream)
    for cut in 1..<max(2, stream.count) where parseRequests(stream, cuts: [cut]) != whole {
      Issue.record("cut at \(cut)")
    }
    #expect(parseRequests(stream, cuts: everyByte(stream.count)) == whole)
  }

  @Test("every pair of cuts of the short streams gives what the whole gives")
  func pairsOfCuts() {
    var tried = 0
    for stream in HTTPSplitTests.streams.map({ bytes($0) }) where stream.count <= 64 {
      let whole = parseRequests(stream)
      for first in 1..<max(2, stream.count) {
        for second in (first + 1)..<max(first + 2, stream.count) {
          tried += 1
          if parseRequests(stream, cuts: [first, second]) != whole {
            Issue.record(
              "\(String(decoding: stream, as: UTF8.self).debugDescription): cuts \(first), \(second)")
            return
          }
        }
      }
    }
    #expect(tried > 50_000)
  }

  @Test(
    "answers: every single cut and every pair gives what the whole gives",
    arguments: HTTPResponseTests.streams.indices)
  func responses(_ index: Int) {
    let stream = bytes(HTTPResponseTests.streams[index])
    for ends in [false, true] {
      let whole = parseResponses(stream, ends: ends)
      for first in 1..<max(2, stream.count) {
        #expect(parseResponses(stream, cuts: [first], ends: ends) == whole)
        guard stream.count <= 90 else { continue }
        for second in (first + 1)..<max(first + 2, stream.count)
        where parseResponses(stream, cuts: [first, second], ends: ends) != whole {
          Issue.record("cuts \(first), \(second)")
        }
      }
      #expect(parseResponses(stream, cuts: everyByte(stream.count), ends: ends) == whole)
    }
  }

  @Test("long pipelined streams with random cuts give what the whole gives")
  func randomCuts() {
    var random = PRNG(seed: 20_260_101)
    for _ in 0..<300 {
      var stream: [UInt8] = []
      for _ in 0..<(1 + Int(random.next() % 12)) {
        stream += bytes(HTTPCorpus.good[Int(random.next() % UInt64(HTTPCorpus.good.count))])
      }
      if random.next() % 3 == 0 {
        let rows = HTTPRefusalTests.all
        stream += bytes(rows[Int(random.next() % UInt64(rows.count))].stream)
      }
      let whole = parseRequests(stream)
      var cuts: [Int] = []
      for _ in 0..<Int(random.next() % 9) { cuts.append(Int(random.next() % UInt64(stream.count))) }
      #expect(parseRequests(stream, cuts: cuts.sorted()) == whole)
    }
  }
}
