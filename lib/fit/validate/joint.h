// The figures by which joint fits are judged, for any table of runs: does every seed reach the same optimum,
// how far does the prediction of the held-out runs miss, do the intervals cover them and how wide are they.
// Behind scripts/check-joint.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "fit/command/page_parts.h"
#include "fit/law/fit.h"
#include "fit/posterior/predictive.h"
#include "fit/validate/validate.h"

namespace frugal::fit {

struct CheckOptions {
  std::vector<std::string> laws = {"chinchilla"};  // whose convergence is counted
  int seeds = 100;
  double level = 0.95;
  std::uint64_t seed = 0;
  // Runs that repeat their data more often are left out, fit and check alike, and counted: the laws say that
  // a repetition is worth ever less, not that it harms.
  double most_repeats = 16;
};

struct SeriesCheck {
  std::string name;
  std::size_t runs = 0, fitted = 0, held_out = 0, left_out = 0;
  struct Convergence {
    std::string law;
    int seeds = 0, agreeing = 0, agreeing_parameters = 0;  // within 1e-6 relative of the best over the seeds
    FitResult best;
  };
  std::vector<Convergence> convergence;
  std::vector<Judged> judged;  // the held-out runs
  std::string refusal;         // why none is judged; empty: they are
};

struct JointReport final : Check {
  std::vector<SeriesCheck> series;

  std::vector<Judged> judged() const;  // of all series
  void add_to_result(nlohmann::ordered_json& result) const override;
  void add_to_page(report::Page& page, double coverage) const override;
};

// The rows of the largest sizes: as many sizes as it takes to hold out 3 runs and 5 % of all.
std::vector<bool> top_scale(const Runs& points, const std::string& variable = "size");

// held[i]: run i is predicted, not fitted; empty: top_scale.
SeriesCheck check_joint(const std::string& name, const Runs& points, std::vector<bool> held,
                        const CheckOptions& options = {});

// Every series. Errors: UserError without sizes and data.
std::unique_ptr<Check> validate_joint(const ValidateInput& input);

}  // namespace frugal::fit
