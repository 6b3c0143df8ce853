import CSQLite

#if canImport(Glibc)
  import Glibc
#endif

/// The functions SQLite calls to use a `MemoryDisk`: translation between C and the disk's objects, nothing else.
final class MemoryDiskTable {
  // Extended result codes are shifts, which do not import.
  static let ioRead = SQLITE_IOERR | 1 << 8
  static let ioShortRead = SQLITE_IOERR | 2 << 8
  static let ioWrite = SQLITE_IOERR | 3 << 8
  static let ioSync = SQLITE_IOERR | 4 << 8
  static let ioGone = SQLITE_IOERR | 10 << 8
  static let noEntry = SQLITE_IOERR | 23 << 8

  static let eIO = EIO
  static let eNoSpace = ENOSPC
  static let eReadOnly = EROFS

  /// The write lock among those of the shared index.
  private static let writeLock: UInt32 = 1

  /// What every open file's first word points to.
  let methods: UnsafeMutablePointer<sqlite3_io_methods>
  private let vfs: UnsafeMutablePointer<sqlite3_vfs>
  private let name: UnsafeMutablePointer<CChar>

  init(name text: String) {
    name = text.withCString { strdup($0) }
    vfs = .allocate(capacity: 1)
    vfs.initialize(to: sqlite3_vfs())
    methods = .allocate(capacity: 1)
    methods.initialize(to: sqlite3_io_methods())
    MemoryDiskTable.fill(&methods.pointee)
  }

  deinit {
    vfs.deallocate()
    methods.deallocate()
    free(name)
  }

  func unregister() { sqlite3_vfs_unregister(vfs) }

  func register(_ disk: UnsafeMutableRawPointer) {
    vfs.pointee.iVersion = 2
    vfs.pointee.szOsFile = Int32(MemoryLayout<OpenFile>.stride)
    vfs.pointee.mxPathname = 256
    vfs.pointee.zName = UnsafePointer(name)
    vfs.pointee.pAppData = disk
    MemoryDiskTable.fill(&vfs.pointee)
    sqlite3_vfs_register(vfs, 0)
  }

  private static func fill(_ vfs: inout sqlite3_vfs) {
    vfs.xOpen = { vfs, name, file, flags, outFlags in
      MemoryDiskTable.open(MemoryDiskTable.owner(vfs), name, file, flags, outFlags)
    }
    vfs.xDelete = { vfs, name, _ in MemoryDiskTable.delete(MemoryDiskTable.owner(vfs), name) }
    vfs.xAccess = { vfs, name, _, answer in
      answer?.pointee =
        name.map { MemoryDiskTable.owner(vfs).files[String(cString: $0)] != nil } ?? false ? 1 : 0
      return SQLITE_OK
    }
    vfs.xFullPathname = { _, name, room, out in
      guard let name, let out, strlen(name) < Int(room) else { return SQLITE_CANTOPEN }
      strcpy(out, name)
      return SQLITE_OK
    }
    vfs.xRandomness = { vfs, count, out in
      if let out {
        MemoryDiskTable.owner(vfs).fill(UnsafeMutableRawBufferPointer(start: out, count: Int(count)))
      }
      return count
    }
    vfs.xSleep = { _, microseconds in microseconds }
    vfs.xCurrentTime = { _, out in
      out?.pointee = 2_460_000.5
      return SQLITE_OK
    }
    vfs.xCurrentTimeInt64 = { _, out in
      out?.pointee = 212_544_043_200_000
      return SQLITE_OK
    }
    vfs.xGetLastError = { vfs, _, _ in MemoryDiskTable.owner(vfs).lastError }
  }

  private static func open(
    _ disk: MemoryDisk, _ name: UnsafePointer<CChar>?, _ file: UnsafeMutablePointer<sqlite3_file>?,
    _ flags: Int32, _ outFlags: UnsafeMutablePointer<Int32>?
  ) -> Int32 {
    guard let file else { return SQLITE_CANTOPEN }
    file.pointee.pMethods = nil
    if disk.isDead { return SQLITE_CANTOPEN }
    let path = name.map { String(cString: $0) }
    var isReadOnly = flags & SQLITE_OPEN_READONLY != 0
    if disk.trouble == .readOnly, path != nil { isReadOnly = true }
    let found: MemoryFile
    if let path, let known = disk.files[path] {
      found = known
    } else {
      guard path == nil || (flags & SQLITE_OPEN_CREATE != 0 && !isReadOnly) else {
        return disk.fail(SQLITE_CANTOPEN, isReadOnly && disk.trouble == .readOnly ? EROFS : ENOENT)
      }
      if path != nil {
        let code = disk.writing(grows: true)
        if code != SQLITE_OK { return code == SQLITE_FULL ? code : SQLITE_CANTOPEN }
      }
      found = MemoryFile()
      if let path { disk.files[path] = found }
      disk.changed()
    }
    let isTemporary = flags & SQLITE_OPEN_DELETEONCLOSE != 0
    let handle = MemoryHandle(disk, found, isReadOnly: isReadOnly, nameToRemove: isTemporary ? path : nil)
    found.handles.append(handle)
    outFlags?.pointee = isReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE
    UnsafeMutableRawPointer(file).storeBytes(
      of: OpenFile(methods: UnsafePointer(disk.table.methods), handle: Unmanaged.passRetained(handle)),
      as: OpenFile.self)
    return SQLITE_OK
  }

  private static func delete(_ disk: MemoryDisk, _ name: UnsafePointer<CChar>?) -> Int32 {
    guard let name, !disk.isDead else { return SQLITE_OK }
    let code = disk.writing(grows: false)
    guard code == SQLITE_OK else { return code }
    guard disk.files.removeValue(forKey: String(cString: name)) != nil else { return noEntry }
    disk.changed()
    return SQLITE_OK
  }

  // MARK: An open file

  private struct OpenFile {
    var methods: UnsafePointer<sqlite3_io_methods>
    var handle: Unmanaged<MemoryHandle>
  }

  private static func fill(_ table: inout sqlite3_io_methods) {
    table.iVersion = 2
    table.xClose = { file in MemoryDiskTable.close(file) }
    table.xRead = { file, out, count, offset in
      MemoryDiskTable.read(MemoryDiskTable.handle(file), out, count, offset)
    }
    table.xWrite = { file, bytes, count, offset in
      MemoryDiskTable.write(MemoryDiskTable.handle(file), bytes, count, offset)
    }
    table.xTruncate = { file, size in MemoryDiskTable.truncate(MemoryDiskTable.handle(file), Int(size)) }
    table.xSync = { file, _ in MemoryDiskTable.sync(MemoryDiskTable.handle(file)) }
    table.xFileSize = { file, size in
      size?.pointee = sqlite3_int64(MemoryDiskTable.handle(file).file.bytes.count)
      return SQLITE_OK
    }
    table.xLock = { file, level in
      let handle = MemoryDiskTable.handle(file)
      if handle.isDead { return MemoryDiskTable.ioGone }
      if level <= handle.lock { return SQLITE_OK }
      return !handle.disk.refusesLock(isWrite: false) && handle.take(level) ? SQLITE_OK : SQLITE_BUSY
    }
    table.xUnlock = { file, level in
      let handle = MemoryDiskTable.handle(file)
      handle.lock = min(handle.lock, level)
      return SQLITE_OK
    }
    table.xCheckReservedLock = { file, answer in
      let mine = MemoryDiskTable.handle(file)
      answer?.pointee = mine.file.handles.contains { $0.lock >= SQLITE_LOCK_RESERVED } ? 1 : 0
      return SQLITE_OK
    }
    table.xFileControl = { _, _, _ in SQLITE_NOTFOUND }
    table.xSectorSize = { _ in 4_096 }
    table.xDeviceCharacteristics = { _ in SQLITE_IOCAP_POWERSAFE_OVERWRITE }
    table.xShmMap = { file, region, bytes, extends, out in
      MemoryDiskTable.map(MemoryDiskTable.handle(file), Int(region), Int(bytes), extends != 0, out)
    }
    table.xShmLock = { file, first, count, flags in
      MemoryDiskTable.lockIndex(MemoryDiskTable.handle(file), first, count, flags)
    }
    table.xShmBarrier = { _ in }
    table.xShmUnmap = { file, removes in
      let handle = MemoryDiskTable.handle(file)
      handle.release(mask: .max)
      if removes != 0, !handle.isDead { handle.file.freeRegions() }
      return SQLITE_OK
    }
  }

  private static func close(_ file: UnsafeMutablePointer<sqlite3_file>?) -> Int32 {
    guard let file, file.pointee.pMethods != nil else { return SQLITE_OK }
    let open = UnsafeMutableRawPointer(file).load(as: OpenFile.self)
    let handle = open.handle.takeRetainedValue()
    handle.file.handles.removeAll { $0 === handle }
    if let name = handle.nameToRemove, !handle.isDead { handle.disk.files[name] = nil }
    file.pointee.pMethods = nil
    return SQLITE_OK
  }

  private static func read(
    _ handle: MemoryHandle, _ out: UnsafeMutableRawPointer?, _ count: Int32, _ offset: sqlite3_int64
  ) -> Int32 {
    guard let out else { return ioRead }
    if handle.isDead { return ioGone }
    let code = handle.disk.result(of: ioRead)
    guard code == SQLITE_OK else { return code }
    let wanted = Int(count)
    let there = max(0, min(wanted, handle.file.bytes.count - Int(offset)))
    handle.file.bytes.withUnsafeBytes { bytes in
      if there > 0, let base = bytes.baseAddress {
        out.copyMemory(from: base + Int(offset), byteCount: there)
      }
    }
    guard there < wanted else { return SQLITE_OK }
    (out + there).initializeMemory(as: UInt8.self, repeating: 0, count: wanted - there)
    return ioShortRead
  }

  private static func write(
    _ handle: MemoryHandle, _ bytes: UnsafeRawPointer?, _ count: Int32, _ offset: sqlite3_int64
  ) -> Int32 {
    if handle.isDead { return ioGone }
    let end = Int(offset) + Int(count)
    let code = handle.disk.writing(grows: end > handle.file.bytes.count)
    guard code == SQLITE_OK else { return code }
    handle.file.write(UnsafeRawBufferPointer(start: bytes, count: Int(count)), at: Int(offset))
    handle.disk.changed()
    return SQLITE_OK
  }

  private static func truncate(_ handle: MemoryHandle, _ size: Int) -> Int32 {
    if handle.isDead { return ioGone }
    let code = handle.disk.writing(grows: false)
    guard code == SQLITE_OK else { return code }
    handle.file.truncate(to: size)
    handle.disk.changed()
    return SQLITE_OK
  }

  private static func sync(_ handle: MemoryHandle) -> Int32 {
    if handle.isDead { return ioGone }
    let code = handle.disk.result(of: ioSync)
    guard code == SQLITE_OK else { return code }
    handle.file.sync()
    handle.disk.changed()
    return SQLITE_OK
  }

  private static func map(
    _ handle: MemoryHandle, _ region: Int, _ bytes: Int, _ extends: Bool,
    _ out: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
  ) -> Int32 {
    out?.pointee = nil
    if handle.isDead { return ioGone }
    let isMissing = handle.file.regions.count <= region
    if handle.isReadOnly || handle.disk.trouble == .readOnly {
      if isMissing { return handle.disk.fail(SQLITE_CANTOPEN, EROFS) }
    } else if isMissing, !extends {
      return SQLITE_OK
    }
    out?.pointee = handle.file.region(region, bytes: bytes)
    return SQLITE_OK
  }

  private static func lockIndex(_ handle: MemoryHandle, _ first: Int32, _ count: Int32, _ flags: Int32)
    -> Int32
  {
    let mask = ((UInt32(1) << UInt32(count)) - 1) << UInt32(first)
    if flags & SQLITE_SHM_UNLOCK != 0 {
      handle.release(mask: mask)
      return SQLITE_OK
    }
    if handle.isDead { return ioGone }
    let isExclusive = flags & SQLITE_SHM_EXCLUSIVE != 0
    if handle.disk.refusesLock(isWrite: isExclusive && mask & writeLock != 0) { return SQLITE_BUSY }
    return handle.take(mask: mask, isExclusive: isExclusive) ? SQLITE_OK : SQLITE_BUSY
  }

  private static func handle(_ file: UnsafeMutablePointer<sqlite3_file>?) -> MemoryHandle {
    UnsafeMutableRawPointer(file!).load(as: OpenFile.self).handle._withUnsafeGuaranteedRef { $0 }
  }

  private static func owner(_ vfs: UnsafeMutablePointer<sqlite3_vfs>?) -> MemoryDisk {
    Unmanaged<MemoryDisk>.fromOpaque(vfs!.pointee.pAppData)._withUnsafeGuaranteedRef { $0 }
  }
}
