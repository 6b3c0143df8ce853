import Base
import Core
import Hyperliquid
import Market

/// Holds answers about accounts against what the exchange told of them: positions, vaults, changes, watched wallets.
///
/// Every clearinghouse reply that reaches Core is remembered as the world's own truth at the moment of asking. A row of an
/// answer must then equal one such picture of that very moment; what the latest picture holds must be in the
/// answer; changes must be those between two pictures; a watched wallet that was acknowledged is there, restarts or not.
/// Bound: `picturesMax` pictures per account, of a vault four times as many.
struct AccountOracle {
  var picturesMax = 64

  /// What a reply said of one account, and when Core read it.
  struct Picture {
    var wallMs: Int64
    var at: Instant
    var life: Int
    /// Those in coins Core had been told of: others it cannot name until the next poll.
    var positions: [WorldPosition]
  }

  /// By account, oldest first.
  var pictures: [Address: [Picture]] = [:]
  /// Coins listed in the latest reply that listed the main dex, and in those on their way.
  var coinsKnown = 0
  var listings: [FetchID: Int] = [:]
  /// Replies on their way, by the fetch.
  var underWay: [FetchID: (Address, [WorldPosition])] = [:]
  /// Wallets the daemon acknowledged to watch, with their labels and the moment.
  var watched: [String: (label: String, at: Instant)] = [:]
  /// Writes whose answer never came: either way is right.
  var unsure: Set<String> = []
  /// Rows compared, so that a test knows that something was.
  var compared = 0
  var changesCompared = 0
}

extension Simulation {
  // MARK: What is told

  /// The exchange has answered `fetch`: remembers what it says, if it is about an account.
  func noteReply(_ fetch: SimulatedFetch) {
    guard fetch.status == 200, fetch.failure == nil,
      let request = fetch.body.withUnsafeBytes({ RequestValue(parsing: $0) })
    else { return }
    if request["type"]?.text == "meta", request["dex"]?.text ?? "" == "",
      fetch.reply.withUnsafeBytes({ RequestValue(parsing: $0, bytesMax: 1 << 20) })?["universe"] != nil
    {
      accounts.listings[fetch.id] = exchange.world.coins.count
    }
    guard request["type"]?.text == "clearinghouseState", request["dex"]?.text ?? "" == "",
      let address = request["user"]?.address,
      fetch.reply.withUnsafeBytes({ RequestValue(parsing: $0, bytesMax: 1 << 20) })?["assetPositions"] != nil
    else { return }
    let world = exchange.world
    accounts.underWay[fetch.id] = (
      address, world.positions(of: address).filter { world.coins[$0.coin].dex == 0 }
    )
  }

  /// Core is about to read the reply to `fetch`.
  func noteAnswered(_ fetch: SimulatedFetch) {
    if let count = accounts.listings.removeValue(forKey: fetch.id), fetch.failure == nil {
      accounts.coinsKnown = max(accounts.coinsKnown, count)
    }
    guard let (address, positions) = accounts.underWay.removeValue(forKey: fetch.id),
      fetch.failure == nil
    else { return }
    var known = accounts.pictures[address] ?? []
    // Vaults are asked about by two collectors, each of which keeps its own last picture.
    let most = isVault(address) ? 4 * accounts.picturesMax : accounts.picturesMax
    if known.count >= most { known.removeFirst() }
    known.append(
      AccountOracle.Picture(
        wallMs: clocks.wall.ms, at: now, life: life,
        positions: positions.filter { $0.coin < accounts.coinsKnown }))
    accounts.pictures[address] = known
  }

  // MARK: Answers

  func checkWhales(_ name: String, _ value: RequestValue) {
    guard let coin = exchange.world.coinIndex(name) else { return }
    var rows: [Address: Int64] = [:]
    for row in value["positions"]?.items ?? [] {
      guard let address = row["address"]?.address, let size = row["size_usd"]?.number,
        let updated = row["updated_at"]?.number
      else { return complain(.accounts, "\(name): a whale without address, size or time") }
      let wallMs = Int64((updated * 1000).rounded())
      rows[address] = wallMs
      // Two collectors may read their replies about a vault in one millisecond.
      let held = (accounts.pictures[address] ?? []).lazy.filter { $0.wallMs == wallMs }
        .compactMap { $0.positions.first { $0.coin == coin } }
      func isOfSize(_ position: WorldPosition) -> Bool {
        abs(size - Double(position.value.micros) / 1e6) < 1e-6 * max(1, size)
      }
      guard let truth = held.first(where: isOfSize) ?? held.first(where: { _ in true }) else {
        complain(.accounts, "\(name): \(address) holds nothing of the kind at \(wallMs)")
        continue
      }
      accounts.compared += 1
      let pnl = row["unrealized_pnl"]?.number ?? .nan
      let isLong = row["side"]?.text == "long"
      guard isOfSize(truth),
        isLong == (truth.szi.raw > 0), abs(pnl - Double(truth.unrealizedPnl.micros) / 1e6) < 0.01
      else {
        complain(.accounts, "\(name): \(address) is \(size) USD instead of \(truth)")
        continue
      }
      checkPrices(name, row, truth)
    }
    for (address, pictures) in accounts.pictures {
      guard let last = pictures.last, last.life == life, !isVault(address) else { continue }
      let holds = last.positions.contains { $0.coin == coin && $0.cost.micros != 0 }
      if holds, isKnown(coin), rows[address] != last.wallMs {
        complain(.accounts, "\(name): \(address) of \(last.wallMs) is missing or \(rows[address] ?? 0)")
      }
      if !holds, rows[address] != nil { complain(.accounts, "\(name): \(address) has left") }
    }
  }

  func checkVaults(_ value: RequestValue) {
    var seen: Set<String> = []
    for row in value["positions"]?.items ?? [] {
      guard let vault = row["vault_address"]?.address, let name = row["coin"]?.text,
        let size = row["size_usd"]?.number, let coin = exchange.world.coinIndex(name)
      else { return complain(.accounts, "a vault's position without vault, coin or size") }
      if !seen.insert("\(vault) \(name)").inserted {
        complain(.accounts, "the position of vault \(vault) in \(name) is told twice")
      }
      let isTrue = (accounts.pictures[vault] ?? []).contains { picture in
        picture.positions.contains {
          $0.coin == coin && abs(Double($0.value.micros) / 1e6 - size) < 1e-6 * max(1, size)
        }
      }
      accounts.compared += 1
      if !isTrue { complain(.accounts, "vault \(vault) never held \(size) USD of \(name)") }
    }
  }

  /// Every change reported between two pictures of this life is one, and none between the last two is missing.
  func checkChanges(_ value: RequestValue) {
    let rows = value["changes"]?.items ?? []
    var seen: Set<String> = []
    for row in rows {
      guard let address = row["address"]?.address, let name = row["coin"]?.text,
        let action = row["action"]?.text, let at = row["detected_at"]?.number
      else { return complain(.accounts, "a change without wallet, coin, action or time") }
      let wallMs = Int64((at * 1000).rounded())
      guard seen.insert("\(address) \(name) \(wallMs)").inserted else {
        complain(.accounts, "\(action) of \(name) by \(address) is reported twice")
        continue
      }
      // Vaults are asked about twice, by their tracker and as accounts: which pictures followed is not known here.
      guard !isVault(address), exchange.world.coinIndex(name).map(isKnown) ?? false,
        let (before, after) = pair(address, wallMs)
      else { continue }
      accounts.changesCompared += 1
      let expected = changes(before, after).first { exchange.world.coinName($0.coin) == name }
      if expected?.action != action {
        complain(
          .accounts, "\(action) of \(name) by \(address) instead of \(expected?.action ?? "nothing")")
      }
    }
    guard rows.count < 100 else { return }
    for (address, pictures) in accounts.pictures {
      guard let watch = accounts.watched["\(address)"], let last = pictures.last,
        !isVault(address), !accounts.unsure.contains("\(address)"),
        let (before, after) = pair(address, last.wallMs),
        before.at > max(watch.at, openedAt) + .seconds(1)
      else { continue }
      for change in changes(before, after) where isKnown(change.coin) {
        let key = "\(address) \(exchange.world.coinName(change.coin)) \(last.wallMs)"
        if !seen.contains(key) { complain(.accounts, "\(change.action) is not reported: \(key)") }
      }
    }
  }

  func checkWatchlist(_ value: RequestValue) {
    // Until the file could be read the daemon says it is loading, and knows of nobody.
    guard !clients.isLoading, !disk.isTroubled else { return }
    var labels: [String: String] = [:]
    for row in value["wallets"]?.items ?? [] { labels[row["address"]?.text ?? ""] = row["label"]?.text ?? "" }
    for (address, watch) in accounts.watched where !accounts.unsure.contains(address) {
      if labels[address] != watch.label {
        complain(.disk, "\(address) was to be watched as \(watch.label) and is \(labels[address] ?? "gone")")
      }
    }
  }

  /// The picture of `wallMs` and the one before, when both are of this life and the machine's clock did not jump.
  private func pair(_ address: Address, _ wallMs: Int64) -> (AccountOracle.Picture, AccountOracle.Picture)? {
    let pictures = accounts.pictures[address] ?? []
    guard let place = pictures.lastIndex(where: { $0.wallMs == wallMs }), place > 0,
      pictures[place].life == life, pictures[place - 1].life == life
    else { return nil }
    return (pictures[place - 1], pictures[place])
  }

  private func changes(_ before: AccountOracle.Picture, _ after: AccountOracle.Picture)
    -> [(coin: Int, action: String)]
  {
    var found: [(Int, String)] = []
    for position in after.positions where position.cost.micros != 0 {
      guard let was = before.positions.first(where: { $0.coin == position.coin && $0.cost.micros != 0 })
      else {
        found.append((position.coin, "entry"))
        continue
      }
      if (was.szi.raw > 0) != (position.szi.raw > 0) {
        found.append((position.coin, "flip"))
      } else if position.value.micros * 5 > was.value.micros * 6 {
        found.append((position.coin, "increase"))
      }
    }
    for was in before.positions where was.cost.micros != 0 {
      let stays = after.positions.contains { $0.coin == was.coin && $0.cost.micros != 0 }
      if !stays { found.append((was.coin, "exit")) }
    }
    return found
  }

  /// A coin listed while the world lives is unknown to the daemon for a while: until then it cannot name positions in it.
  private func isKnown(_ coin: Int) -> Bool { coin < exchange.world.options.coins }

  private func isVault(_ address: Address) -> Bool { exchange.world.vaultAddresses.contains(address) }

  // MARK: The writing client

  /// Asks for one thing to be kept, one write at a time, and remembers what it was told.
  func write() {
    add(.write, in: .milliseconds(500 + chance.below(20_000)))
    guard stopAsked == nil else { return }
    writeMore()
    guard let client = newClient() else { return }
    happen(client, .accept)
    guard client.isOpen else { return }
    let account = chance.below(min(exchange.world.accountCount, swarm.keptMax))
    let address = "\(exchange.world.address(account))"
    let label = "w\(chance.below(1_000_000))"
    let body = "{\"address\":\"\(address)\",\"label\":\"\(label)\"}"
    client.mayLose = true
    client.expected.append(
      .init(
        path: "/v1/smart-money/watch", statuses: 200...503, body: .watch(address, label), method: "POST"))
    accounts.unsure.insert(address)
    let head = "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
    happen(
      client,
      .send(
        Simulation.request("/v1/smart-money/watch", method: "POST", headers: head) + Array(body.utf8)))
    // Longer than the daemon lets anybody wait for a write.
    add(.client(client, .leave), in: .seconds(5))
  }

  func wrote(_ address: String, _ label: String, status: Int) {
    switch status {
    case 200:
      // A label of a write whose answer is still owed may come to disk later: only the last word counts.
      accounts.watched[address] = (label, now)
      kept.unwatched[address] = nil
      accounts.unsure.remove(address)
      counts.writes += 1
    case 503: counts.writesRefused += 1
    default: complain(.api, "a wallet to watch is answered with \(status)")
    }
  }
}
