import CLibuv

/// The process's heap, from the allocator's own account.
public enum Heap {
  /// Bytes handed out and not given back, of the main thread's arena and of what is mapped by itself.
  public static var liveBytes: Int { Int(clamping: reactor_live_bytes()) }
}
