#include "fit/command/judged.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace frugal::fit {

using report::Plot;

Judgement judge(const std::vector<Judged>& rows) {
  Judgement out;
  const double count = static_cast<double>(rows.size());
  for (const Judged& row : rows) {
    out.log_rmse += std::pow(std::log(row.predicted.value / row.measured), 2) / count;
    out.covered += row.covered() ? 1 : 0;
    out.mean_log_width += std::log(row.predicted.high / row.predicted.low) / count;
  }
  out.log_rmse = std::sqrt(out.log_rmse);
  return out;
}

void JudgedSeries::draw(Plot& plot) const {
  if (!inside.x.empty()) inside.draw_points(plot, "interval holds", Plot::color(0), 'o');
  if (!outside.x.empty()) outside.draw_points(plot, "interval misses", Plot::color(1), 'd');
}

void add_predicted_against_measured(report::Page& page, const std::vector<Judged>& rows, double coverage,
                                    const std::string& caption) {
  if (rows.empty()) return;
  Plot plot("Predicted against measured", {"measured error or loss", true, {}, {}},
            {"predicted error or loss", true, {}, {}});
  JudgedSeries judged;
  double low = INFINITY, high = 0;
  for (const Judged& row : rows) {
    judged.add(row.measured, row.predicted, row.covered());
    low = std::min({low, row.measured, row.predicted.value});
    high = std::max({high, row.measured, row.predicted.value});
  }
  plot.line("right", {low, high}, {low, high}, "#777777", true);
  judged.draw(plot);
  page.figure(plot.svg(760, 460),
              fmt::format("{} Bars are {} prediction intervals.", caption, share(coverage)));
}

}  // namespace frugal::fit
