import Base
import Core
import Glibc
import Reactor
import Store

/// The database: whose it is, whether it can be read, and whether it is whole.
extension Doctor {
  func lookAtDatabase() {
    lookAtLock()
    let path = options[.dbPath]
    let stop = StopFlag()
    // Wanted by the deadline first, so that what was found until then is told, too.
    let timer = Timer(loop) { _ in stop.set() }
    timer.arm(at: loop.now.instant + Doctor.fileCheckMax)
    let outcome: Result<Inspection?, StoreError>? = wait(Doctor.fileCheckMax + Doctor.checkMax) { done in
      pool.submit(
        { () -> Result<Inspection?, StoreError> in
          do throws(StoreError) { return .success(try Inspection.look(at: path, stop: stop)) } catch {
            return .failure(error)
          }
        }, then: done)
    }
    timer.close()
    switch outcome {
    case .success(nil)?: found(.ok("database", "\(path): none yet, the daemon makes it"))
    case .success(let file?)?: tell(path, file)
    case .failure(let error)?:
      found(.fail("database", "\(path): \(error.kind.rawValue): \(error.message)", Doctor.remedy(error.kind)))
    case nil:
      found(.fail("database", "\(path): the disk does not answer", "see the disk and the kernel's log"))
    }
  }

  private func tell(_ path: String, _ file: Inspection) {
    let sizes = "\(Finding.size(file.bytes)), log \(Finding.size(file.logBytes))"
    guard file.tables > 0 || file.bytes == 0 else {
      return found(
        .fail("database", "\(path): somebody else's: none of our tables in it", "set db.path to another file")
      )
    }
    if !file.setAside.isEmpty {
      found(
        .warn(
          "database", "damaged files were set aside: \(file.setAside.sorted().joined(separator: ", "))",
          "see the disk; take from them what is wanted (sqlite3 … .recover), then remove them"))
    }
    let version = file.schemaVersion.map(String.init) ?? "none"
    if let check = file.check, check != "ok" {
      return found(.fail("database", "\(path): damaged: \(check)", Doctor.remedy(.corrupt)))
    }
    let text = "\(path): \(sizes), schema \(version)"
    if (file.schemaVersion ?? 0) > Inspection.schemaVersion {
      found(
        .warn(
          "database", "\(text), newer than this program's \(Inspection.schemaVersion)",
          "use the newer program"))
    } else if file.check == nil {
      found(
        .warn(
          "database", "\(text); not looked through to the end in \(Int(Doctor.fileCheckMax.seconds)) s",
          "nothing to do; `hynous-data backup` looks through a copy of all of it"))
    } else if file.logBytes > 1 << 30 {
      found(.warn("database", "\(text): the log is large", "see who holds a reading transaction open on it"))
    } else {
      found(.ok("database", "\(text), quick_check ok"))
    }
  }

  private func lookAtLock() {
    let path = "\(folder)/hynous-data.pid"
    switch InstanceLock.holder(path: path) {
    case .nobody: found(.ok("instance", "no daemon holds this database"))
    case .process(let pid):
      found(.ok("instance", "a daemon holds this database\(pid.map { " (process \($0))" } ?? "")"))
    case .unknown(let reason):
      found(.warn("instance", "not known: \(reason)", "run this as the daemon's user or as root"))
    }
  }

  private static func remedy(_ kind: StoreError.Kind) -> String {
    switch kind {
    case .corrupt:
      "stop the daemon and put the last backup in its place; else the next start sets it aside and begins anew"
    case .notADatabase: "it is no SQLite file: set db.path to another one, or move it away"
    case .cannotOpen, .readOnly: "run this as the daemon's user; see the file's owner and mode"
    case .locked: "see who else has it open (fuser)"
    case .diskFull: "make room on the disk"
    case .io: "see the disk and the kernel's log"
    default: "see the message"
    }
  }
}
