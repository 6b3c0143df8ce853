// What simdjson On-Demand needs merely to extract the fields of trades: the yardstick of the decoding bench.
//
// Reads a file of newline-separated `trades` frames, each parsed by itself as it would come from a socket, and
// takes coin, side, px, sz, time, tid and both users of every trade in the order they are written (ordered field
// look-up, its fastest way). Texts stay texts: no decimals, no addresses, no coin ids.
//
//   g++ -O3 -DNDEBUG -std=c++17 trades_extract.cpp -o trades_extract -lsimdjson
//   ./trades_extract FILE [REPEATS]
//
// Prints `name=value` fields, the speed of the median repeat. `checksum` is over what both programs of the bench
// know of a trade; `hynous-bench decode` prints the same one for the same file.
#include "yardstick.hpp"

struct Totals {
  uint64_t trades = 0;
  uint64_t checksum = 0;
  uint64_t sizes = 0;
};

static void extract(ondemand::parser &parser, const char *frame, size_t size, size_t room, Totals &totals) {
  auto document = parser.iterate(padded_string_view(frame, size, room)).value();
  ondemand::object envelope = document.get_object();
  std::string_view channel = envelope.find_field("channel").get_string();
  if (channel != "trades") return;
  ondemand::array rows = envelope.find_field("data").get_array();
  for (auto item : rows) {
    ondemand::object row = item.get_object();
    std::string_view coin = row.find_field("coin").get_string();
    std::string_view side = row.find_field("side").get_string();
    std::string_view px = row.find_field("px").get_string();
    std::string_view sz = row.find_field("sz").get_string();
    uint64_t time = row.find_field("time").get_uint64();
    uint64_t tid = row.find_field("tid").get_uint64();
    std::string_view users[2];
    size_t count = 0;
    ondemand::array pair = row.find_field("users").get_array();
    for (auto user : pair) {
      if (count < 2) users[count] = user.get_string();
      count += 1;
    }
    totals.trades += 1;
    totals.checksum += time + 3 * tid + (side == "B" ? 1 : 0) + 5 * static_cast<unsigned char>(users[0].back()) +
                       7 * static_cast<unsigned char>(users[1].back());
    totals.sizes += coin.size() + px.size() + sz.size();
  }
}

int main(int argc, char **argv) {
  Yardstick<Totals> stick;
  if (int status = stick.run(argc, argv, [](auto &&...args) { extract(args...); })) return status;
  const Totals &totals = stick.totals;
  std::printf("trades_per_s=%.0f mb_per_s=%.0f ns_per_trade=%.1f trades=%llu frames=%zu sizes=%llu isa=%s checksum=%016llx\n",
              totals.trades / stick.median, stick.file.size() / stick.median / 1e6, stick.median * 1e9 / totals.trades,
              static_cast<unsigned long long>(totals.trades), stick.lines.size(),
              static_cast<unsigned long long>(totals.sizes), get_active_implementation()->name().c_str(),
              static_cast<unsigned long long>(totals.checksum));
  return 0;
}
