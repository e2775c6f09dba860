#include "search/derive/on_device.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/stop.h"
#include "compile/untrained.h"
#include "emulate/untrained.h"

namespace frugal::search {
namespace {

using base::UserError;

constexpr const char *sram = "device_sram_bytes", *flash = "device_flash_bytes",
                     *inference = "device_instructions", *step = "device_step_instructions";
constexpr int most_compiled = 200, most_emulated = 20;

compile::CompileConfig compile_config(const BoardConfig& board, const std::string& network) {
  compile::CompileConfig config;
  config.network = network;
  config.scheme = board.scheme;
  config.device.target = board.target;
  config.device.sram = "4MB";  // what is counted does not depend on what there is
  config.device.flash = "4MB";
  return config;
}

// What is tightened where a network takes too much of a metric, one after the other.
std::vector<Metric> next_to(const std::string& metric) {
  if (metric == flash) return {Metric::flash_bytes};
  if (metric == sram) return {Metric::sram_bytes, Metric::macs};
  return {Metric::macs};
}

}  // namespace

void BoardConfig::visit(config::Visitor& v) {
  v.field("target", target, "m3, m4, m7, m55 or rv32: the board that device_… limits are of; empty: none");
  v.field("scheme", scheme,
          "what is trained there: full, head, bias:k, last:k, or a file of a scheme (JSON)");
}

const std::vector<std::string>& device_metric_names() {
  static const std::vector<std::string> names{sram, flash, inference, step};
  return names;
}

bool is_device_metric(const std::string& name) {
  const auto& names = device_metric_names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

// A folder of its own while it lives.
class OnDevice::Emulated {
 public:
  Emulated() {
    std::string name = (std::filesystem::temp_directory_path() / "frugal-derive-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw base::Failure("no folder can be made at " + name, "TMPDIR names where there is room");
    folder_ = name;
  }
  ~Emulated() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Emulated(const Emulated&) = delete;
  Emulated& operator=(const Emulated&) = delete;
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
};

OnDevice::OnDevice(const SearchSpace& space, const BoardConfig& board, const DeviceLimits& limits,
                   const std::string& place)
    : space_(space), board_(board), limits_(limits), place_(place) {
  if (board.target.empty() && !limits.empty())
    throw UserError(place, fmt::format("{} needs a board", limits.begin()->first),
                    "m3, m4, m7, m55 or rv32, as its target");
  if (board.target.empty()) return;
  if (device::target_named(board.target, place) == device::Target::host)
    throw UserError(place, "the host is no board", "m3, m4, m7, m55 or rv32");
  needs(Choice(space.blocks().size(), 0));  // told now, not after a training
}
OnDevice::~OnDevice() = default;

DeviceNeeds OnDevice::counted(const Choice& choice) const {
  base::stop_if_requested();
  const network::NetworkConfig network = space_.network(choice);
  const compile::CompileConfig config = compile_config(board_, place_);
  const compile::Footprint footprint = compile::footprint_untrained(network, config);
  DeviceNeeds needs{{sram, footprint.sram()}, {flash, footprint.flash()}};
  if (!passed(needs).empty() || (!limits_.contains(inference) && !limits_.contains(step))) return needs;
  if (emulated_ == nullptr) emulated_ = std::make_unique<Emulated>();
  const emulate::Instructions counts = emulate::instructions_untrained(network, config, emulated_->folder());
  needs[inference] = counts.inference;
  needs[step] = counts.step;
  return needs;
}

const DeviceNeeds& OnDevice::needs(const Choice& choice) const {
  const auto known = known_.find(choice);
  return known != known_.end() ? known->second : known_.emplace(choice, counted(choice)).first->second;
}

std::vector<std::string> OnDevice::passed(const DeviceNeeds& needs) const {
  std::vector<std::string> names;
  for (const auto& [name, count] : needs) {
    const auto limit = limits_.find(name);
    if (limit != limits_.end() && static_cast<double>(count) > limit->second) names.push_back(name);
  }
  return names;
}

bool OnDevice::keeps(const Choice& choice) const { return limits_.empty() || passed(needs(choice)).empty(); }

Choice OnDevice::improved(Choice choice, const BlockScores& scores, const std::vector<Limit>& limits) const {
  const bool emulates = limits_.contains(inference) || limits_.contains(step);
  struct Exchange {
    double gain;
    std::size_t block, candidate;
  };
  for (int left = emulates ? most_emulated : most_compiled; left > 0;) {
    std::vector<Exchange> exchanges;
    for (std::size_t b = 0; b < scores.size(); ++b) {
      for (std::size_t i = 0; i < scores[b].size(); ++i) {
        const double gain = scores[b][i] - scores[b][choice[b]];
        if (gain > 0) exchanges.push_back({gain, b, i});
      }
    }
    std::stable_sort(exchanges.begin(), exchanges.end(),
                     [](const Exchange& a, const Exchange& b) { return a.gain > b.gain; });
    const auto goes = [&](const Exchange& exchange) {
      Choice other = choice;
      other[exchange.block] = exchange.candidate;
      for (const Limit& limit : limits) {
        if (limit.costs.total(other) > limit.at_most) return false;
      }
      return left-- > 0 && keeps(other);
    };
    const auto found = std::find_if(exchanges.begin(), exchanges.end(), goes);
    if (found == exchanges.end()) break;
    choice[found->block] = found->candidate;
  }
  return choice;
}

Choice OnDevice::derive(const BlockScores& scores, const std::vector<Limit>& limits,
                        const std::string& place) const {
  if (limits_.empty()) return limits.empty() ? most_probable(scores) : search::derive(scores, limits, place);
  std::map<std::string, std::size_t> stage;  // of each metric: which of next_to() it is tightened by
  std::map<Metric, double> at_most;
  std::string least;
  double excess = std::numeric_limits<double>::infinity();
  for (int tried = 0; tried < most_compiled; ++tried) {
    std::vector<Limit> all = limits;
    for (const auto& [metric, most] : at_most)
      all.push_back({name_of(metric), costs_of(space_, metric), most});
    const std::optional<Choice> choice = all.empty() ? most_probable(scores) : best_within(scores, all);
    if (!choice) {
      if (at_most.empty()) return search::derive(scores, limits, place);  // says why
      // A peak that cannot be lowered any more: by its next sum, from the start.
      const auto next = std::find_if(stage.begin(), stage.end(), [](const auto& one) {
        return one.second + 1 < next_to(one.first).size();
      });
      if (next == stage.end()) break;
      at_most.erase(next_to(next->first)[next->second]);
      const Metric metric = next_to(next->first)[++next->second];
      at_most[metric] = costs_of(space_, metric).total(most_probable(scores));
      continue;
    }
    const std::vector<std::string> over = passed(needs(*choice));
    if (over.empty()) return tried == 0 ? *choice : improved(*choice, scores, limits);
    double worst = 0;
    std::string takes;
    for (const std::string& name : over) {
      const double ratio = static_cast<double>(needs(*choice).at(name)) / limits_.at(name);
      worst = std::max(worst, ratio);
      takes += fmt::format(" {} {}", name, needs(*choice).at(name));
      const Metric metric = next_to(name)[stage[name]];
      const double cost = costs_of(space_, metric).total(*choice);
      // Half of the way by which it is over, so that what is near the limit is tried one by one.
      const double lower = std::min(cost / std::sqrt(ratio), std::nextafter(cost, 0.0));
      at_most[metric] = at_most.contains(metric) ? std::min(at_most[metric], lower) : lower;
    }
    if (worst >= excess) continue;
    excess = worst;
    least = fmt::format("the nearest that was compiled is {:.1f} % over:{}; {}", 100 * (worst - 1), takes,
                        space_.text(*choice));
  }
  std::string wanted;
  for (const auto& [name, most] : limits_) wanted += fmt::format(" {} {:.6g}", name, most);
  throw UserError(place,
                  fmt::format("no network of the space was found that keeps, on {} with scheme '{}',{}",
                              board_.target, board_.scheme, wanted),
                  least);
}

nlohmann::ordered_json OnDevice::describe(const Choice& choice) const {
  nlohmann::ordered_json json{{"target", board_.target}, {"scheme", board_.scheme}};
  for (const auto& [name, count] : needs(choice)) json[name] = count;
  if (!limits_.empty()) json["limits"] = limits_;
  return json;
}

}  // namespace frugal::search
