// What simdjson On-Demand needs merely to extract the fields of fills a profile is made of: the yardstick of the
// profile bench.
//
// Reads a file of newline-separated `userFillsByTime` pages, each parsed by itself as it would come in a reply, and
// takes coin, px, sz, side, time, startPosition, dir, closedPnl, hash, oid and tid of every fill in the order they are
// written (ordered field look-up, its fastest way). Texts stay texts: no decimals, no coin ids, no trades.
//
//   g++ -O3 -DNDEBUG -std=c++17 fills_extract.cpp -o fills_extract -lsimdjson
//   ./fills_extract FILE [REPEATS]
//
// Prints `name=value` fields, the speed of the median repeat. `checksum` is over what both programs of the bench know
// of a fill; `hynous-bench profile` prints the same one for the same file.
#include "yardstick.hpp"

struct Totals {
  uint64_t fills = 0;
  uint64_t checksum = 0;
  uint64_t sizes = 0;
};

static void extract(ondemand::parser &parser, const char *page, size_t size, size_t room, Totals &totals) {
  auto document = parser.iterate(padded_string_view(page, size, room)).value();
  ondemand::array rows = document.get_array();
  for (auto item : rows) {
    ondemand::object row = item.get_object();
    std::string_view coin = row.find_field("coin").get_string();
    std::string_view px = row.find_field("px").get_string();
    std::string_view sz = row.find_field("sz").get_string();
    std::string_view side = row.find_field("side").get_string();
    uint64_t time = row.find_field("time").get_uint64();
    std::string_view start = row.find_field("startPosition").get_string();
    std::string_view dir = row.find_field("dir").get_string();
    std::string_view pnl = row.find_field("closedPnl").get_string();
    std::string_view hash = row.find_field("hash").get_string();
    uint64_t oid = row.find_field("oid").get_uint64();
    uint64_t tid = row.find_field("tid").get_uint64();
    totals.fills += 1;
    totals.checksum += time + 3 * tid + 5 * oid + (side == "B" ? 1 : 0);
    totals.sizes += coin.size() + px.size() + sz.size() + start.size() + dir.size() + pnl.size() + hash.size();
  }
}

int main(int argc, char **argv) {
  Yardstick<Totals> stick;
  if (int status = stick.run(argc, argv, [](auto &&...args) { extract(args...); })) return status;
  const Totals &totals = stick.totals;
  std::printf("mb_per_s=%.0f ns_per_fill=%.1f fills=%llu pages=%zu sizes=%llu isa=%s checksum=%016llx\n",
              stick.bytes / stick.median / 1e6,
              stick.median * 1e9 / totals.fills, static_cast<unsigned long long>(totals.fills), stick.lines.size(),
              static_cast<unsigned long long>(totals.sizes), get_active_implementation()->name().c_str(),
              static_cast<unsigned long long>(totals.checksum));
  return 0;
}
