#include "device/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/error.h"
#include "device/embedded.h"

namespace frugal::device {
namespace {

struct TargetRow {
  Target target;
  const char *name, *short_name;
  bool has_float;
  std::int64_t flash_limit, sram_limit;  // of the emulated board
};
constexpr std::int64_t mb = 1024 * 1024;
constexpr std::array<TargetRow, 6> table{{
    {Target::host, "host", "host", true, 1024 * mb, 1024 * mb},
    {Target::cortex_m3, "cortex-m3", "m3", false, 4 * mb, 4 * mb},
    {Target::cortex_m4, "cortex-m4", "m4", true, 4 * mb, 4 * mb},
    {Target::cortex_m7, "cortex-m7", "m7", true, 4 * mb, 4 * mb},
    {Target::cortex_m55, "cortex-m55", "m55", true, 2 * mb, mb / 2},
    {Target::rv32imc, "rv32imc", "rv32", false, 32 * mb, 64 * mb},
}};

const TargetRow& row_of(Target target) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const TargetRow& row) { return row.target == target; });
  FRUGAL_ASSERT(found != table.end(), "a target without a row");
  return *found;
}

// Where a source of lib/ stands in the folder.
std::string place_of(const std::string& source) {
  const auto moved = [&](const std::string& from, const std::string& to) {
    return source.starts_with(from) ? to + source.substr(from.size()) : std::string();
  };
  for (const auto& [from, to] : {std::pair{"ops/arm/", "kernels/"}, std::pair{"ops/", "kernels/"},
                                 std::pair{"device/runtime/", "runtime/"},
                                 std::pair{"device/boards/", "boards/"}, std::pair{"device/package/", ""}}) {
    std::string place = moved(from, to);
    if (!place.empty()) return place;
  }
  return source;  // the generated frugal_model.h
}

// "../kernels/ops.h" from "runtime/x.c": includes work without an include path.
std::string relative_to(const std::string& place, const std::string& from) {
  const auto folder = [](const std::string& path) { return path.substr(0, path.rfind('/') + 1); };
  if (folder(from).empty()) return place;
  if (folder(from) == folder(place)) return place.substr(folder(place).size());
  return "../" + place;
}

std::string with_includes(const std::string& text, const std::string& place) {
  static const std::string mark = "#include \"";
  std::string result;
  std::size_t done = 0;
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, done)) {
    const std::size_t begin = at + mark.size(), end = text.find('"', begin);
    result += text.substr(done, begin - done) + relative_to(place_of(text.substr(begin, end - begin)), place);
    done = end;
  }
  return result + text.substr(done);
}

using Values = std::map<std::string, std::string>;

Values values_of(const FileSettings& settings) {
  Values values{{"NAME", settings.name},
                {"TARGET", name_of(settings.target)},
                {"OPTIMISE", settings.optimise},
                {"CMAKE_OPTIMISE", settings.optimise},
                {"FLASH_BYTES", std::to_string(settings.flash_bytes)},
                {"SRAM_BYTES", std::to_string(settings.sram_bytes)},
                {"SRAM_KB", std::to_string((settings.sram_bytes + 1023) / 1024)},
                {"STACK_BYTES", std::to_string(settings.stack_bytes)},
                {"DEFINITIONS", settings.whole_numbers ? "OPS_NO_FLOAT" : ""}};
  for (std::size_t i = 0; i < embedded_count; ++i)
    if (std::string(embedded_texts[i].path) == "device/boards/sections.ld")
      values["SECTIONS"] = embedded_texts[i].text;
  return values;
}

std::string filled(std::string text, const Values& values) {
  for (const auto& [name, value] : values) {
    const std::string mark = "@" + name + "@";
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size()))
      text.replace(at, mark.size(), value);
  }
  return text;
}

void check(const FileSettings& settings) {
  const TargetRow& row = row_of(settings.target);
  if (settings.stack_bytes < 512 || settings.stack_bytes >= settings.sram_bytes)
    throw base::UserError("stack",
                          fmt::format("must be at least 512 bytes and less than the SRAM's {}, got {}",
                                      settings.sram_bytes, settings.stack_bytes));
  const auto at_most = [&](const char* what, std::int64_t bytes, std::int64_t limit) {
    if (bytes <= 0 || bytes > limit)
      throw base::UserError(what, fmt::format("must be 1 to {} bytes on {}, got {}", limit, row.name, bytes));
  };
  at_most("flash", settings.flash_bytes, row.flash_limit);
  at_most("sram", settings.sram_bytes, row.sram_limit);
  require_arithmetic(settings.target, settings.whole_numbers, row.name);
}

// The kernels of networks in whole numbers (tests/integer_only.py compiles them without floats), and all
// headers.
bool without_float(const std::string& path) {
  static const std::array forward = {
      "conv_i8",    "depthwise_i8",     "elementwise_i8", "product_i8",  "requantize",
      "softmax_i8", "embedding_i8",     "conv_i8_dsp",    "conv_i8_mve", "depthwise_i8_dsp",
      "finish",     "depthwise_i8_mve", "patch",          "rows",        "conv_i8_of_parts",
      "replay"};
  const std::string name = path.substr(path.rfind('/') + 1);
  return name.ends_with(".h") || name.starts_with("integer_") ||
         std::any_of(forward.begin(), forward.end(),
                     [&](const char* one) { return name == one + std::string(".c"); });
}

}  // namespace

std::string name_of(Target target) { return row_of(target).name; }
bool has_float(Target target) { return row_of(target).has_float; }

void require_arithmetic(Target target, bool whole_numbers, const std::string& place) {
  if (!has_float(target) && !whole_numbers)
    throw base::UserError(place, "has no floating point, and this network computes in float",
                          "`import --rounding integer` and storage `integer` make one that does without");
}

Target target_named(const std::string& name, const std::string& place) {
  std::vector<std::string> names;
  for (const TargetRow& row : table) {
    if (name == row.name || name == row.short_name) return row.target;
    names.push_back(row.short_name);
  }
  throw base::UserError(place, "unknown target '" + name + "'", base::suggest(name, names));
}

std::vector<File> device_files(const FileSettings& settings) {
  check(settings);
  const Values values = values_of(settings);
  std::vector<File> files;
  for (std::size_t i = 0; i < embedded_count; ++i) {
    const std::string source = embedded_texts[i].path;
    const std::string place = place_of(source);
    if (source == "device/boards/sections.ld") continue;
    const bool kernel = source.starts_with("ops/");
    if (kernel && settings.whole_numbers && !without_float(source)) continue;
    std::string text = with_includes(embedded_texts[i].text, place);
    files.push_back({place, kernel ? text : filled(std::move(text), values)});
  }
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.path < b.path; });
  return files;
}

}  // namespace frugal::device
