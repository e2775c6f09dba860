#include "emulate/page.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "report/html.h"
#include "report/svg.h"

namespace frugal::emulate {
namespace {

using Ordered = nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

std::string accuracy_plot(const Ordered& curve) {
  std::vector<double> learnt, accuracy;
  for (const Ordered& point : curve) {
    if (point["accuracy"].is_null()) continue;
    learnt.push_back(point["learnt"].get<double>());
    accuracy.push_back(100 * point["accuracy"].get<double>());
  }
  report::Plot plot("", {"samples learnt", false, {}, {}},
                    {"accuracy on held-out samples, %", false, {}, {}});
  plot.line("", learnt, accuracy, report::Plot::color(0));
  plot.points("", learnt, accuracy, report::Plot::color(0));
  return plot.svg();
}

Rows memory_rows(const Ordered& memory) {
  const bool replays = memory.contains("replay_bytes");
  return {{"arena: what a step computes", "SRAM", memory["arena_bytes"].dump()},
          {replays ? "trained numbers, " + memory["replay_bytes"].dump() +
                         " of them old examples, and the step counter"
                   : "trained numbers and the step counter",
           "SRAM", memory["state_bytes"].dump()},
          {"variables of the runtime", "SRAM", memory["runtime_bytes"].dump()},
          {"stack, the most that was used", "SRAM", memory["stack_used"].dump()},
          {"code, numbers and constants", "flash", memory["flash_bytes"].dump()}};
}

Rows layer_rows(const Ordered& layers) {
  Rows rows;
  for (const Ordered& layer : layers)
    rows.push_back({layer["node"].get<std::string>(), layer["operator"].get<std::string>(),
                    layer["pass"].get<std::string>(), layer["instructions"].dump()});
  return rows;
}

}  // namespace

std::string page_of(const Ordered& r) {
  report::Page page(r["network"].get<std::string>() + " learns on " + r["target"].get<std::string>(),
                    r["learnt"].dump() + " samples, one a step");
  page.section("Accuracy").figure(accuracy_plot(r["curve"]));
  if (r.contains("check"))
    page.paragraph(
        "Every prediction, every loss and the trained numbers are those of the trainer on the host.");
  if (!r["memory"].is_null())
    page.section("Memory").table({"what", "where", "bytes"}, memory_rows(r["memory"]));
  if (r.contains("layers"))
    page.section("Instructions of a training step")
        .table({"node", "operator", "pass", "instructions"}, layer_rows(r["layers"]),
               "counted in the emulator; they are not cycles");
  page.details("The result as JSON", r.dump(2));
  return page.text();
}

}  // namespace frugal::emulate
