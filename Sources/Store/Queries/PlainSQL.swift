extension Database {
  /// Runs SQL as it stands on the writing connection: how the fuzzer puts rows into a file that this program would
  /// never write, but other programs, other versions and failing disks do.
  package func execute(_ sql: String) throws(StoreError) {
    try write { (writer) throws(StoreError) in try writer.connection.execute(sql) }
  }
}
