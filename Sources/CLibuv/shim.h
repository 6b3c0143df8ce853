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
