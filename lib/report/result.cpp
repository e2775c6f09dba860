#include "report/result.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json_depth.h"

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

Json read_result(const std::string& path) {
  const std::string text = base::read_text(path);
  base::refuse_deep_json(text, path);
  Json result = Json::parse(text, nullptr, false);
  return result.is_object() ? result : Json();
}

double RunClock::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

Json RunClock::describe(int threads) const {
  char host[256] = "unknown";
  gethostname(host, sizeof host - 1);
  return {{"seconds", seconds()},
          {"processor_seconds", processor_seconds() - processor_start_},
          {"host", host},
          {"threads", threads},
          {"peak_resident_bytes", peak_resident_bytes()}};
}

double processor_seconds() {
  struct rusage usage {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::uint64_t peak_resident_bytes() {
  struct rusage usage {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

namespace {

// Indented, but a list of plain values on one line: a thousand draws of seven parameters would otherwise be
// seven thousand lines.
void append_pretty(const Json& json, std::size_t indent, std::string& out) {
  const auto plain = [](const Json& value) { return !value.is_structured(); };
  const bool flat = json.empty() || (json.is_array() && std::all_of(json.begin(), json.end(), plain));
  if (!json.is_structured() || flat) {
    out += json.dump(-1, ' ', false, Json::error_handler_t::replace);
    return;
  }
  const std::string inner(indent + 2, ' ');
  const char* separator = "";
  out += json.is_object() ? '{' : '[';
  for (const auto& [key, value] : json.items()) {
    out += separator;
    out += '\n' + inner;
    if (json.is_object()) out += Json(key).dump(-1, ' ', false, Json::error_handler_t::replace) + ": ";
    append_pretty(value, indent + 2, out);
    separator = ",";
  }
  out += '\n' + std::string(indent, ' ');
  out += json.is_object() ? '}' : ']';
}

}  // namespace

void write_result(const std::string& path, const Json& result) {
  std::string text;
  append_pretty(result, 0, text);
  base::write_text(path, text + "\n");
}

std::string to_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace frugal::report
