// Latency tables: milliseconds by operation on one device. The latency of a network is the sum over its
// pieces (ProxylessNAS, section 3.3: E[latency] = Σ F(operation)), which is what makes it differentiable in
// the architecture and separable for an exact search.
//
// Formats: our own JSON (with the device, threads, batch and host it was measured on), the YAML of
// ProxylessNAS and Once-for-all (mean in ms by key), the JSON of TF-NAS (by operation and middle channels,
// and `base` for all that it does not search). A key that is missing is an error that names all that are
// missing, never a default.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "search/cost/table_key.h"

namespace frugal::search {

// Of the sum over a whole network: latency = offset_ms + scale · sum. Fitted to whole networks measured on
// the same device (`nas-search profile --check`); 0 and 1 where nobody did.
struct Correction {
  double offset_ms = 0, scale = 1;
};

struct Measured {
  double ms = 0;                 // median
  double low = 0, high = 0;      // quartiles; 0 where unknown
  std::int64_t repetitions = 0;  // 0 where unknown
};

struct LatencyTable {
  KeyStyle style = KeyStyle::own;
  std::string origin;                   // the file, for messages
  std::string device = "cpu";           // a name for people
  std::int64_t threads = 0, batch = 0;  // 0 where unknown
  std::string host, runtime;            // "libtorch", "onnxruntime"; empty where unknown
  double reference_ms = 0;  // of the meter's reference operation, by which a resumed table goes on
  double base_ms = 0;       // TF-NAS: first convolution, first block, mix, pool and classifier together
  std::map<std::string, Measured> operations;
  Correction correction;

  bool base_covers(const Piece& piece) const;
};

// `format`: "auto" (by content), "frugal", "proxyless", "mobilenetv3" or "tf-nas". Throws UserError with file
// and key for a value that is no positive number of milliseconds (TF-NAS's fits may be below zero).
LatencyTable load_table(const std::string& path, const std::string& format = "auto");
nlohmann::ordered_json to_json(const LatencyTable& table);  // our own format

struct PieceLatency {
  std::string name, key;
  double ms = 0;  // corrected
};
struct Prediction {
  double total_ms = 0;
  std::vector<PieceLatency> pieces;  // in order; `base` and `offset` are entries where they are not zero
};

// The time of one piece before the correction: 0 where it is free or `base` covers it; a key that is not in
// the table is added to `missing`.
double piece_ms(const LatencyTable& table, const Piece& piece, std::vector<std::string>& missing);
// Throws UserError that names every key of `missing` (once each); nothing where there is none.
void refuse_missing(const LatencyTable& table, const std::vector<std::string>& missing,
                    const std::string& what);
Prediction predict(const LatencyTable& table, const network::NetworkConfig& network,
                   std::int64_t resolution = 0);

}  // namespace frugal::search
