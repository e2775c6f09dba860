// The one JSON object that a command answers with: {schema, tool, version, seed, config, result…, run}.
// Everything outside `run` is the same for the same config, seed, threads and machine; what differs by
// nature (times, host, peak memory) stands in `run`.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace frugal::report {

struct Header {
  std::string schema;  // "frugal.scalefit.fit/1"
  std::string tool;    // "scalefit fit"
  std::uint64_t seed = 0;
};

// Starts a result with the header's fields and the config.
nlohmann::ordered_json start_result(const Header& header, const nlohmann::json& config);

double processor_seconds();  // user and system, of this process so far

// Seconds and the process's processor seconds since construction, host, threads, peak resident bytes: for the
// `run` object.
class RunClock {
 public:
  double seconds() const;
  nlohmann::ordered_json describe(int threads) const;

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double processor_start_ = processor_seconds();
};

std::uint64_t peak_resident_bytes();

// A result read back; null for what is no JSON object. Throws UserError for a file nested too deep to be one.
nlohmann::ordered_json read_result(const std::string& path);

// Pretty JSON to a file, or to standard output for "-".
void write_result(const std::string& path, const nlohmann::ordered_json& result);

// One object a line.
std::string to_line(const nlohmann::ordered_json& json);

}  // namespace frugal::report
