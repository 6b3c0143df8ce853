import Base
import Engines
import Market
import Testing

/// The latest books: replaced, stale, bounded.
@Suite("Order books")
struct OrderBooksTests {
  static func book(_ coin: UInt32, ms: Int64, px: Int64) -> Book {
    var book = Book()
    book.coin = CoinID(raw: coin)
    book.time = WallTime(ms: ms)
    book.bids = [BookLevel(px: Px(raw: px), sz: Sz(raw: 1), orders: 1)]
    return book
  }

  static func at(_ seconds: Int) -> Instant { Instant(ns: 1) + .seconds(seconds) }

  @Test("the latest book counts, and not for longer than ten seconds")
  func latest() {
    let books = OrderBooks()
    #expect(books.book(of: CoinID(raw: 1), now: Self.at(0)) == nil)
    #expect(books.apply(Self.book(1, ms: 1_000, px: 5), now: Self.at(1)))
    #expect(books.apply(Self.book(1, ms: 2_000, px: 6), now: Self.at(2)))
    #expect(books.book(of: CoinID(raw: 1), now: Self.at(2))?.book.bids.first?.px.raw == 6)
    // An older one over a slow connection does not turn it back, unless it is all there is.
    #expect(!books.apply(Self.book(1, ms: 1_500, px: 7), now: Self.at(3)))
    #expect(books.book(of: CoinID(raw: 1), now: Self.at(12))?.receivedAt == Self.at(2))
    #expect(books.book(of: CoinID(raw: 1), now: Self.at(13)) == nil)
    #expect(books.live(now: Self.at(12)) == 1 && books.live(now: Self.at(13)) == 0)
    #expect(books.apply(Self.book(1, ms: 1_500, px: 7), now: Self.at(14)))
    #expect(books.book(of: CoinID(raw: 1), now: Self.at(14))?.book.bids.first?.px.raw == 7)
    books.remove(CoinID(raw: 1))
    #expect(books.count == 0)
  }

  @Test("a book without a coin, and one coin too many, are refused")
  func bounds() {
    let books = OrderBooks()
    #expect(!books.apply(Book(), now: Self.at(0)))
    for coin in 0..<UInt32(OrderBooks.booksMax) {
      #expect(books.apply(Self.book(coin, ms: 1, px: 1), now: Self.at(0)))
    }
    #expect(!books.apply(Self.book(5_000, ms: 1, px: 1), now: Self.at(0)))
    #expect(books.count == OrderBooks.booksMax && books.refused == 1)
  }
}
