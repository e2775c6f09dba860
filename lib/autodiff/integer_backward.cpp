// The backward pass without floats: what a rule gives are int16 mantissas with a shared exponent, and every
// node that sums is followed by the two that make mantissas of its sums.
#include <cmath>

#include "autodiff/walk.h"
#include "ir/integer_scale.h"
#include "ops/integer.h"

namespace frugal::autodiff {
namespace {

using ir::TensorId;

// value as factor · 2^shift with a factor of OPS_FACTOR_BITS.
std::pair<std::int64_t, std::int64_t> factor_of(double value) {
  int exponent = 0;
  auto factor = std::llround(std::frexp(value, &exponent) * (1 << OPS_FACTOR_BITS));
  if (factor == 1 << OPS_FACTOR_BITS) {
    factor /= 2;
    ++exponent;
  }
  return {factor, exponent - OPS_FACTOR_BITS};
}

class IntegerWalk : public Walk<IntegerBackward> {
 public:
  using Walk::Walk;

  const Mantissas& gradient() const override { return gradients_[index(node().output)]; }

  void give(std::size_t input, const Mantissas& gradient) override {
    Mantissas& sum = gradients_[index(node().inputs[input])];
    sum = sum.values == ir::none ? gradient : sum_of(sum, gradient, std::to_string(input) + "_gradient_sum");
  }
  void give_parameter(TensorId parameter, const Mantissas& gradient,
                      const std::vector<std::int64_t>& channels) override {
    result_.gradients.push_back(
        {parameter, gradient.values, now_, channels, gradient.exponent, gradient.scale});
  }
  TensorId factors(const std::string& suffix, const std::vector<std::int16_t>& values) override {
    const TensorId id = builder_.constant(output().name + "." + suffix,
                                          {static_cast<std::int64_t>(values.size())}, ir::DataType::int16);
    result_.model.set<std::int16_t>(id, values);
    return id;
  }
  Mantissas narrowed(TensorId sums, const std::string& suffix, TensorId before,
                     const std::vector<double>& scale) override {
    store_as(sums, ir::DataType::int32, scale);
    std::vector<TensorId> inputs{sums};
    if (before != ir::none) inputs.push_back(before);
    Mantissas made{ir::none, add("shared_exponent", suffix + "_exponent", inputs, {}), scale};
    inputs.insert(inputs.begin() + 1, made.exponent);
    made.values = add("narrow", suffix, inputs, {});
    store_as(made.values, ir::DataType::int16, scale);
    return made;
  }
  void store_as(TensorId id, ir::DataType type, const std::vector<double>& scale) override {
    const std::vector<std::int64_t> zeros(scale.size(), 0);
    builder_.store_as(id, type, {scale, zeros, scale.size() == 1 ? ir::none : 0});
  }

 private:
  // Each gradient is of one scale here; a scale a channel is of parameters alone.
  Mantissas sum_of(const Mantissas& a, const Mantissas& b, const std::string& suffix) {
    const double unit = std::max(a.scale[0], b.scale[0]);
    const auto [a_factor, a_shift] = factor_of(a.scale[0] / unit);
    const auto [b_factor, b_shift] = factor_of(b.scale[0] / unit);
    const ir::Attributes how{
        {"a_factor", a_factor}, {"a_shift", a_shift}, {"b_factor", b_factor}, {"b_shift", b_shift}};
    const TensorId exponent = add("common_exponent", suffix + "_common", {a.exponent, b.exponent}, how);
    const TensorId sums =
        add("sum_gradients", suffix + "_sums", {a.values, a.exponent, b.values, b.exponent, exponent}, how);
    return narrowed(sums, suffix, exponent, {unit});
  }

  void begin(std::size_t tensors) override { gradients_.assign(tensors, {}); }
  bool has_gradient(TensorId tensor) const override { return gradients_[index(tensor)].values != ir::none; }
  void differentiate(const ir::Node& at) override {
    const IntegerRule rule = find_integer_rule(at.op->name);
    if (rule == nullptr) no_rule();
    rule(*this);
  }
  void check_logits(const ir::Tensor& logits) const override {
    FRUGAL_ASSERT(logits.quantization && logits.shape.size() == 2, "logits without a scale");
  }
  TensorId loss_of(TensorId logits, TensorId label) override {
    const TensorId loss = builder_.add("cross_entropy", "loss", {logits, label});
    store_as(loss, ir::DataType::int32, {std::ldexp(1.0, -OPS_LOSS_BITS)});
    return loss;
  }

  std::vector<Mantissas> gradients_;  // of each forward tensor
};

}  // namespace

Mantissas Mantissas::times(double factor) const {
  Mantissas scaled = *this;
  for (double& value : scaled.scale) value *= factor;
  return scaled;
}

TrainingGraph with_integer_backward(const ir::Model& model, const std::vector<TrainedLayer>& trained,
                                    const std::string& origin) {
  return IntegerWalk(model, trained, origin).run();
}

}  // namespace frugal::autodiff
