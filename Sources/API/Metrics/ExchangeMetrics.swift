/// Metrics of the exchange: connections, trades, requests and their weight.
import Base

extension Metric {
  static let exchange: [Metric] = [
    .gauge("hynous_exchange_connections", "WebSocket connections to the exchange that are live") {
      $0.stats.exchange.connections
    },
    .counter("hynous_exchange_connects_total", "Connection attempts") { $0.stats.exchange.totalConnects },
    .counter("hynous_exchange_reconnects_total", "Live connections that were lost") {
      $0.stats.exchange.totalLost
    },
    .gauge("hynous_exchange_subscriptions_wanted", "Subscriptions wanted") { $0.stats.exchange.wanted },
    .gauge("hynous_exchange_subscriptions", "Subscriptions that are live") { $0.stats.exchange.live },
    .counter("hynous_exchange_messages_sent_total", "Messages sent to the exchange") {
      $0.stats.exchange.totalMessages
    },
    .counter("hynous_exchange_frames_total", "Messages received from the exchange") {
      $0.stats.exchange.totalFrames
    },
    .counter("hynous_exchange_received_bytes_total", "Bytes received over WebSockets") {
      $0.stats.exchange.totalBytes
    },
    .counter("hynous_exchange_frames_unreadable_total", "Messages that made no sense") {
      $0.stats.exchange.totalUnreadable
    },
    .counter("hynous_exchange_error_frames_total", "Error messages of the exchange") {
      $0.stats.exchange.totalErrors
    },
    .counter("hynous_trades_total", "Trades counted") { $0.stats.tradeStream?.totalTrades },
    .counter("hynous_trades_duplicate_total", "Trades dropped because they had been seen") {
      $0.stats.tradeStream?.totalDuplicates
    },
    .counter("hynous_trades_invalid_total", "Trades that could not be read or did not fit") {
      $0.stats.tradeStream?.totalInvalidTrades
    },
    .seconds("hynous_last_trade_age_seconds", "Time since the last trade; absent before the first") {
      $0.stats.tradeStream?.lastTradeAge
    },
    .counter("hynous_gaps_total", "Gaps in coins' trades that were recorded and have ended") {
      $0.stats.tradeStream?.totalGaps
    },
    .gauge("hynous_weight_budget", "Weight a minute the daemon allows itself") { $0.stats.rateLimiter.max },
    .gauge("hynous_weight_used", "Weight of the last minute, requests in flight included") {
      $0.stats.rateLimiter.used
    },
    .counter("hynous_weight_spent_total", "Weight spent") { $0.stats.rateLimiter.totalAcquired },
    .seconds("hynous_weight_wait_seconds_total", "Time requests waited for weight, summed", .counter) {
      $0.stats.rateLimiter.totalWaited
    },
    .gauge("hynous_exchange_requests_in_flight", "Requests under way") { $0.stats.rateLimiter.inFlight },
    Metric(.counter, "hynous_exchange_requests_total", "Requests to the exchange, by kind and outcome") {
      call, samples in
      for row in call.views.stats.exchange.requests {
        samples.add(Int(clamping: row.count), ("kind", row.kind), ("outcome", row.outcome))
      }
    },
    .counter("hynous_exchange_too_many_requests_total", "Answers of the exchange with status 429") {
      $0.stats.rateLimiter.total429
    },
  ]
}
