/// What a path lies on.
import CLibuv

/// File systems.
public enum FileSystem {
  /// The kind of file system `path` lies on, a number of linux/magic.h; nil when it cannot be told.
  public static func type(of path: String) -> UInt32? {
    var type: UInt32 = 0
    return reactor_file_system(path, &type) == 0 ? type : nil
  }
}
