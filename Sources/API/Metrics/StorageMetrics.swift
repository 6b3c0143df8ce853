/// Metrics of the database.
import Base

extension Metric {
  static let storage: [Metric] = [
    .flag("hynous_database_failing", "Whether the database is closed or its last write failed") {
      $0.stats.database?.isFailing
    },
    .counter("hynous_database_batches_total", "Batches committed") { $0.stats.database?.totalBatches },
    .counter("hynous_database_rows_total", "Rows committed") { $0.stats.database?.totalRows },
    .counter("hynous_database_errors_total", "Batches that failed") { $0.stats.database?.totalErrors },
    .counter("hynous_database_rows_dropped_total", "Rows dropped, as the disk failed or too many waited") {
      $0.stats.database?.totalDropped
    },
    .counter("hynous_database_rows_pruned_total", "Rows removed by retention") {
      $0.stats.database?.totalPruned
    },
    .gauge("hynous_database_rows_waiting", "Rows waiting to be written") { $0.stats.database?.pendingRows },
    .counter("hynous_database_client_writes_total", "Clients' writes that are on disk") {
      $0.stats.database?.totalClientWrites
    },
    .counter("hynous_database_client_writes_refused_total", "Clients' writes that were refused") {
      $0.stats.database?.totalClientWritesRefused
    },
    .seconds("hynous_database_batch_seconds", "How long the last batch took") {
      $0.stats.database?.lastBatch
    },
    .seconds("hynous_database_commit_age_seconds", "Time since the last commit; absent before the first") {
      $0.stats.database?.lastCommitAge
    },
    .gauge("hynous_database_bytes", "Size of the database file, as of the last commit") {
      $0.stats.database.flatMap { $0.fileBytes > 0 ? $0.fileBytes : nil }
    },
    .gauge("hynous_database_log_bytes", "Size of the write-ahead log, as of the last commit") {
      $0.stats.database.flatMap { $0.fileBytes > 0 ? $0.logBytes : nil }
    },
  ]
}
