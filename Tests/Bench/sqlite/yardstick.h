/* What both C yardsticks of the store share: errors, random numbers, texts, the log hook and the clock. */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CHECKPOINT_PAGES 1000

static void check(int code, sqlite3 *db) {
  if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
  fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
  exit(1);
}

static uint64_t state;
static uint64_t next(void) { /* SplitMix64, as Base.PRNG */
  uint64_t z = (state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static char *hex(char *to, uint64_t word, int digits) {
  for (int i = digits - 1; i >= 0; i--) *to++ = "0123456789abcdef"[word >> (4 * i) & 15];
  return to;
}

static int pages_in_log(void *context, sqlite3 *db, const char *name, int pages) {
  (void)db, (void)name;
  *(int *)context = pages;
  return SQLITE_OK;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}
