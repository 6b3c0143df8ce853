import Base
import Engines
import Testing

/// Alerts, against a plain list.
@Suite("Alerts")
struct AlertsTests {
  static func alert(_ id: Int64, _ key: String, isEnabled: Bool = true) -> Alert {
    Alert(
      id: id, key: key, type: "any_trade", minSizeUsd: 0, coins: "", isEnabled: isEnabled,
      createdAt: WallTime(ms: id))
  }

  @Test("equals a plain list; numbers are never used again", arguments: [1, 2, 3] as [UInt64])
  func differential(seed: UInt64) {
    var random = PRNG(seed: seed)
    let alerts = Alerts()
    var list: [Alert] = []
    var last: Int64 = 0
    var wrong = 0
    if random.chance(0.5) {
      for id in [7, 3, 12] as [Int64] {
        alerts.put(Self.alert(id, "zz", isEnabled: id != 7))
        list.append(Self.alert(id, "zz", isEnabled: id != 7))
      }
      alerts.restoreLastID(40)
      last = 40
    }
    for step in 0..<2000 {
      let key = "wallet-\(random.below(6))"
      if random.chance(0.6) {
        let alert = alerts.next(
          key: key, type: "size_above", minSizeUsd: Double(step), coins: "BTC", at: WallTime(ms: Int64(step)))
        guard let alert, alert.id == last + 1 else {
          wrong += 1
          continue
        }
        last = alert.id
        if random.chance(0.1) {
          alerts.withdraw(alert.id)
        } else {
          alerts.put(alert)
          list.append(alert)
        }
      } else {
        let id = Int64(random.below(Int(last) + 5)) - 2
        if alerts.remove(id) != list.contains(where: { $0.id == id }) { wrong += 1 }
        list.removeAll { $0.id == id }
      }
      list.sort { $0.id < $1.id }
      var all: [Alert] = []
      var own: [Alert] = []
      alerts.forEach { all.append($0) }
      alerts.forEachEnabled(of: key) { own.append($0) }
      if all != list || own != list.filter({ $0.key == key && $0.isEnabled }) { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  @Test("beyond the bounds a new alert is refused, promised ones counted")
  func bound() throws {
    let alerts = Alerts(alertsMax: 3, textBytesMax: 100)
    func next(_ coins: String) -> Alert? {
      alerts.next(key: "k", type: "any_trade", minSizeUsd: 0, coins: coins, at: WallTime(ms: 0))
    }
    let first = try #require(next(""))
    #expect(next(String(repeating: "x", count: 90)) == nil)
    _ = try #require(next(""))
    _ = try #require(next(""))
    #expect(next("") == nil)
    alerts.withdraw(first.id)
    #expect(next("")?.id == 4)
    #expect(alerts.refused == 2)
    #expect(alerts.count == 0)
  }

  @Test("every type has a word that reads back")
  func words() {
    for type in AlertType.allCases { #expect(AlertType(type.text) == type) }
    #expect(AlertType("nope") == nil)
  }
}
