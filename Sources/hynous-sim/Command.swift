/// The command line of `hynous-sim` and what it starts.
import ArgumentParser
import Base
import Glibc
import Reactor
import Simulator

struct SimCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hynous-sim", abstract: "A simulated Hyperliquid.",
    subcommands: [ServeCommand.self, SeedsCommand.self, SoakCommand.self],
    defaultSubcommand: ServeCommand.self)
}

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "A simulated Hyperliquid on loopback sockets: POST /info and WebSocket /ws on one port.")

  @Option(help: "Address to listen on.")
  var host = "127.0.0.1"

  @Option(help: "Port to listen on; 0 takes a free one.")
  var port = 8200

  @Option(help: "Decides the whole world: the same seed gives the same market.")
  var seed: UInt64 = 1

  @Option(help: "Mean trades per second over all coins.")
  var tradesPerSecond = 50.0

  @Option(help: "Coins listed at the start, delisted ones and builder dexes included.")
  var coins = 44

  @Option(help: "Ordinary accounts.")
  var accounts = 3_000

  @Option(help: "Seconds of full-rate trading before the start, so that windows are already full.")
  var historySeconds = 0

  @Option(help: "REST weight a client may spend in any 60 seconds.")
  var weightPerMin = 1200

  @Flag(help: "Begin with a world that stands still, until POST /control/on.")
  var still = false

  @Option(help: "Multiple of the usual volatility; more means more liquidations.")
  var volatility = 1.0

  @Option(help: "PEM file with the certificate chain; serves TLS together with --tls-key.")
  var tlsCert: String?

  @Option(help: "PEM file with the private key.")
  var tlsKey: String?

  @Option(
    help: ArgumentHelp(
      "A fault, NAME=VALUE; may be given again.",
      discussion: "Names: silent-coin (a coin), and with a chance, a number or milliseconds: "
        + ExchangeFaults.names.joined(separator: ", ")))
  var fault: [String] = []

  @Option(help: "List a coin while running, NAME@SECONDS after the start; may be given again.")
  var list: [String] = []

  @Option(help: "Delist a coin while running, NAME@SECONDS after the start; may be given again.")
  var delist: [String] = []

  func validate() throws {
    guard (0...65_535).contains(port) else { throw ValidationError("--port must be 0…65535.") }
    guard (tlsCert == nil) == (tlsKey == nil) else {
      throw ValidationError("--tls-cert and --tls-key go together.")
    }
    guard tradesPerSecond > 0, tradesPerSecond <= WorldOptions.tradesPerSecondMax else {
      throw ValidationError("--trades-per-second must be above 0 and at most 100000.")
    }
  }

  func run() throws {
    let loop = Loop()
    defer { loop.close() }
    let began = loop.now
    var options = WorldOptions()
    options.start = began.wall
    options.coins = coins
    options.accounts = accounts
    options.tradesPerSecond = tradesPerSecond
    options.historyS = historySeconds
    options.volatility = volatility
    let exchange = Exchange(world: World(seed: seed, options: options), seed: seed)
    exchange.limits.weightPerMin = max(weightPerMin, 0)
    if still { exchange.world.holdStill() }
    try setFaults(exchange)
    try schedule(exchange.world, start: began.wall)
    let server = SimServer(loop, exchange: exchange, startedAt: began)
    let signals = Signals(loop, [SIGTERM, SIGINT]) { _ in server.stop() }
    do {
      var tls: TLSServer?
      if let tlsCert, let tlsKey { tls = try TLSServer(certificateFile: tlsCert, keyFile: tlsKey) }
      let bound = try server.listen(host: host, port: port, tls: tls)
      announce(port: bound, exchange.world)
    } catch {
      say("hynous-sim: \(error)\n", to: 2)
      throw ExitCode(1)
    }
    loop.run()
    signals.close()
    // Connections report their end to the server while the loop closes.
    withExtendedLifetime(server) { _ = loop.close() }
  }

  private func announce(port: Int, _ world: World) {
    let end = tlsCert == nil ? "" : "s"
    let place = "\(host.contains(":") ? "[\(host)]" : host):\(port)"
    say(
      "hynous-sim ready: http\(end)://\(place) ws\(end)://\(place)/ws seed=\(seed) "
        + "coins=\(world.listedCoins.count) accounts=\(world.accountCount)\n", to: 1)
  }

  private func setFaults(_ exchange: Exchange) throws {
    for text in fault {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { throw ValidationError("--fault \(text): NAME=VALUE expected.") }
      if parts[0] == "silent-coin" {
        guard let coin = exchange.world.coinIndex(parts[1]) else {
          throw ValidationError("--fault \(text): no such coin.")
        }
        exchange.faults.silentCoins.insert(coin)
      } else {
        guard let value = Double(parts[1]), exchange.faults.set(parts[0], value) else {
          throw ValidationError("--fault \(text): unknown name or bad value.")
        }
      }
    }
  }

  private func schedule(_ world: World, start: WallTime) throws {
    for (text, lists) in list.map({ ($0, true) }) + delist.map({ ($0, false) }) {
      let parts = text.split(separator: "@", maxSplits: 1).map(String.init)
      guard parts.count == 2, let seconds = Double(parts[1]), seconds >= 0, seconds < 1e9 else {
        throw ValidationError("\(text): NAME@SECONDS expected.")
      }
      let at = WallTime(ms: start.ms + Int64(seconds * 1000))
      guard lists ? world.list(parts[0], at: at) : world.delist(parts[0], at: at) else {
        throw ValidationError("\(text): not possible for this coin.")
      }
    }
  }

  /// Unbuffered, so that whoever waits for the line gets it.
  private func say(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in _ = write(descriptor, bytes.baseAddress, bytes.count) }
  }
}
