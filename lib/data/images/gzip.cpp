#include "data/images/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace frugal::data {
namespace {

struct Inflater {
  z_stream stream{};
  Inflater() {
    // 16 + 15: a gzip wrapper with the largest window.
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) throw base::Failure("zlib could not be started");
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

}  // namespace

bool is_gzip(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

std::vector<std::uint8_t> gunzip_start(std::span<const std::uint8_t> bytes, const std::string& origin,
                                       std::size_t count) {
  Inflater inflater;
  z_stream& z = inflater.stream;
  std::vector<std::uint8_t> out;
  std::size_t filled = 0, taken = 0;
  for (;;) {
    if (filled == out.size()) {
      if (filled >= count) return out;
      // Grown as data comes, never to a size that the file merely claims.
      out.resize(std::min(count, std::max({filled * 2, bytes.size() * 4, std::size_t{4096}})));
    }
    const std::size_t step = std::min<std::size_t>(bytes.size() - taken, std::numeric_limits<uInt>::max());
    const std::size_t room = std::min<std::size_t>(out.size() - filled, std::numeric_limits<uInt>::max());
    z.next_in = const_cast<Bytef*>(bytes.data() + taken);
    z.avail_in = static_cast<uInt>(step);
    z.next_out = out.data() + filled;
    z.avail_out = static_cast<uInt>(room);
    const int status = inflate(&z, Z_NO_FLUSH);
    taken += step - z.avail_in;
    filled += room - z.avail_out;
    if (status == Z_STREAM_END) {
      if (!is_gzip(bytes.subspan(taken))) break;
      inflateReset(&z);
      continue;
    }
    const bool starved = taken == bytes.size() && (status == Z_BUF_ERROR || z.avail_out > 0);
    if (starved && (status == Z_OK || status == Z_BUF_ERROR)) {
      throw base::UserError(origin,
                            "the gzip stream ends early: " + std::to_string(bytes.size()) + " bytes give " +
                                std::to_string(filled) + " and then stop",
                            "the file is truncated; download or copy it again");
    }
    if (status != Z_OK && status != Z_BUF_ERROR) {
      throw base::UserError(origin,
                            std::string("damaged gzip stream (") + (z.msg ? z.msg : "unknown error") +
                                ") after " + std::to_string(filled) + " bytes",
                            "download or copy the file again");
    }
  }
  out.resize(filled);
  return out;
}

std::vector<std::uint8_t> gunzip(std::span<const std::uint8_t> bytes, const std::string& origin,
                                 std::size_t most_bytes) {
  std::vector<std::uint8_t> out = gunzip_start(bytes, origin, most_bytes + 1);
  if (out.size() > most_bytes) {
    throw base::UserError(origin, "decompresses to more than " + std::to_string(most_bytes) + " bytes");
  }
  return out;
}

}  // namespace frugal::data
