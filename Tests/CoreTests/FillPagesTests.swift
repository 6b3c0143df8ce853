import Base
import Engines
import Hyperliquid
import Market
import Testing

@testable import Core

/// Page after page of one wallet's fills: none twice, none lost, an end.
@Suite("Pages of fills")
struct FillPagesTests {
  static let from: Int64 = 1_700_000_000_000

  /// Reads a history through, as the queue does; `grow` adds fills between two pages.
  static func read(_ history: FillHistory, from: Int64 = from, grow: ((inout FillHistory) -> Void)? = nil)
    -> (
      FillPages, [Fill]
    )
  {
    var history = history
    var pages = FillPages(from: WallTime(ms: from))
    var fills: [Fill] = []
    while !pages.isComplete {
      fills += pages.take(FillHistory.decoded(history.page(from: pages.start.ms)))
      grow?(&history)
    }
    return (pages, fills)
  }

  @Test("every fill of the window, once, in order", arguments: [0, 1, 1_999, 2_000, 2_001, 5_400])
  func complete(count: Int) {
    for same in [1, 3] {
      let history = FillHistory(count: count, from: Self.from, stepMs: 500, same: same)
      let (pages, fills) = Self.read(history)
      #expect(fills.map { Int($0.tid ?? 0) } == Array(1..<(count + 1)))
      #expect(pages.fills.map { Int($0.tid) } == fills.map { Int($0.tid ?? 0) })
      #expect(pages.rows == count && pages.completeFrom == nil && pages.lostMs == 0)
      #expect(pages.pages <= count / 1_990 + 1)
    }
  }

  @Test("what lies before the window is left out")
  func window() {
    let history = FillHistory(count: 100, from: Self.from, stepMs: 1_000)
    let (_, fills) = Self.read(history, from: Self.from + 40_000)
    #expect(fills.count == 60 && fills.first?.time.ms == Self.from + 40_000)
  }

  @Test("beyond 10,000 fills the exchange gives no more, and the profile says from when it is complete")
  func unreachable() {
    let history = FillHistory(count: 12_000, from: Self.from, stepMs: 100, same: 2)
    let (pages, fills) = Self.read(history)
    #expect(fills.count == 10_000 && Set(fills.map(\.tid)).count == 10_000)
    #expect(pages.completeFrom?.ms == Self.from + 100_000)
    #expect(pages.pages == 6)
  }

  @Test("a wallet that goes on trading is read to an end")
  func growing() {
    let history = FillHistory(count: 9_900, from: Self.from, stepMs: 100)
    var next = 20_000
    let (pages, fills) = Self.read(history) { history in
      let last = history.rows.last?.ms ?? 0
      for n in 0..<500 {
        history.rows.append(.init(ms: last + Int64(n) + 1, tid: next, isBuy: true, start: 0))
        next += 1
      }
    }
    #expect(pages.isComplete && pages.pages <= FillPages.pagesMax)
    #expect(Set(fills.map(\.tid)).count == fills.count && fills.count >= 9_900)
    #expect(pages.completeFrom != nil)
  }

  @Test("a millisecond that fills a page is left behind, and counted")
  func oneMillisecond() {
    var history = FillHistory(count: 3_000, from: Self.from, stepMs: 0)
    history.rows += (0..<10).map {
      FillHistory.Row(ms: Self.from + 50 + Int64($0), tid: 9_000 + $0, isBuy: true, start: 0)
    }
    let (pages, fills) = Self.read(history)
    #expect(pages.lostMs == 1 && pages.isComplete)
    #expect(fills.count == 2_010)
  }

  @Test("pages that make no sense come to an end")
  func nonsense() {
    // Newest first, or always the same page.
    let rows = FillHistory(count: 2_000, from: Self.from, stepMs: 1).rows
    var pages = FillPages(from: WallTime(ms: Self.from))
    var taken = 0
    while !pages.isComplete, taken < 100 {
      _ = pages.take(FillHistory.decoded(rows.reversed()))
      taken += 1
    }
    #expect(taken <= FillPages.pagesMax)
  }
}
