#include "calibrate/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "adapt/samples.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/stop.h"
#include "calibrate/float_network.h"
#include "calibrate/observe.h"
#include "calibrate/page.h"
#include "config/config.h"
#include "ir/count.h"
#include "ir/model.h"
#include "network/import/load.h"
#include "network/import/model_folder.h"
#include "network/quantized_onnx.h"
#include "quant/convert/fold.h"
#include "samples/split.h"
#include "train/run/communicator.h"

namespace frugal::calibrate {
namespace {

using base::UserError;
using Ordered = nlohmann::ordered_json;

// Decibels; null where there is nothing to compare, or no difference.
Ordered decibels(double signal, double noise) {
  if (!(signal > 0) || !(noise > 0)) return nullptr;
  return 10 * std::log10(signal / noise);
}

void check_network(const adapt::Examples& examples, const ir::Graph& graph, const std::string& origin) {
  adapt::check_examples(examples, graph, origin);
  const ir::Dims& gives = graph.tensor(graph.outputs.front()).shape;
  if (gives != ir::Dims{1, examples.class_count()})
    throw UserError(origin,
                    fmt::format("gives {}, but {} has {} classes", ir::to_text(gives), examples.name,
                                examples.class_count()),
                    "quantize with the data that the network was trained on; `adapt` gives it another head");
}

// Examples of all classes, by seed; refuses those that say nothing about ranges.
std::vector<std::size_t> calibration_examples(const adapt::Examples& examples, const QuantizeConfig& config,
                                              std::vector<std::string>& notes) {
  std::vector<std::int64_t> order =
      samples::balanced_order(examples.labels, static_cast<std::uint64_t>(config.seed), "calibration");
  if (static_cast<std::int64_t>(order.size()) < config.calibration.images)
    notes.push_back(fmt::format("{} has {} images: all of them calibrate", examples.name, order.size()));
  order.resize(std::min(order.size(), static_cast<std::size_t>(config.calibration.images)));
  std::vector<std::vector<float>> different;  // of those that are not constant; two are enough
  std::vector<float> values(examples.numbers());
  for (const std::int64_t i : order) {
    examples.real(static_cast<std::size_t>(i), values.data());
    const std::size_t each = values.size() / std::max<std::size_t>(1, examples.mean.size());
    bool constant = true;  // in each channel: mean and deviation are a channel's own
    for (std::size_t k = 0; k < values.size(); ++k) constant = constant && values[k] == values[k - k % each];
    if (constant || (!different.empty() && values == different.front())) continue;
    different.push_back(values);
    if (different.size() == 2) break;
  }
  if (different.empty())
    throw UserError("calibration",
                    fmt::format("{} of {} has one value in all its pixels, which says nothing about ranges",
                                order.size() == 1 ? "the one image" : "every image", examples.name),
                    "give some hundred images of the kind that the network will see, of every class");
  if (different.size() == 1)
    notes.push_back("all ranges come from one image: give some hundred, of every class");
  return {order.begin(), order.end()};
}

std::string words_of(const ir::Graph& graph, const quant::StoredLayer& step) {
  const auto op = [&](ir::NodeId n) {
    return std::string(graph.nodes[static_cast<std::size_t>(n)].op->name);
  };
  return step.activation == ir::none ? op(step.node) : op(step.node) + " + " + op(step.activation);
}

Ordered value_json(const ir::Tensor& tensor, const Distance& distance) {
  Ordered json;
  json["type"] = ir::name_of(tensor.type);
  if (tensor.quantization) {
    const double scale = tensor.quantization->scale.front();
    const auto zero = tensor.quantization->zero_point.front();
    json["low"] = scale * static_cast<double>(-128 - zero);
    json["high"] = scale * static_cast<double>(127 - zero);
    json["scale"] = scale;
    json["zero_point"] = zero;
    json["clipped"] = distance.clipped_share();
  }
  json["snr_db"] = decibels(distance.signal, distance.noise);
  return json;
}

Ordered layers_json(const ir::Graph& folded, const quant::Int8Network& made,
                    const std::vector<Distance>& distances) {
  const ir::Graph& graph = made.model.graph;
  Ordered layers = Ordered::array();
  const ir::Tensor& image = graph.tensor(graph.inputs.front());
  Ordered input{{"name", image.name}, {"operator", "input"}};
  input.update(value_json(image, distances.front()));
  layers.push_back(input);
  for (std::size_t i = 0; i < made.layers.size(); ++i) {
    const quant::Int8Layer& layer = made.layers[i];
    const ir::Tensor& tensor = graph.tensor(layer.value);
    Ordered json{{"name", tensor.name}, {"operator", words_of(folded, layer.step)}};
    json.update(value_json(tensor, distances[i + 1]));
    if (layer.weights.channels > 0) {
      json["weight_snr_db"] = decibels(layer.weights.signal, layer.weights.noise);
      json["channels"] = layer.weights.channels;
      json["zero_channels"] = layer.weights.zero_channels;
      json["raised_channels"] = layer.weights.raised_channels;
    }
    layers.push_back(json);
  }
  return layers;
}

Ordered line_of(const Ordered& result) {
  Ordered line = result["quantized"];
  line["run"] = result["run"];
  return line;
}

}  // namespace

Ordered run(const QuantizeConfig& config, const train::RunOptions& options, const FloatNetworks& floats) {
  if (config.network.empty())
    throw UserError("network", "is not given", "the trained network in float: network.json");
  const auto started = std::chrono::steady_clock::now();
  train::Communicator single;
  nlohmann::json printed;
  config::print(config, printed);
  train::RunFolder folder({"tinytrain-compile quantize",
                           "frugal.tinytrain-compile.quantize/1",
                           "result.json",
                           "/quantized/id",
                           {"/threads", "/name"}},
                          options, printed, single);
  if (!folder.finished().is_null()) return line_of(folder.finished());
  const int threads = floats.use_threads(static_cast<int>(config.threads));
  base::Progress bar(config.name.empty() ? "quantize" : config.name, 5, options.quiet);
  const auto stage = [&](std::int64_t done, const char* what) {
    bar.update(done, what);
    base::stop_if_requested();
  };

  network::Imported imported = network::load_model(config.network, config.weights);
  const ir::Model folded = quant::fold(imported.model, config.network);
  const std::vector<quant::StoredLayer> layers = quant::stored_layers(folded.graph, config.network);
  const auto training = adapt::open_examples(config.data, samples::Split::train, adapt::Unnamed::statistics);
  check_network(*training, folded.graph, config.network);
  std::vector<std::string> notes = imported.notes;
  const std::vector<std::size_t> chosen = calibration_examples(*training, config, notes);

  stage(1, "ranges");
  const std::unique_ptr<FloatNetwork> network = floats.of(folded);
  const std::vector<quant::ValueRange> ranges = ranges_of(*network, folded.graph, layers, *training, chosen,
                                                          config.calibration.choice(), config.network);
  const quant::Int8Network made = quant::to_int8(folded, layers, ranges, config.choice(), config.network);
  notes.insert(notes.end(), made.notes.begin(), made.notes.end());

  stage(2, "layer by layer");
  const std::vector<Distance> distances =
      distances_of(*network, folded.graph, made, *training, chosen,
                   adapt::samples_of(*training, chosen, made.model.graph, config.network),
                   static_cast<std::size_t>(threads), config.network);

  stage(3, "accuracy in float");
  const bool validates = config.data.validation > 0;
  const auto held_out = adapt::open_examples(
      config.data, validates ? samples::Split::validation : samples::Split::test, adapt::Unnamed::statistics);
  const std::vector<std::size_t> part = adapt::balanced_part(*held_out, config.evaluate_images);
  const quant::Score before = floats.of(imported.model)->evaluate(*held_out, part);
  stage(4, "accuracy on integers");
  const quant::Score after =
      quant::evaluate(made.model, adapt::samples_of(*held_out, part, made.model.graph, config.network),
                      static_cast<std::size_t>(threads), config.network);
  bar.finish(fmt::format("{:.2f} % in float, {:.2f} % on integers", 100 * before.accuracy(),
                         100 * after.accuracy()));

  network::write_model(options.out + "/model", made.model);
  const std::size_t onnx_bytes = network::write_quantized_onnx(options.out + "/model.onnx", made.model,
                                                               config.network, notes, imported.metadata);
  Ordered result = folder.start_result(config.seed);
  Ordered& line = result["quantized"];
  line["id"] = folder.id();
  if (!config.name.empty()) line["name"] = config.name;
  line["network"] = config.network;
  line["method"] = config.calibration.method;
  line["head"] = config.head;
  line["rounding"] = config.rounding;
  line["calibration_images"] = chosen.size();
  line["float"] = quant::to_json(before);
  line["int8"] = quant::to_json(after);
  line["held_out"] = validates ? "validation" : "test";
  line["weight_bytes"] = ir::flash_bytes(made.model.graph, ir::whole(made.model.graph));
  line["onnx_bytes"] = nullptr;  // of model.onnx, which onnxruntime runs
  if (onnx_bytes > 0) line["onnx_bytes"] = onnx_bytes;
  line["mean"] = training->mean;
  line["std"] = training->std;
  line["notes"] = notes;
  result["layers"] = layers_json(folded.graph, made, distances);
  if (!options.quiet) {
    for (const std::string& note : notes) base::log_note("quantize", note);
  }
  base::write_text(options.out + "/report.html", page(made.model.graph.name, result));
  folder.finish(result, threads,
                std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  return line_of(result);
}

}  // namespace frugal::calibrate
