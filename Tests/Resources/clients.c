// Client connections by the thousand, and one that measures: the load of clients.py, which compiles and runs this.
//   clients hold PORT IDLE SLOW PATH    open them, say "ready", hold until standard input ends, say what was lost
//   clients probe PORT SECONDS PATH     one keep-alive connection, a request a millisecond; prints p50, p99, max
// An idle client makes one request, reads its answer and stays. A slow one sends 64 requests for PATH at once with a
// receive buffer of 4 KiB; every second one then reads 512 bytes a second, the others nothing.
// C, because 11,000 sockets and microseconds must not be the measuring program's own trouble.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

// A connection; `index` chooses the source address, so that local ports do not run out.
static int dial(int port, int index, int receive_buffer) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (fd < 0) die("socket");
  if (receive_buffer) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#ifdef IP_BIND_ADDRESS_NO_PORT
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
#endif
  struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(port)};
  from.sin_addr.s_addr = htonl(0x7f000002 + index / 5000);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, (struct sockaddr *)&from, sizeof from) || connect(fd, (struct sockaddr *)&to, sizeof to)) die("connect");
  return fd;
}

static size_t request(char *text, size_t room, const char *path) {
  return snprintf(text, room, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path);
}

// Reads one answer whole; its status.
static int answer(int fd) {
  static char text[1 << 20];
  size_t have = 0, need = 0;
  while (!need || have < need) {
    ssize_t n = recv(fd, text + have, sizeof text - 1 - have, 0);
    if (n <= 0) return -1;
    text[have += n] = 0;
    char *end = need ? NULL : strstr(text, "\r\n\r\n"), *length = end ? strcasestr(text, "content-length:") : NULL;
    if (end) need = end + 4 - text + (length ? strtoul(length + 15, NULL, 10) : 0);
  }
  return atoi(text + 9);
}

static int hold(int port, int idle, int slow, const char *path) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  int *fds = calloc(idle + slow, sizeof *fds), refused = 0, lost = 0, cut = 0;
  char text[64 * 256];
  for (int i = 0; i < idle; i++) {
    fds[i] = dial(port, i, 0);
    size_t n = request(text, sizeof text, "/v1/orderflow/BTC");
    if (send(fds[i], text, n, MSG_NOSIGNAL) != (ssize_t)n || answer(fds[i]) != 200) refused++;
  }
  size_t many = 0;
  for (int i = 0; i < 64; i++) many += request(text + many, sizeof text - many, path);
  for (int i = idle; i < idle + slow; i++) {
    fds[i] = dial(port, i, 4096);
    if (send(fds[i], text, many, MSG_NOSIGNAL) != (ssize_t)many) refused++;
  }
  printf("ready idle=%d slow=%d refused=%d\n", idle, slow, refused);
  fflush(stdout);
  struct pollfd end = {.fd = 0, .events = POLLIN};
  while (poll(&end, 1, 1000) == 0) {
    char sip[512];
    for (int i = idle; i < idle + slow; i += 2)
      if (recv(fds[i], sip, sizeof sip, MSG_DONTWAIT) < 0 && errno != EAGAIN) continue;
  }
  // An idle client must still be open and silent, and be served when it asks again.
  for (int i = 0; i < idle; i++) {
    char byte;
    if (recv(fds[i], &byte, 1, MSG_DONTWAIT | MSG_PEEK) >= 0 || errno != EAGAIN) { lost++; continue; }
    if (i % 100) continue;
    size_t n = request(text, sizeof text, "/health");
    if (send(fds[i], text, n, MSG_NOSIGNAL) != (ssize_t)n || answer(fds[i]) <= 0) lost++;
  }
  for (int i = idle; i < idle + slow; i++) {
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (!getsockopt(fds[i], IPPROTO_TCP, TCP_INFO, &info, &size) && info.tcpi_state != TCP_ESTABLISHED) cut++;
  }
  printf("held lost=%d cut=%d\n", lost, cut);
  return 0;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static int probe(int port, double seconds, const char *path) {
  int fd = dial(port, 60000, 0), count = 0, most = 2000 * (int)(seconds + 1);
  double *times = calloc(most, sizeof *times), until = now() + seconds;
  char text[256];
  size_t n = request(text, sizeof text, path);
  while (now() < until && count < most) {
    double start = now();
    if (send(fd, text, n, MSG_NOSIGNAL) != (ssize_t)n || answer(fd) != 200) die("probe");
    times[count++] = now() - start;
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  qsort(times, count, sizeof *times, ascending);
  printf("requests=%d p50_us=%.0f p99_us=%.0f max_us=%.0f\n", count, times[count / 2] * 1e6,
         times[(int)(count * 0.99)] * 1e6, times[count - 1] * 1e6);
  return 0;
}

int main(int n, char **words) {
  if (n == 6 && !strcmp(words[1], "hold")) return hold(atoi(words[2]), atoi(words[3]), atoi(words[4]), words[5]);
  if (n == 5 && !strcmp(words[1], "probe")) return probe(atoi(words[2]), atof(words[3]), words[4]);
  fprintf(stderr, "usage: see the head of clients.c\n");
  return 2;
}
