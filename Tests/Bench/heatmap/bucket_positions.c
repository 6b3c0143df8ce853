// The yardstick of the heatmap: a plain C loop bucketing the same positions, held as three arrays per coin.
//
// Filters, buckets and sums as the daemon's; no coverage, no snapshot, no chunks.
//   bucket_positions POSITIONS COINS REPEATS   →   ns_per_position=… checksum=…
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { buckets = 50 };
static const int64_t now_ms = 1795353377000, fresh_ms = 1200000, min_size = 1000000000;

static uint64_t state;
static uint64_t next(void) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}
static int64_t below(uint64_t bound) { return (int64_t)(((__uint128_t)next() * bound) >> 64); }

struct coin {
  int64_t mid, count, *liq_px, *signed_usd, *updated_ms;
  uint8_t *is_bot;
};
struct cell { int64_t micros, count; };

// Of this thread on a processor: a run is longer than a turn of a busy machine's scheduler.
static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t bucket(const struct coin *c, struct cell (*out)[2], int64_t *counted) {
  int64_t edge[buckets + 1];
  for (int i = 0; i <= buckets; i++)
    edge[i] = (int64_t)(((__int128)c->mid * (85 * buckets + 30 * i) + 50 * buckets) / (100 * buckets));
  int64_t low = edge[0], high = edge[buckets];
  double scale = buckets / (double)(high - low);
  for (int i = 0; i < buckets; i++) out[i][0] = out[i][1] = (struct cell){0, 0};
  int64_t n = 0;
  for (int64_t row = 0; row < c->count; row++) {
    int64_t liq_px = c->liq_px[row], usd = c->signed_usd[row];
    int64_t size = usd < 0 ? -usd : usd;
    if (size < min_size || liq_px <= 0 || now_ms - c->updated_ms[row] > fresh_ms || c->is_bot[row]) continue;
    n++;
    if (liq_px < low || liq_px > high) continue;
    int b = (int)((double)(liq_px - low) * scale);
    if (b > buckets - 1) b = buckets - 1;
    if (liq_px < edge[b]) b--;
    else if (b < buckets - 1 && liq_px >= edge[b + 1]) b++;
    out[b][usd < 0].micros += size;
    out[b][usd < 0].count++;
  }
  *counted = n;
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int64_t positions = atoll(argv[1]), coins = atoll(argv[2]), repeats = atoll(argv[3]);
  struct coin *all = calloc((size_t)coins, sizeof *all);
  struct cell(*maps)[buckets][2] = calloc((size_t)coins, sizeof *maps);
  int64_t *counted = calloc((size_t)coins, sizeof *counted);
  for (int64_t i = 0; i < coins; i++) {
    struct coin *c = all + i;
    size_t room = (size_t)(positions / coins + 1);
    c->mid = 100000000 * (i + 1);
    c->liq_px = malloc(room * 8), c->signed_usd = malloc(room * 8), c->updated_ms = malloc(room * 8);
    c->is_bot = malloc(room);
  }
  state = 1;
  for (int64_t p = 0; p < positions; p++) {
    struct coin *c = all + p % coins;
    int64_t row = c->count++;
    c->is_bot[row] = p / coins % 25 == 7;
    c->liq_px[row] = below(10) == 0 ? 0 : c->mid / 1000 * (700 + below(601)) + below(1000);
    int64_t size = (100 + below(900)) * 1000000;
    for (int64_t digits = below(5); digits > 0; digits--) size *= 10;
    c->signed_usd[row] = below(2) == 0 ? size : -size;
    c->updated_ms[row] = now_ms - below(below(50) == 0 ? 2400000 : 600000);
  }
  double *times = calloc((size_t)repeats, sizeof *times);
  for (int64_t r = 0; r < repeats; r++) {
    double began = seconds();
    for (int64_t i = 0; i < coins; i++) bucket(all + i, maps[i], counted + i);
    times[r] = seconds() - began;
  }
  for (int64_t i = 1; i < repeats; i++)
    for (int64_t j = i; j > 0 && times[j] < times[j - 1]; j--) {
      double t = times[j];
      times[j] = times[j - 1], times[j - 1] = t;
    }
  uint64_t sum = 0;
  for (int64_t i = 0; i < coins; i++) {
    sum = sum * 31 + (uint64_t)counted[i];
    for (int b = 0; b < buckets; b++)
      for (int s = 0; s < 2; s++)
        sum = (sum * 31 + (uint64_t)maps[i][b][s].micros) * 31 + (uint64_t)maps[i][b][s].count;
  }
  printf("ns_per_position=%.3f checksum=%llu\n", times[repeats / 2] * 1e9 / (double)positions,
         (unsigned long long)sum);
  return 0;
}
