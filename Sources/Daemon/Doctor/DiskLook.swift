import Core
import Glibc
import Reactor

/// The disk under the database: there, writable, with room, and local.
extension Doctor {
  static let freeWarn: Int64 = 2 << 30
  static let freeFail: Int64 = 64 << 20
  static let inodesWarn: UInt64 = 1_000

  /// The folder of the database.
  var folder: String {
    let path = options[.dbPath]
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  func lookAtDisk() {
    guard let place = standing() else { return }
    var system = statvfs()
    guard statvfs(place, &system) == 0 else {
      return found(.fail("disk", "\(place): \(String(cString: strerror(errno)))", "see the file system"))
    }
    let (free, isHuge) = Int64(clamping: system.f_bavail).multipliedReportingOverflow(
      by: Int64(system.f_frsize))
    let text = "\(place): \(Finding.size(isHuge ? .max : free)) free"
    if !isHuge, free < Doctor.freeFail {
      found(.fail("disk", text, "make room: without it writes of clients are refused"))
    } else if !isHuge, free < Doctor.freeWarn {
      found(.warn("disk", text, "make room; a full database takes about 1 GB, a backup as much"))
    } else if system.f_files > 0, UInt64(system.f_favail) < Doctor.inodesWarn {
      found(.warn("disk", "\(text), but only \(system.f_favail) more files can be made", "remove files"))
    } else {
      found(.ok("disk", text))
    }
    lookAtFileSystem(place)
  }

  /// The folder, or the nearest one above it that exists: the daemon makes the rest. Nil when nothing can be made there.
  private func standing() -> String? {
    var place = folder
    while access(place, F_OK) != 0 {
      guard errno == ENOENT, place != "/", place != "." else {
        found(
          .fail(
            "disk", "\(place): \(String(cString: strerror(errno)))",
            "set db.path to a folder that can be reached"))
        return nil
      }
      guard let slash = place.lastIndex(of: "/") else {
        place = "."
        continue
      }
      place = slash == place.startIndex ? "/" : String(place[..<slash])
    }
    var status = stat()
    guard stat(place, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      found(.fail("disk", "\(place) is not a folder", "set db.path to a file in a folder"))
      return nil
    }
    guard faccessat(AT_FDCWD, place, W_OK | X_OK, AT_EACCESS) == 0 else {
      let reason = errno == EROFS ? "is mounted read-only" : "is not writable for this user"
      found(
        .fail(
          "disk", "\(place) \(reason)",
          "run this as the daemon's user, or give it the folder (chown, chmod u+rwx); see also the mount"))
      return nil
    }
    if place != folder { found(.ok("disk", "\(folder): not there yet, the daemon makes it")) }
    return place
  }

  /// SQLite's log needs shared memory and locks that work: on network file systems they often do not.
  private func lookAtFileSystem(_ place: String) {
    guard let type = FileSystem.type(of: place) else { return }
    if let name = Doctor.networks[type] {
      found(
        .warn(
          "filesystem", "\(place) lies on \(name): SQLite's locks and shared memory are not safe there",
          "use a local disk"))
    } else if type == 0x0102_1994 {
      found(.warn("filesystem", "\(place) lies in memory (tmpfs): gone at the next boot", "use a disk"))
    } else {
      found(.ok("filesystem", "local"))
    }
  }

  /// Numbers of linux/magic.h and of the file systems' own sources.
  private static let networks: [UInt32: String] = [
    0x6969: "NFS", 0x517B: "SMB", 0xFF53_4D42: "CIFS", 0xFE53_4D42: "SMB2", 0x0102_1997: "9p",
    0x6573_5546: "FUSE", 0x00C3_6400: "Ceph", 0x5346_414F: "AFS", 0x0BD0_0BD0: "Lustre", 0x7461_636F: "OCFS2",
    0x0116_1970: "GFS2", 0x7372_7279: "Coda",
  ]
}
