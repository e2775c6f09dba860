#include "compile/page.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "plan/peak.h"
#include "plan/picture.h"
#include "report/html.h"

namespace frugal::compile {
namespace {

using Ordered = nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

Rows memory_rows(const Ordered& memory) {
  const Ordered &sram = memory["sram"], &flash = memory["flash"];
  const auto replay = sram.value("replay_bytes", std::int64_t{0});
  Rows rows{{"arena: what a step computes", "SRAM", sram["arena_bytes"].dump()},
            {"trained numbers and the step counter", "SRAM",
             std::to_string(sram["state_bytes"].get<std::int64_t>() - replay)}};
  if (replay > 0) rows.push_back({"old examples that are learnt again", "SRAM", std::to_string(replay)});
  const Rows others{{"stack", "SRAM", sram["stack_bytes"].dump()},
                    {"frozen numbers and constants", "flash", flash["constants_bytes"].dump()},
                    {"trained numbers of a new device", "flash", flash["factory_bytes"].dump()}};
  rows.insert(rows.end(), others.begin(), others.end());
  return rows;
}

// What is alive at the fullest step.
Rows peak_rows(const std::vector<plan::Block>& blocks, const plan::Peak& peak) {
  Rows rows;
  for (const std::size_t i : peak.blocks) {
    if (rows.size() == 12) break;
    rows.push_back({blocks[i].name, std::to_string(blocks[i].bytes),
                    fmt::format("{} to {}", blocks[i].first, blocks[i].last)});
  }
  return rows;
}

}  // namespace

std::string page_of(const Ordered& compiled, const emit::DeviceProgram& program) {
  const Ordered& plan = compiled["plan"];
  report::Page page(
      fmt::format("{} for {}", compiled["network"].get<std::string>(), compiled["target"].get<std::string>()),
      fmt::format("{} bytes of SRAM, {} bytes of numbers in flash",
                  compiled["memory"]["sram"]["bytes"].dump(), compiled["memory"]["flash"]["bytes"].dump()));
  page.section("Memory").table({"what", "where", "bytes"}, memory_rows(compiled["memory"]));
  page.section("The arena over a training step")
      .figure(plan::picture(program.blocks(), program.plan().arena),
              fmt::format("{} blocks in {} bytes by {}; no plan is smaller than {} ({:.1f} % above it).",
                          program.blocks().size(), plan["bytes"].dump(), plan["method"].get<std::string>(),
                          plan["lower_bound"].dump(), 100 * plan["gap"].get<double>()));
  const plan::Peak peak = plan::peak_of(program.blocks());
  page.section("The fullest step")
      .paragraph(fmt::format(
          "Step {}, '{}', with {} bytes alive.", peak.step,
          program.graph().name_of(program.graph().nodes[static_cast<std::size_t>(peak.step)]), peak.bytes))
      .table({"tensor", "bytes", "steps"}, peak_rows(program.blocks(), peak));
  page.section("What is trained").table({"parameter", "bytes"}, [&] {
    Rows rows;
    for (const Ordered& one : compiled["trained"])
      rows.push_back({one["name"].get<std::string>(), one["bytes"].dump()});
    return rows;
  }());
  page.details("Config", compiled["config"].dump(2));
  return page.text();
}

}  // namespace frugal::compile
