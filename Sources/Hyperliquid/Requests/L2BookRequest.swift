public import Market
public import Wire

extension InfoType {
  /// The book of one coin.
  public static let l2Book = InfoType(name: "l2Book", weight: Venue.weightLight, rowsPerWeight: nil)
}

extension Book {
  /// Reads the body of an `l2Book` reply; `.null` for an unknown coin. Empties the book before it throws.
  public mutating func decode(body: UnsafeRawBufferPointer, coins: Coins) throws(JSONError) {
    do throws(JSONError) {
      var reader = JSONReader(body)
      try read(&reader, coins)
      try reader.finish()
    } catch {
      self = Book()
      throw error
    }
  }
}
