import Base
import Core

/// How the faults of a plan take hold: some set what the exchange does, some strike once.
extension Simulation {
  func change(_ fault: Fault, isBegin: Bool) {
    if isBegin {
      active.append(fault)
    } else if let at = active.firstIndex(of: fault) {
      active.remove(at: at)
    }
    onLine?("\(stamp) fault \(fault.kind) \(isBegin ? "begins" : "ends")")
    setExchangeFaults()
    if isBegin { strike(fault) } else { relent(fault) }
  }

  private func strike(_ fault: Fault) {
    switch fault.kind {
    case .halfOpen:
      for link in openLinks where chance.chance(max(0.4, fault.strength)) {
        link.isHalfOpen = true
        // What is on its way is lost with it.
        let sent = min(link.inFlight.first ?? now, now - .milliseconds(plan.delayMsMax))
        link.mutedSince = min(link.mutedSince ?? now, sent)
        link.inFlight.removeAll()
      }
    case .silentLink:
      for link in openLinks where chance.chance(max(0.4, fault.strength)) {
        link.exchange?.faults.isSilent = true
        link.mutedSince = link.mutedSince ?? now
      }
    case .closed, .aborted:
      for link in openLinks where chance.chance(max(0.4, fault.strength)) {
        guard let end = link.exchange, !link.isForgotten else { continue }
        if fault.kind == .closed { end.close(code: 1000) } else { end.abort() }
        flush(link)
      }
    case .silentCoin: silence(fault, isSilent: true)
    case .listing: exchange.world.list("NEW\(fault.target % 100)")
    case .delisting:
      let listed = exchange.world.listedCoins
      if listed.count > 4 { exchange.world.delist(listed[fault.target % listed.count]) }
    case .wallJump: wallOffsetMs += Int64(fault.target % 7_200_000) * (fault.target % 2 == 0 ? 3 : -3)
    case .stop: if core != nil, stopAsked == nil { restart(after: fault); add(.stop, at: now) }
    case .kill, .powerLoss, .clockAtRestart:
      guard core != nil, stopAsked == nil else { return }
      if fault.kind == .powerLoss { losesPower = true }
      // Up to six hours either way.
      if fault.kind == .clockAtRestart { clockJumpMs = Int64(fault.target * 41 % 43_200_000) - 21_600_000 }
      restart(after: fault)
      add(.kill, at: now)
    case .clientCrowd: if core != nil { crowd(fault) }
    case .reload: if core != nil, stopAsked == nil { reload(fault) }
    case .slowClients, .halfClosedClients, .pipeliningClients, .tricklingClients, .stallingClients,
      .oversizedClients, .garbageClients, .clientStorm:
      if core != nil { visit(fault) }
    default: break
    }
  }

  private func relent(_ fault: Fault) {
    guard fault.kind == .silentCoin else { return }
    let coins = exchange.world.options.coins
    let isStillSilent = active.contains {
      $0.kind == .silentCoin && $0.target % coins == fault.target % coins
    }
    if !isStillSilent { silence(fault, isSilent: false) }
  }

  /// The process comes back when the fault is over, or six seconds later if it was asked to stop.
  private func restart(after fault: Fault) {
    let pause = max(fault.length, .milliseconds(100))
    add(.start, in: fault.kind == .stop ? pause + .seconds(6) : pause)
  }

  private func silence(_ fault: Fault, isSilent: Bool) {
    // Not the number of coins now: a listing meanwhile must not make the end meet another coin.
    let coin = fault.target % exchange.world.options.coins
    if isSilent {
      exchange.faults.silentCoins.insert(coin)
      let isOpen = oracle.silent[coin]?.last.map { $0.to == nil } ?? false
      if !isOpen { oracle.silent[coin, default: []].append((exchangeNow, nil)) }
    } else {
      exchange.faults.silentCoins.remove(coin)
      let last = (oracle.silent[coin]?.count ?? 0) - 1
      if last >= 0 { oracle.silent[coin]?[last].to = exchangeNow }
    }
  }

  private var openLinks: [SimulatedLink] {
    links.filter { $0.life == life && $0.state == .open && !$0.isForgotten && $0.exchange != nil }
  }

  private func rate(_ kind: FaultKind, _ scale: Double) -> Double { (fault(kind)?.strength ?? 0) * scale }

  /// What the exchange does wrong now, for requests and for every connection.
  private func setExchangeFaults() {
    exchange.faults.refuseUpgrade = rate(.upgradeRefused, 1)
    exchange.faults.truncateInfo = rate(.restTruncated, 1)
    exchange.faults.infoFaultChance = 0
    exchange.faults.othersShare = rate(.sharedAddress, 1)
    for (kind, info) in [
      (FaultKind.rest429, InfoFault.tooMany), (.rest500, .serverError), (.restNull, .nullBody),
      (.restHTML, .htmlBody), (.restHangUp, .hangUp), (.rest502, .badGateway), (.restOther, .other),
    ] {
      guard let fault = fault(kind), fault.strength > exchange.faults.infoFaultChance else { continue }
      exchange.faults.infoFaultChance = fault.strength
      exchange.faults.infoFault = info
    }
    var faults = LinkFaults()
    faults.garbage = rate(.garbage, 0.3)
    faults.oversized = rate(.oversized, 0.02)
    faults.fragment = rate(.fragmented, 1)
    faults.truncate = rate(.truncated, 0.2)
    faults.duplicate = rate(.duplicated, 1)
    faults.reorder = rate(.reordered, 1)
    faults.unknown = rate(.unknown, 1)
    faults.dropAck = rate(.droppedAck, 1)
    faults.dataBeforeAck = rate(.dataBeforeAck, 1)
    faults.greeting = fault(.greeting) != nil
    faults.newestFirst = fault(.newestFirst) != nil
    if let delay = fault(.delayed) { faults.delayMs = FaultPlan.delayMs(delay) }
    exchange.faults.link = faults
    for link in openLinks {
      let isSilent = link.exchange?.faults.isSilent ?? false
      link.exchange?.faults = faults
      // A stream that fell silent stays so; it is for the daemon to find out.
      link.exchange?.faults.isSilent = isSilent
    }
  }
}

/// Bugs planted on purpose, which an oracle must notice.
public enum Tamper: Hashable, Sendable {
  /// None.
  case none
  /// One chunk with trades never arrives, although the connection lives.
  case dropTrades
  /// One chunk with trades arrives again, its trade ids changed, so that no dedupe can know them.
  case repeatTrades
  /// Every REST request is made twenty times.
  case replayFetches
  /// The disk acknowledges one batch and forgets it.
  case loseBatch
  /// One answer to a client has a broken body.
  case breakAnswer
  /// One answer to a client shows a dollar more of buying.
  case inflateAnswer
}

extension Simulation {
  var replays: Int { tamper == .replayFetches ? 19 : 0 }

  /// The bytes a link really carries, planted bugs included.
  func tamper(_ bytes: [UInt8], _ link: SimulatedLink) -> [UInt8] {
    guard tamper == .dropTrades || tamper == .repeatTrades, tampered == 0 else { return bytes }
    guard now - Simulation.epoch > .seconds(120) else { return bytes }
    let mark = Array("{\"channel\":\"trades\"".utf8)
    // A chunk that is one short unmasked text frame of trades.
    guard bytes.count > 64, bytes[0] == 0x81, bytes[1] == 126,
      Int(bytes[2]) << 8 | Int(bytes[3]) == bytes.count - 4, bytes[4...].starts(with: mark)
    else { return bytes }
    tampered += 1
    if tamper == .dropTrades { return [] }
    var copy = bytes
    let key = Array("\"tid\":".utf8)
    for at in 4..<(copy.count - key.count - 1) where copy[at..<(at + key.count)].elementsEqual(key) {
      let digit = at + key.count
      copy[digit] = copy[digit] == UInt8(ascii: "9") ? UInt8(ascii: "1") : copy[digit] + 1
    }
    return bytes + copy
  }

  /// The bytes a client really receives.
  func tamper(answer bytes: [UInt8]) -> [UInt8] {
    guard tamper == .breakAnswer || tamper == .inflateAnswer, tampered == 0,
      now - Simulation.epoch > .seconds(120)
    else { return bytes }
    let key = Array((tamper == .breakAnswer ? "\"coin\":" : "\"buy_volume_usd\":").utf8)
    var bytes = bytes
    for at in 0..<max(0, bytes.count - key.count - 1) where bytes[at..<(at + key.count)].elementsEqual(key) {
      let place = at + key.count
      if tamper == .breakAnswer {
        bytes[place] = UInt8(ascii: "?")
      } else {
        guard (UInt8(ascii: "1")...UInt8(ascii: "8")).contains(bytes[place]) else { continue }
        bytes[place] += 1
      }
      tampered += 1
      return bytes
    }
    return bytes
  }
}
