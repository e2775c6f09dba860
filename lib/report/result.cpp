#include "report/result.h"

#include <sys/resource.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/file.h"

namespace frugal::report {

using Json = nlohmann::ordered_json;

Json start_result(const Header& header, const nlohmann::json& config) {
  Json result;
  result["schema"] = header.schema;
  result["tool"] = header.tool;
  result["version"] = FRUGAL_VERSION;
  result["seed"] = header.seed;
  result["config"] = Json::parse(config.dump());
  return result;
}

double RunClock::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

Json RunClock::describe(int threads) const {
  char host[256] = "unknown";
  gethostname(host, sizeof host - 1);
  return {{"seconds", seconds()},
          {"host", host},
          {"threads", threads},
          {"peak_resident_bytes", peak_resident_bytes()}};
}

std::uint64_t peak_resident_bytes() {
  struct rusage usage {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

void write_result(const std::string& path, const Json& result) {
  base::write_text(path, result.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::string to_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace frugal::report
