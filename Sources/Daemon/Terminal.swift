import Glibc

/// The terminal the daemon was started from, if it was.
///
/// SIGHUP means two things: read the configuration again, and that the terminal is gone. A daemon run by hand must not
/// live on unseen when its window is closed.
struct Terminal {
  private let wasThere = isatty(2) == 1

  /// Whether there was one and it has been closed.
  var isGone: Bool {
    var settings = termios()
    return wasThere && tcgetattr(2, &settings) != 0 && errno == EIO
  }
}
