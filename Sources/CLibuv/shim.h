#pragma once
#include <sys/socket.h>
#include <uv.h>

// accept4(2) without asking the C library for all of its extensions.
static inline int reactor_accept(int listener, int flags) {
  extern int accept4(int, struct sockaddr *, socklen_t *, int);
  return accept4(listener, 0, 0, flags);
}
