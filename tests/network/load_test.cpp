// The one way in for networks: formats by content, the model folder, tiny-training's and our own JSON with
// weights beside them, and what each refuses.
#include "network/import/load.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "checkpoint/safetensors.h"
#include "ir/text.h"
#include "network/compact.h"
#include "network/import/model_folder.h"
#include "network/lower.h"
#include "support/message_of.h"
#include "support/test.h"
#include "support/tflite_writer.h"

using namespace frugal;
using checkpoint::DType;
using Json = nlohmann::json;

namespace {

struct Stored {
  checkpoint::SafetensorsWriter::Entry entry;
  std::string bytes;
};

void write_tensors(const std::string& path, const std::vector<Stored>& tensors) {
  std::vector<checkpoint::SafetensorsWriter::Entry> entries;
  for (const Stored& tensor : tensors) entries.push_back(tensor.entry);
  checkpoint::SafetensorsWriter writer(path, entries);
  for (const Stored& tensor : tensors) writer.append(tensor.bytes.data(), tensor.bytes.size());
  writer.finish();
}

// A network as tiny-training publishes them: first_conv, one block with a residual, a classifier.
struct TinyNetwork {
  Json json;
  std::vector<Stored> tensors;

  TinyNetwork() {
    json["first_conv"] = conv("first_conv", 2, 4, 3, 2, 1, {0.5, 1}, {0.1, -128});
    json["blocks"] =
        Json::array({{{"pointwise1", nullptr},
                      {"depthwise", conv("blocks/0/depthwise", 4, 4, 3, 1, 4, {0.1, -128}, {0.2, 3})},
                      {"pointwise2", conv("blocks/0/pointwise2", 4, 4, 1, 1, 1, {0.2, 3}, {0.3, 4})},
                      {"residual", {{"params", scales({0.1, -128}, {0.4, 5})}}},
                      {"se", nullptr}}});
    json["feature_mix"] = nullptr;
    json["classifier"] = conv("classifier", 4, 3, 1, 1, 1, {0.4, 5}, {0.7, 0});
  }

  using Scale = std::pair<double, int>;

  static Json scales(Scale x, Scale y) {
    return {{"x_scale", x.first}, {"x_zero", x.second}, {"y_scale", y.first}, {"y_zero", y.second}};
  }

  Json array(const std::string& name, DType type, const std::vector<std::int64_t>& shape,
             const std::string& bytes) {
    std::string dotted = name;
    std::replace(dotted.begin(), dotted.end(), '/', '.');
    tensors.push_back({{dotted, type, shape}, bytes});
    return {{"array", name}, {"shape", shape}};
  }

  Json conv(const std::string& name, int in, int out, int kernel, int stride, int groups, Scale x, Scale y) {
    Json params = scales(x, y);
    const std::int64_t count = std::int64_t{out} * in / groups * kernel * kernel;
    std::vector<std::int8_t> weight(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < weight.size(); ++i) weight[i] = static_cast<std::int8_t>(i);
    std::vector<std::int32_t> bias(static_cast<std::size_t>(out), 100);
    if (name == "first_conv") bias[1] = std::numeric_limits<std::int32_t>::max();
    params["weight"] =
        array(name + "/weight", DType::i8, {out, in / groups, kernel, kernel}, test::bytes_of(weight));
    params["bias"] = array(name + "/bias", DType::i32, {out}, test::bytes_of(bias));
    params["w_scales"] = array(name + "/w_scales", DType::f32, {out},
                               test::bytes_of(std::vector<float>(static_cast<std::size_t>(out), 0.25F)));
    return {{"in_channel", in},
            {"in_shape", 8},
            {"out_channel", out},
            {"out_shape", 4},
            {"kernel_size", {kernel, kernel}},
            {"stride", stride},
            {"groups", groups},
            {"depthwise", groups > 1},
            {"act", nullptr},
            {"params", params}};
  }

  void write(const std::string& folder) const {
    base::write_text(folder + "/net.json", json.dump());
    write_tensors(folder + "/net.safetensors", tensors);
  }
};

// "FILE:place: message", without the folder.
std::string refusal(const TinyNetwork& network) {
  const test::TempDir folder;
  network.write(folder.path());
  std::string said = test::message_of([&] { network::load_model(folder / "net.json"); });
  for (std::size_t at; (at = said.find(folder.path().string() + "/")) != std::string::npos;)
    said.erase(at, folder.path().string().size() + 1);
  return said;
}

}  // namespace

TEST_CASE("a network of tiny-training becomes a graph with its numbers", "[import]") {
  const test::TempDir folder;
  TinyNetwork().write(folder.path());
  const network::Imported imported = network::load_model(folder / "net.json");
  CHECK(imported.format == "tiny-training");
  REQUIRE(imported.notes.size() == 1);
  CHECK(imported.notes[0] ==
        "1 biases are at the limits of int32, where sums saturate, in 1 layers (most in first_conv.bias: 1 "
        "of 4)");
  const ir::Graph& graph = imported.model.graph;
  std::string nodes;
  for (const ir::Node& node : graph.nodes) {
    nodes += graph.name_of(node) + " = " + node.op->name + "(";
    for (const ir::TensorId id : ir::call_of(graph, node).inputs) nodes += graph.tensor(id).name + " ";
    nodes.back() = ')';
    nodes += " " + ir::to_text(graph.tensor(node.output).shape) + "\n";
  }
  CHECK(nodes == R"(first_conv = conv(input) [1, 4, 4, 4]
blocks.0.depthwise = depthwise_conv(first_conv) [1, 4, 4, 4]
blocks.0.pointwise2 = conv(blocks.0.depthwise) [1, 4, 4, 4]
blocks.0.residual = add(first_conv blocks.0.pointwise2) [1, 4, 4, 4]
pool = global_average_pool(blocks.0.residual) [1, 4, 1, 1]
features = flatten(pool) [1, 4]
features.f32 = dequantize(features) [1, 4]
classifier = fully_connected(features.f32) [1, 3]
)");
  for (const ir::Node& node : graph.nodes) {
    if (node.op->saturates && graph.tensor(node.output).type == ir::DataType::int8)
      CHECK(ir::call_of(graph, node).text("rounding") == "float32-half-even");
    if (graph.name_of(node) == "blocks.0.residual")
      CHECK(graph.tensor(node.output).quantization == network::per_tensor(0.4, 5));
    if (graph.name_of(node) != "classifier") continue;
    // weight · s_w and bias · s_w · s_x
    CHECK(imported.model.values<float>(node.inputs[1])[5] == 1.25F);
    CHECK(imported.model.values<float>(node.inputs[2])[2] == static_cast<float>(100 * 0.25 * 0.4));
  }
}

TEST_CASE("a wrong network of tiny-training is refused with its place", "[import]") {
  TinyNetwork wrong;
  wrong.json["blocks"][0]["pointwise2"]["params"]["x_scale"] = 0.21;
  CHECK(refusal(wrong) ==
        "net.json:/blocks/0/pointwise2/params: takes the scale 0.21 and zero point 3, but what comes before "
        "gives "
        "0.2 and 3");
  wrong = TinyNetwork();
  wrong.json["first_conv"]["params"]["y_scale"] = 0;
  CHECK(refusal(wrong) == "net.json:/first_conv/params/y_scale: must be > 0, got 0");
  wrong = TinyNetwork();
  wrong.json["first_conv"]["params"]["y_zero"] = 200;
  CHECK(refusal(wrong) == "net.json:/first_conv/params/y_zero: must be in [-128, 127], got 200");
  wrong = TinyNetwork();
  wrong.json["blocks"][0]["se"] = {{"ratio", 4}};
  CHECK(refusal(wrong) == "net.json:/blocks/0/se: squeeze-and-excitation is not supported in int8");
  wrong = TinyNetwork();
  wrong.json["blocks"][0]["depthwise"]["in_channel"] = 8;
  CHECK(refusal(wrong) == "net.json:/blocks/0/depthwise/in_channel: what comes before gives 4 channels");
  wrong = TinyNetwork();
  wrong.json["first_conv"]["out_shape"] = 5;
  CHECK(refusal(wrong) == "net.json:/first_conv/out_shape: the layer gives 4 × 4 pixels");
  wrong = TinyNetwork();
  wrong.tensors[2].bytes =
      test::bytes_of(std::vector<float>{0.5F, std::numeric_limits<float>::quiet_NaN(), 1, 1});
  CHECK(refusal(wrong) == "net.json:/first_conv: the weight has the scale nan, which is no positive number");
  wrong = TinyNetwork();
  wrong.json["first_conv"]["params"]["bias"]["array"] = "first_conv/w_scales";
  CHECK(refusal(wrong) == "net.safetensors: first_conv.w_scales: is F32 [4], needs I32 [4]");
}

TEST_CASE("network.json becomes a float graph with the weights beside it", "[import]") {
  network::CompactNetwork compact;
  compact.blocks = "3e1w8 | 3e3s2w16 3e3 Z";
  compact.resolution = 16;
  compact.classes = 10;
  const network::NetworkConfig config = network::expand(compact, "test");
  const auto graph = network::lower(config).graph;
  std::vector<Stored> tensors;
  float number = 0;
  for (const ir::Tensor& tensor : graph->tensors) {
    if (tensor.role == ir::Role::input || tensor.role == ir::Role::value) continue;
    tensors.push_back(
        {{tensor.name, DType::f32, tensor.shape},
         test::bytes_of(std::vector<float>(static_cast<std::size_t>(ir::elements(tensor.shape)), ++number))});
  }
  const test::TempDir folder;
  base::write_text(folder / "network.json", network::to_text(config));
  CHECK(test::message_of([&] { network::load_model(folder.path()); }).find("has no weights beside it") !=
        std::string::npos);
  write_tensors(folder / "weights.safetensors", tensors);
  for (const std::string& path : {folder.path().string(), folder / "network.json"}) {
    const ir::Model model = network::load_model(path).model;
    CHECK(ir::to_text(model.graph) == ir::to_text(*graph));
    CHECK(model.values<float>(model.graph.nodes[0].inputs[1])[0] == 1);
  }
  tensors.pop_back();
  write_tensors(folder / "weights.safetensors", tensors);
  CHECK_THROWS_AS(network::load_model(folder.path()), base::UserError);
}

TEST_CASE("a model folder is read as it was written, and only whole", "[import]") {
  const test::TempDir folder;
  base::write_text(folder / "small.tflite", test::small_tflite().file());
  const ir::Model model = network::load_model(folder / "small.tflite").model;
  CHECK(model.graph.name == "small");
  const std::string path = folder / "model";
  network::write_model(path, model);
  CHECK(network::load_model(path).format == "model folder");
  const ir::Model again = network::load_model(path).model;
  network::write_model(folder / "again", again);
  for (const char* file : {"/model.ir", "/model.safetensors"})
    CHECK(base::read_text(path + file) == base::read_text((folder / "again") + file));

  const std::string text = base::read_text(path + "/model.ir");
  base::write_text(path + "/model.ir", "# changed\n" + text);
  CHECK(test::message_of([&] { network::load_model(path); }) ==
        path + ": model.safetensors was not written with this model.ir");
  base::write_text(path + "/model.ir", text.substr(0, text.size() / 2));
  CHECK(test::message_of([&] { network::load_model(path); }).find(path + "/model.ir:") == 0);
  base::write_text(path + "/model.ir", text);
  const std::string numbers = base::read_text(path + "/model.safetensors");
  base::write_text(path + "/model.safetensors", numbers.substr(0, numbers.size() - 1));
  CHECK_THROWS_AS(network::load_model(path), base::UserError);
}

TEST_CASE("what is no network is refused with the formats that are read", "[import]") {
  const test::TempDir folder;
  base::write_text(folder / "a.bin", "PK\x03\x04");
  CHECK(test::message_of([&] { network::load_model(folder / "a.bin"); }) ==
        (folder / "a.bin") + ": is no network that is read here");
  base::write_text(folder / "empty", "");
  CHECK(test::message_of([&] { network::load_model(folder / "empty"); }) ==
        (folder / "empty") + ": is no network that is read here");
  CHECK(test::message_of([&] { network::load_model(folder.path()); }) ==
        folder.path().string() + ": holds neither model.ir nor network.json");
  CHECK_THROWS_AS(network::load_model(folder / "absent"), base::UserError);
}
