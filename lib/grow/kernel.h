// Makes one weight of the large model from the small model's weights, as a plan says: row by row in the
// tensor's own type, so that a file can be streamed. Adam's moments are made in the same way.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "grow/plan.h"

namespace frugal::grow {

// What is grown: the weights, or the optimiser's running means of gradients and of their squares. Gradients
// run against the weights: a copied output's gradient is its source's times the share that its consumers
// take, and a shared input's is its source's whole. Fresh units have a first moment of 0 and the second
// moment's mean, so that their first updates are no larger than others'.
enum class Kind { weights, first_moment, second_moment };

class TensorGrowth {
 public:
  // The plan must outlive it.
  TensorGrowth(const GrowthPlan& plan, const model::WeightSpec& target, Kind kind = Kind::weights);

  // Canonical names of the source tensors that rows() takes, in this order; none where the weight is all
  // zero.
  const std::vector<std::string>& sources() const { return sources_; }
  std::int64_t row_count() const;  // 1 for vectors
  std::int64_t row_size() const;

  // What the plan needs of whole source tensors: mean and standard deviation; the value of a passing norm.
  // Call before rows().
  template <class T>
  void measure(std::span<const T* const> sources);

  // Rows [begin, end) of the target in canonical layout. `sources`: whole tensors in canonical layout.
  template <class T>
  void rows(std::span<const T* const> sources, std::int64_t begin, std::int64_t end, T* out) const;

 private:
  // Neighbouring columns that come from neighbouring columns with one factor.
  struct Run {
    std::int64_t to, from, count;  // from: fresh, average or the first source column
    double factor;
  };
  void plan_columns();
  void plan_redrawn();
  template <class Real>
  void redraw(std::int64_t row, Real* out) const;
  template <class From, class To>
  void fill_row(std::int64_t row, const From* base, bool produced, To* out) const;

  const GrowthPlan& plan_;
  model::WeightSpec spec_;
  Kind kind_;
  std::vector<std::string> sources_;
  bool zero_ = false;
  bool passes_ = false;  // a norm of a new block: one value for all units, see measure()
  double passing_ = 0;
  bool drawn_ = false;         // a new mixture's router, which has no source
  std::vector<bool> redrawn_;  // units of an expert that start anew (drop-upcycling, Nakamura et al. 2025)
  bool scaled_ = false;        // an output that layer scale multiplies: the second source is that scale
  const AxisMap* row_map_ = nullptr;     // null: rows are an index, kept
  const AxisMap* column_map_ = nullptr;  // null: columns are kept
  std::int64_t source_columns_ = 0;
  std::vector<double> row_factor_, column_factor_;
  std::vector<Run> runs_;
  double mean_ = 0, std_ = 0;
};

}  // namespace frugal::grow
