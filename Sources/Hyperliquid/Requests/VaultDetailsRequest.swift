public import Market
public import Wire

extension InfoType {
  /// A vault: its children, among others.
  public static let vaultDetails = InfoType(
    name: "vaultDetails", weight: Venue.weightStandard, rowsPerWeight: nil)
}

/// What the daemon wants of a vault: who it is and, for a parent, its children.
public struct VaultDetails: Hashable, Sendable {
  /// A vault's place among others.
  public enum Relationship: Sendable {
    /// Stands alone.
    case normal
    /// Has children.
    case parent
    /// Is one.
    case child
    /// A word we do not know.
    case other
  }

  /// The most children of a vault; the HLP has 7.
  public static let childrenMax = 256

  /// The name; free text of its leader.
  public var name = ""
  /// The vault's account.
  public var vault = Address(a: 0, b: 0, c: 0)
  /// Its leader's account, if sent.
  public var leader: Address?
  /// Whether it is closed.
  public var isClosed = false
  /// Yearly return as a fraction, if sent.
  public var apr: Double?
  /// Its place among others.
  public var relationship = Relationship.other
  /// The children's accounts.
  public var children: [Address] = []

  /// Reads the body; `.null` for an unknown vault, `.missingField` without an address.
  public static func decode(body: UnsafeRawBufferPointer) throws(JSONError) -> VaultDetails {
    var reader = JSONReader(body)
    if try reader.readNull() { throw JSONError(.null, offset: 0) }
    var details = VaultDetails()
    var hasVault = false
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if key.is("vaultAddress") {
        guard let vault = try reader.readAddress() else { throw JSONError(.badValue, offset: reader.offset) }
        details.vault = vault
        hasVault = true
      } else if key.is("name") {
        details.name = try reader.readText()?.string ?? ""
      } else if key.is("leader") {
        details.leader = try reader.readAddress()
      } else if key.is("isClosed") {
        details.isClosed = try reader.readFlag() ?? false
      } else if key.is("apr") {
        details.apr = try reader.readStatistic()
      } else if key.is("relationship") {
        try details.readRelationship(&reader)
      } else {
        try reader.skipValue()
      }
    }
    let end = reader.offset
    try reader.finish()
    guard hasVault else { throw JSONError(.missingField, offset: end) }
    return details
  }

  private mutating func readRelationship(_ reader: inout JSONReader) throws(JSONError) {
    relationship = .other
    children = []
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if key.is("type") {
        let type = try reader.readString()
        relationship =
          type.is("normal") ? .normal : type.is("parent") ? .parent : type.is("child") ? .child : .other
      } else if key.is("data"), try reader.peekKind() == .object {
        try reader.beginObject()
        while let key = try reader.nextKey() {
          if key.is("childAddresses") { try readChildren(&reader) } else { try reader.skipValue() }
        }
      } else {
        try reader.skipValue()
      }
    }
  }

  private mutating func readChildren(_ reader: inout JSONReader) throws(JSONError) {
    children = []
    try reader.beginArray()
    while try reader.nextElement() {
      guard children.count < VaultDetails.childrenMax else {
        throw JSONError(.tooLarge, offset: reader.offset)
      }
      guard let child = try reader.readAddress() else { throw JSONError(.badValue, offset: reader.offset) }
      children.append(child)
    }
  }
}
