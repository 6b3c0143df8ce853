// What both simdjson yardsticks share: the file's lines, and the median time of passes over them.
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

using namespace simdjson;

// One pass's time is of every line given to `extract(parser, line, size, room, totals)`; empty lines are none.
template <typename Totals> struct Yardstick {
  padded_string file;
  std::vector<std::pair<size_t, size_t>> lines;
  size_t bytes = 0;
  double median = 0;
  Totals totals;

  // The exit status to leave with, 0 to go on.
  template <typename Extract> int run(int argc, char **argv, Extract extract) {
    if (argc < 2) {
      std::fprintf(stderr, "usage: %s FILE [REPEATS]\n", argv[0]);
      return 2;
    }
    int repeats = argc > 2 ? std::atoi(argv[2]) : 15;
    if (padded_string::load(argv[1]).get(file)) {
      std::fprintf(stderr, "cannot read %s\n", argv[1]);
      return 1;
    }
    for (size_t at = 0; at < file.size();) {
      const void *newline = std::memchr(file.data() + at, '\n', file.size() - at);
      size_t end = newline ? static_cast<const char *>(newline) - file.data() : file.size();
      if (end > at) lines.emplace_back(at, end - at);
      bytes += end - at;
      at = end + 1;
    }
    ondemand::parser parser;
    std::vector<double> times;
    for (int repeat = 0; repeat < repeats; repeat++) {
      totals = Totals();
      auto begin = std::chrono::steady_clock::now();
      for (auto &[at, size] : lines) {
        extract(parser, file.data() + at, size, file.size() + SIMDJSON_PADDING - at, totals);
      }
      times.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    std::sort(times.begin(), times.end());
    median = times[times.size() / 2];
    return 0;
  }
};
