// What a fit leaves behind for decisions: the error as a function of a run's scale, with how sure that is. A
// surface gives the error of the estimate and of each of its draws; a draw is one way the truth may be: the
// parameters of a refit to resampled runs, and a share of the law's misfit that is common to everything far
// from the data (so that it does not average out over a plan). Everything in fit/decide/decide.h works on
// this. Each kind writes itself into a fit file and reads itself from there.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/json_node.h"
#include "fit/law/law.h"
#include "fit/numeric/statistics.h"
#include "fit/runs/metric.h"
#include "fit/runs/runs.h"

namespace frugal::fit {

nlohmann::ordered_json finite_json(double value);  // what is not finite becomes null, as in all JSON of a fit
nlohmann::ordered_json to_json(const Estimate& estimate);

// A law of the table that a surface is made of.
struct SurfaceComponent {
  std::shared_ptr<const Law> law;
  std::string label;  // in reports
  double weight = 1;
  std::vector<double> theta;
  std::vector<std::vector<double>> draws;  // [draw][parameter]; empty where the surface draws otherwise
};

class Surface {
 public:
  static constexpr int estimate = -1;
  virtual ~Surface() = default;

  virtual const char* kind() const = 0;  // its name in the table of surface.cpp
  // Writes what predictions need into one fit of a fit file, beside its kind and its runs; the table's reader
  // gives the same surface back without fitting.
  virtual void write(nlohmann::ordered_json& fit) const = 0;

  virtual std::vector<std::string> variables() const = 0;  // of {"size", "data", …}
  virtual int draws() const = 0;
  // draw: `estimate`, or 0 … draws() − 1. with_misfit: what a new run will give, the discrepancy between law
  // and runs included, and for a draw its share of misfit and one run's noise too; without it, the law alone,
  // for where optima lie: a discrepancy bends towards measured runs, and an optimum would follow it.
  virtual double error(const RunScale& scale, int draw, bool with_misfit) const = 0;

  // The laws of several variables that it is made of; none for a learning curve.
  virtual const std::vector<SurfaceComponent>& components() const;

  bool uses(const std::string& variable) const;
  bool is_joint() const { return uses(variable::size) && uses(variable::data); }
  const Runs& measured() const { return measured_; }  // the runs that were fitted
  std::string law_name;                               // for reports
  std::optional<Metric> metric;                       // where the error is that of an accuracy
  std::string note;  // what a reader of the fit should know of how it was read; mostly empty

  // From the draws, or exactly where the surface knows its distribution.
  virtual Estimate predict(const RunScale& scale, double coverage) const;
  // Whether a fitted run's scale moves nothing, as one that was trained too little.
  virtual bool set_aside(const RunScale&) const { return false; }
  // How many times beyond the largest measured value, over the variables: 1 is the edge.
  double beyond(const RunScale& scale) const;
  const RunScale& largest() const { return largest_; }  // by variable
  const RunScale& smallest() const { return smallest_; }

 protected:
  explicit Surface(Runs measured);

 private:
  Runs measured_;
  RunScale largest_, smallest_;
};

struct ReadOptions {
  std::uint64_t seed = 0;  // of the fit
  int draws = 400;         // of the fit
};

struct SurfaceKind {
  const char* name;
  std::unique_ptr<Surface> (*read)(const config::JsonNode& fit, const ReadOptions& options);
};
const std::vector<SurfaceKind>& surface_kinds();

// fit: one of a fit file's fits. Errors: UserError with its JSON path.
std::unique_ptr<Surface> read_surface(const config::JsonNode& fit, const ReadOptions& options);

// What kinds share: the runs that were fitted; law, formula, source, variables, weight and parameters of each
// component.
Runs read_runs(const config::JsonNode& runs);
nlohmann::ordered_json components_to_json(const std::vector<SurfaceComponent>& components);

}  // namespace frugal::fit
