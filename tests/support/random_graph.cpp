#include "support/random_graph.h"

#include <fmt/format.h>

#include "base/random.h"
#include "ir/builder.h"

namespace frugal::test {
namespace {

using ir::TensorId;
using List = std::vector<std::int64_t>;

class Maker {
 public:
  explicit Maker(std::uint64_t seed)
      : random_(seed, "random graph"), graph_(fmt::format("random-{}", seed)) {}

  ir::Graph make() {
    const bool image = random_.below(4) > 0;
    ir::Dims shape{1, between(1, 6), between(3, 17)};
    if (image) shape.push_back(between(3, 17));
    values_.push_back(graph_.input("images", shape));
    const std::int64_t steps = between(1, 14);
    for (std::int64_t i = 0; i < steps; ++i) values_.push_back(step(any_value()));
    TensorId x = values_.back();
    if (random_.below(2) == 0) {
      x = graph_.add("flatten", "features", {x});
      x = graph_.add("fully_connected", "logits", {x}, {{"out_features", between(1, 7)}});
      if (random_.below(2) == 0) {
        const TensorId labels = graph_.input("labels", {1}, ir::DataType::int32);
        x = graph_.add("cross_entropy", "loss", {x, labels});
      }
    }
    ir::Graph made = graph_.finish({x});
    for (ir::Tensor& tensor : made.tensors) {
      if (tensor.role == ir::Role::parameter && tensor.shape.size() > 1 && random_.below(3) == 0)
        quantise(tensor);
    }
    return made;
  }

 private:
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(high - low + 1)));
  }
  TensorId any_value() { return values_[random_.below(values_.size())]; }
  std::string name() { return fmt::format("{}.{}", random_.below(2) == 0 ? "block" : "a name", count_++); }

  ir::Attributes window(const ir::Dims& in, std::int64_t longest) {
    List kernel, stride, before, after, dilation;
    for (std::size_t axis = 2; axis < in.size(); ++axis) {
      const std::int64_t room = std::min(longest, in[axis]);
      kernel.push_back(between(1, room));
      stride.push_back(between(1, 2));
      dilation.push_back(1);
      before.push_back(between(0, kernel.back() - 1));
      after.push_back(between(0, kernel.back() - 1));
    }
    before.insert(before.end(), after.begin(), after.end());
    return {{"kernel", kernel}, {"stride", stride}, {"padding", before}, {"dilation", dilation}};
  }

  TensorId step(TensorId x) {
    const ir::Dims in = graph_.shape(x);
    switch (random_.below(9)) {
      case 0: {
        ir::Attributes attributes = window(in, 3);
        attributes.emplace_back("out_channels", between(1, 6));
        attributes.emplace_back("bias", between(0, 1));
        return graph_.add("conv", name(), {x}, attributes);
      }
      case 1: {
        ir::Attributes attributes = window(in, 5);
        attributes.emplace_back("multiplier", between(1, 2));
        return graph_.add("depthwise_conv", name(), {x}, attributes);
      }
      case 2:
        return graph_.add("batch_norm", name(), {x});
      case 3: {
        static const char* const activations[] = {"relu", "relu6", "h_swish", "h_sigmoid", "sigmoid", "tanh"};
        return graph_.add(activations[random_.below(6)], name(), {x});
      }
      case 4: {
        const TensorId gate = graph_.add("global_average_pool", name(), {x});
        return graph_.add("mul", name(), {x, gate});
      }
      case 5:
        return graph_.add("add", name(), {x, graph_.add("relu", name(), {x})});
      case 6:
        return graph_.add(random_.below(2) == 0 ? "max_pool" : "average_pool", name(), {x}, window(in, 3));
      case 7:
        return graph_.add("concatenate", name(), {x, x});
      default:
        return graph_.add("slice", name(), {x}, {{"begin", std::int64_t{0}}, {"end", between(1, in[1])}});
    }
  }

  void quantise(ir::Tensor& tensor) {
    ir::Quantization q;
    q.axis = 0;
    for (std::int64_t i = 0; i < tensor.shape[0]; ++i) {
      q.scale.push_back(1e-4 + random_.uniform());
      q.zero_point.push_back(0);
    }
    tensor.quantization = q;
    tensor.type = ir::DataType::int8;
  }

  base::Random random_;
  ir::Builder graph_;
  std::vector<TensorId> values_;
  int count_ = 0;
};

}  // namespace

ir::Graph random_graph(std::uint64_t seed) { return Maker(seed).make(); }

}  // namespace frugal::test
