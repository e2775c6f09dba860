#include "search/cost/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace frugal::search {

bool LatencyTable::base_covers(const Piece& piece) const {
  if (style != KeyStyle::tf_nas) return false;
  return piece.kind != Piece::Kind::block ||
         (piece.name == "blocks.0" && piece.bottleneck() != nullptr && !piece.bottleneck()->has_expansion());
}

double piece_ms(const LatencyTable& table, const Piece& piece, std::vector<std::string>& missing) {
  if (piece.is_free() || table.base_covers(piece)) return 0;
  const auto key = key_of(piece, table.style);
  if (key) {
    const auto found = table.operations.find(*key);
    if (found != table.operations.end()) return found->second.ms;
    missing.push_back(*key);
  } else {
    missing.push_back(fmt::format("{} ({} has no key for it)", key_of(piece, KeyStyle::own).value_or(""),
                                  name_of(table.style)));
  }
  return 0;
}

void refuse_missing(const LatencyTable& table, const std::vector<std::string>& missing,
                    const std::string& what) {
  if (missing.empty()) return;
  std::vector<std::string> distinct;
  for (const std::string& key : missing) {
    if (std::find(distinct.begin(), distinct.end(), key) == distinct.end()) distinct.push_back(key);
  }
  std::string text = fmt::format("{} needs {} operation{} that the table does not have:", what,
                                 distinct.size(), distinct.size() == 1 ? "" : "s");
  for (const std::string& key : distinct) text += "\n  " + key;
  throw base::UserError(table.origin, text,
                        "measure them with `nas-search profile`, or give a table of this network's "
                        "resolution and widths");
}

Prediction predict(const LatencyTable& table, const network::NetworkConfig& network,
                   std::int64_t resolution) {
  Prediction prediction;
  std::vector<std::string> missing;
  const auto add = [&](const std::string& name, const std::string& key, double ms) {
    prediction.pieces.push_back({name, key, ms});
    prediction.total_ms += ms;
  };
  if (table.base_ms != 0) add("base", "base", table.correction.scale * table.base_ms);
  for (const Piece& piece : pieces_of(network, resolution)) {
    const double ms = piece_ms(table, piece, missing);
    if (table.base_covers(piece)) continue;
    const std::string key = piece.is_free() ? "" : key_of(piece, table.style).value_or("");
    add(piece.name, key, table.correction.scale * ms);
  }
  refuse_missing(table, missing, "the network");
  if (table.correction.offset_ms != 0) add("offset", "", table.correction.offset_ms);
  return prediction;
}

}  // namespace frugal::search
