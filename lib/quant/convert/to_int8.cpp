#include "quant/convert/to_int8.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/error.h"
#include "ir/builder.h"
#include "ir/integer_scale.h"
#include "ir/operator.h"
#include "quant/program.h"

namespace frugal::quant {
namespace {

using base::UserError;
using ir::index;
using ir::TensorId;
using List = std::vector<std::int64_t>;

// A bias of at most 2^30 leaves as much room for the sum that it is added to.
constexpr double largest_bias = 1 << 30;

std::string channels_of(std::int64_t some, std::int64_t all) {
  return std::to_string(some) + " of " + std::to_string(all) + " channels";
}

class Int8Converter {
 public:
  Int8Converter(const ir::Model& folded, const std::vector<ValueRange>& ranges, const Int8Choice& choice,
                const std::string& origin)
      : folded_(folded),
        graph_(folded.graph),
        ranges_(ranges),
        choice_(choice),
        origin_(origin),
        builder_(folded.graph.name),
        place_(graph_.tensors.size(), ir::none) {
    builder_.at(origin);
  }

  Int8Network run(const std::vector<StoredLayer>& layers) {
    const TensorId image = graph_.inputs.front();
    const ir::Tensor& given = graph_.tensor(image);
    place_[index(image)] = builder_.input(given.name, given.shape, given.type);
    if (given.type == ir::DataType::float32) store(place_[index(image)], quantization_of(image));
    TensorId y = place_[index(image)];
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const bool is_last = i + 1 == layers.size();
      y = is_last && choice_.float_head && is_head(layers[i]) ? float_head(layers[i]) : step(layers[i]);
      place_[index(layers[i].value)] = y;
    }
    y = place_[index(graph_.outputs.front())];
    if (builder_.graph().tensor(y).type == ir::DataType::int8)
      y = builder_.add("dequantize", builder_.graph().tensor(y).name + ".real", {y});
    Int8Network& made = result_;
    made.model.graph = builder_.finish({y});
    made.model.data.resize(made.model.graph.tensors.size());
    ir::verify(made.model, origin_);
    return std::move(result_);
  }

 private:
  bool is_head(const StoredLayer& layer) const {
    return std::string_view(graph_.nodes[index(layer.node)].op->name) == "fully_connected" &&
           layer.activation == ir::none && layer.value == graph_.outputs.front();
  }

  ir::Quantization quantization_of(TensorId value) const {
    const ValueRange range = ranges_[index(value)];
    if (!std::isfinite(range.low) || !std::isfinite(range.high) || !std::isfinite(range.high - range.low))
      throw UserError(origin_ + ": " + graph_.tensor(value).name, "has a range that is not finite");
    return int8_over(range);
  }

  void store(TensorId id, ir::Quantization quantization) {
    builder_.store_as(id, ir::DataType::int8, std::move(quantization));
  }

  const ir::Quantization& stored(TensorId id) const { return *builder_.graph().tensor(id).quantization; }

  // The step on integers.
  TensorId step(const StoredLayer& layer) {
    const ir::Node& node = graph_.nodes[index(layer.node)];
    const ir::Call call = ir::call_of(graph_, node);
    std::vector<TensorId> inputs;
    for (const TensorId id : call.inputs) inputs.push_back(place_[index(id)]);
    const std::string op = node.op->name;
    if (op == "embedding") return look_up(layer, inputs.front());
    const ir::Quantization to = layer.keeps_scale ? stored(inputs.front()) : quantization_of(layer.value);
    const bool has_rounding =
        std::any_of(node.op->attributes.begin(), node.op->attributes.end(),
                    [](const auto& spec) { return std::string_view(spec.name) == "rounding"; });
    const bool moves_alone = !has_rounding && !op.starts_with("relu");  // or looks its value up
    const ir::Operator& made_of = op.starts_with("relu") ? *ir::find_operator("requantize") : *node.op;
    ir::Attributes attributes = op.starts_with("relu") ? ir::Attributes{} : node.attributes;
    std::erase_if(attributes,
                  [](const auto& entry) { return entry.first == "rounding" || entry.first == "clamp"; });
    if (!moves_alone) {
      attributes.emplace_back("rounding", choice_.rounding);
      attributes.emplace_back("clamp", clamp_of(layer, to));
    }
    const TensorId y = builder_.add(made_of, graph_.name_of(node), inputs, attributes);
    store(y, to);
    Int8Layer made{layer, y, false, {}};
    if (node.inputs.size() > call.inputs.size()) made.weights = set_weights(node, inputs.front());
    if (!layer.keeps_scale) note_dead_value(layer);
    result_.layers.push_back(made);
    return y;
  }

  // A table of vectors and what is looked up in it have one symmetric scale: that of the table's numbers.
  TensorId look_up(const StoredLayer& layer, TensorId tokens) {
    const ir::Node& node = graph_.nodes[index(layer.node)];
    const auto table = folded_.values<float>(node.inputs[1]);
    double most = 0;
    for (const float w : table) most = std::max(most, std::abs(double{w}));
    const ir::Quantization to{{(most > 0 ? most : 1) / 127}, {0}, ir::none};
    std::vector<std::int8_t> stored_table;
    for (const float w : table)
      stored_table.push_back(static_cast<std::int8_t>(std::nearbyint(w / to.scale.front())));
    const TensorId y = builder_.add(*node.op, graph_.name_of(node), {tokens}, node.attributes);
    const TensorId weight = builder_.graph().nodes.back().inputs[1];
    store(y, to);
    store(weight, to);
    result_.model.set<std::int8_t>(weight, stored_table);
    result_.layers.push_back({layer, y, false, {}});
    return y;
  }

  static List clamp_of(const StoredLayer& layer, const ir::Quantization& to) {
    const auto at = [&](double real, double otherwise) {
      if (!std::isfinite(real)) return static_cast<std::int64_t>(otherwise);
      const double stored =
          std::nearbyint(real / to.scale.front()) + static_cast<double>(to.zero_point.front());
      return static_cast<std::int64_t>(std::clamp(stored, -128.0, 127.0));
    };
    if (layer.keeps_scale) return {-128, 127};
    return {at(layer.low, -128), at(layer.high, 127)};
  }

  void note_dead_value(const StoredLayer& layer) {
    const ValueRange range = ranges_[index(layer.value)];
    if (range.low == 0 && range.high == 0)
      result_.notes.push_back(graph_.tensor(layer.value).name +
                              " gave 0 alone on the calibration images: a dead layer, stored at scale 1/255");
  }

  // The node's weight and bias for the int8 node added last.
  WeightReport set_weights(const ir::Node& node, TensorId x) {
    const ir::Node made = builder_.graph().nodes.back();
    const auto weight = folded_.values<float>(node.inputs[1]), bias = folded_.values<float>(node.inputs[2]);
    const double x_scale = stored(x).scale.front();
    const std::size_t channels = bias.size(), each = weight.size() / channels;
    std::vector<double> most(channels, 0);
    for (std::size_t c = 0; c < channels; ++c) {
      for (const float w : weight.subspan(c * each, each)) most[c] = std::max(most[c], std::abs(double{w}));
    }
    const double layer_most = *std::max_element(most.begin(), most.end());

    WeightReport report;
    report.channels = static_cast<std::int64_t>(channels);
    ir::Quantization of_weight{{}, std::vector<std::int64_t>(channels, 0), 0}, of_bias = of_weight;
    std::vector<std::int8_t> stored_weight;
    std::vector<std::int32_t> stored_bias;
    for (std::size_t c = 0; c < channels; ++c) {
      report.zero_channels += most[c] == 0 ? 1 : 0;
      // A channel of zeros takes the layer's scale: any would do.
      double scale = (most[c] > 0 ? most[c] : layer_most > 0 ? layer_most : 1) / 127;
      const double least = std::max(std::abs(double{bias[c]}) / (x_scale * largest_bias),
                                    double{std::numeric_limits<float>::min()});
      if (scale < least) {
        scale = least;
        ++report.raised_channels;
      }
      of_weight.scale.push_back(scale);
      of_bias.scale.push_back(scale * x_scale);
      for (const float w : weight.subspan(c * each, each)) {
        const double number = std::clamp(std::nearbyint(w / scale), -127.0, 127.0);
        stored_weight.push_back(static_cast<std::int8_t>(number));
        report.signal += double{w} * w;
        report.noise += (w - number * scale) * (w - number * scale);
      }
      stored_bias.push_back(static_cast<std::int32_t>(
          std::clamp(std::nearbyint(bias[c] / (scale * x_scale)), -largest_bias, largest_bias)));
    }
    builder_.store_as(made.inputs[1], ir::DataType::int8, of_weight);
    builder_.store_as(made.inputs[2], ir::DataType::int32, of_bias);
    result_.model.set<std::int8_t>(made.inputs[1], stored_weight);
    result_.model.set<std::int32_t>(made.inputs[2], stored_bias);
    const std::string& name = graph_.tensor(node.inputs[1]).name;
    if (report.zero_channels > 0)
      result_.notes.push_back(name + ": " + channels_of(report.zero_channels, report.channels) +
                              " hold zeros alone (dead): adapt leaves them as they are");
    if (report.raised_channels > 0)
      result_.notes.push_back(name + ": " + channels_of(report.raised_channels, report.channels) +
                              " have weights so small beside their bias that they got a coarser scale");
    return report;
  }

  TensorId float_head(const StoredLayer& layer) {
    const ir::Node& node = graph_.nodes[index(layer.node)];
    const std::string& name = graph_.name_of(node);
    const TensorId x = place_[index(node.inputs[0])];
    const TensorId real = builder_.add("dequantize", name + ".features", {x});
    const TensorId y = builder_.add(*node.op, name, {real}, node.attributes);
    const ir::Node made = builder_.graph().nodes.back();
    for (std::size_t i = 1; i < made.inputs.size(); ++i)
      result_.model.set<float>(made.inputs[i], folded_.values<float>(node.inputs[i]));
    result_.layers.push_back({layer, y, true, {}});
    return y;
  }

  const ir::Model& folded_;
  const ir::Graph& graph_;
  const std::vector<ValueRange>& ranges_;
  const Int8Choice& choice_;
  const std::string& origin_;
  ir::Builder builder_;
  Int8Network result_;
  std::vector<TensorId> place_;  // of each float tensor in the int8 graph
};

}  // namespace

Int8Network to_int8(const ir::Model& folded, const std::vector<StoredLayer>& layers,
                    const std::vector<ValueRange>& ranges, const Int8Choice& choice,
                    const std::string& origin) {
  Int8Network made = Int8Converter(folded, ranges, choice, origin).run(layers);
  const Program runs(made.model, origin);  // refuses a layer whose sums may overflow
  return made;
}

}  // namespace frugal::quant
