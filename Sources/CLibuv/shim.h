#pragma once
#include <sys/socket.h>
#include <uv.h>

// accept4(2) without asking the C library for all of its extensions.
static inline int reactor_accept(int listener, int flags) {
  extern int accept4(int, struct sockaddr *, socklen_t *, int);
  return accept4(listener, 0, 0, flags);
}

// The types of socket(2). The C library declares them in a header that belongs to whichever Clang module comes
// first, so Swift files that import only Glibc see them or not by chance.
static const int reactor_sock_stream = SOCK_STREAM;
static const int reactor_sock_dgram = SOCK_DGRAM;
static const int reactor_sock_nonblock = SOCK_NONBLOCK;
static const int reactor_sock_cloexec = SOCK_CLOEXEC;

// The kernel's account of the clock, which no Swift module carries: whether nobody keeps it, and its greatest error.
#include <sys/timex.h>
static inline int reactor_clock(int *is_unsynchronised, long *error_us) {
  struct timex state = {0};
  if (adjtimex(&state) < 0) return -1;
  *is_unsynchronised = (state.status & STA_UNSYNC) != 0;
  *error_us = state.maxerror;
  return 0;
}

// What kind of file system a path lies on: a number of linux/magic.h.
#include <sys/vfs.h>
static inline int reactor_file_system(const char *path, unsigned *type) {
  struct statfs system;
  if (statfs(path, &system) < 0) return -1;
  *type = (unsigned)system.f_type;
  return 0;
}

// Bytes of the heap in use; malloc.h is not among the headers Swift's Glibc shows.
#include <malloc.h>
static inline unsigned long reactor_live_bytes(void) {
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}
