// The extrapolation benchmark of Alabdulmohsin, Neyshabur and Zhai 2022: every curve is fitted on its smaller
// part and judged on the rest, by the root mean square of ln ŷ − ln y. Rows that are judged are never fitted
// and never choose anything.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "fit/command/page_parts.h"
#include "fit/curve/curve.h"
#include "fit/validate/validate.h"

namespace frugal::fit {

struct CurveCase {
  std::string name;
  std::vector<double> x, y;            // to fit
  std::vector<double> held_x, held_y;  // to predict
};

struct CurveFigure {
  std::string form;  // "default", or a law of the table, fitted plainly
  double rmse = 0;   // of ln y over the held-out rows
};

struct CurveCheck {
  std::string name, refused;  // refused: why this curve was not fitted; empty where it was
  std::size_t fitted = 0, held_out = 0;
  std::size_t dropped = 0;           // rows, fitted or held out, that have no logarithm
  double covered = 0;                // share of the held-out rows inside their interval
  std::vector<CurveFigure> figures;  // the default first, then every law
  std::vector<Judged> judged;        // the held-out rows, in order
};

struct CurveSummary {
  std::string form;
  std::size_t curves = 0;
  double mean = 0, median = 0, worst = 0;
};

struct CurveReport final : Check {
  std::vector<CurveCheck> curves;
  std::vector<CurveSummary> summary;  // the default first, then every law, over the curves that were fitted
  double covered = 0;                 // mean over curves

  void add_to_result(nlohmann::ordered_json& result) const override;
  void add_to_page(report::Page& page, double coverage) const override;
};

CurveReport check_curves(const std::vector<CurveCase>& cases, double coverage = 0.95,
                         const CurveOptions& options = {});

}  // namespace frugal::fit
