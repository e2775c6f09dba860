#include "grow/learn_report.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/progress.h"
#include "report/html.h"
#include "report/svg.h"

namespace frugal::grow {
namespace {

using torch::Tensor;

constexpr std::int64_t most_cells = 48;  // a side: a picture, not a table

// A matrix averaged over blocks, so that it has at most most_cells a side.
Tensor coarse(const Tensor& matrix) {
  const std::int64_t rows = std::min(matrix.size(0), most_cells),
                     columns = std::min(matrix.size(1), most_cells);
  return torch::adaptive_avg_pool2d(matrix.unsqueeze(0).unsqueeze(0), {rows, columns})[0][0].contiguous();
}

std::string picture(const std::string& name, const Tensor& matrix) {
  const bool depth = name.starts_with("depth");
  const Tensor cells = depth ? matrix.contiguous() : coarse(matrix);
  std::vector<double> x, y, values;
  for (std::int64_t i = 0; i < cells.size(1); ++i) x.push_back(static_cast<double>(i));
  for (std::int64_t i = 0; i < cells.size(0); ++i) y.push_back(static_cast<double>(i));
  const float* data = cells.const_data_ptr<float>();
  values.assign(data, data + cells.numel());
  const auto edge = [](std::int64_t size) { return static_cast<double>(size) - 0.5; };
  report::Plot plot(name, {depth ? "source layer" : "old unit (blocks)", false, -0.5, edge(cells.size(1))},
                    {depth ? "target layer" : "new unit (blocks)", false, -0.5, edge(cells.size(0))});
  plot.heat_map(x, y, values, "weight", false, {});
  return plot.svg(420, 320);
}

}  // namespace

void write_learn_report(const std::string& folder, const Ligo& ligo, const nlohmann::ordered_json& line) {
  const auto number = [&](const char* key) { return line.at(key).get<double>(); };
  report::Page page(
      "A learned growth operator",
      fmt::format("{} parameters, {} steps", line.at("parameters").dump(), line.at("steps").dump()));
  page.section("What it brought");
  page.table({"", "loss"}, {{"source", fmt::format("{:.4f}", number("source_loss"))},
                            {"expanded, before learning", fmt::format("{:.4f}", number("start_loss"))},
                            {"expanded, learned", fmt::format("{:.4f}", number("loss"))}});
  page.paragraph(fmt::format("It cost {} FLOPs; its factors changed by {:.3g} of their size.",
                             base::human_count(number("compute")), number("moved")));
  page.section("Factors");
  std::vector<std::vector<std::string>> rows;
  std::string width, depth;
  for (const auto& [name, factor] : ligo.factors()) {
    const Tensor value = factor.detach().to(torch::kCPU);
    rows.push_back({name, fmt::format("{}", value.numel()),
                    fmt::format("{:.4g}", value.norm().item<double>()),
                    fmt::format("{:.4g}", value.abs().max().item<double>())});
    if (name.starts_with("depth") && !name.ends_with("weight")) continue;
    (name.starts_with("depth") ? depth : width) += picture(name, value.dim() == 3 ? value.mean(0) : value);
  }
  page.table({"factor", "entries", "norm", "largest"}, rows);
  if (!width.empty()) {
    page.section("Width: new units as combinations of old ones")
        .figure(width, "Above the identity, which is not shown.");
  }
  page.section("Depth: target layers as combinations of source layers").figure(depth);
  base::write_text(folder + "/report.html", page.text());
}

}  // namespace frugal::grow
