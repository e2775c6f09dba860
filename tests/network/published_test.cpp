// Networks of other projects (reference data beside the checkout): MLPerf Tiny's int8 .tflite files and the
// two int8 networks of tiny-training. Shapes of every reference activation, and published counts.
#include <algorithm>

#include "checkpoint/safetensors.h"
#include "ir/count.h"
#include "ir/operator.h"
#include "ir/text.h"
#include "network/import/load.h"
#include "network/import/model_folder.h"
#include "support/test.h"

using namespace frugal;

namespace {

std::string tiny(const std::string& file) { return test::shared_data_dir() + "/tiny/" + file; }

// Channels last to channels first.
ir::Dims channels_first(ir::Dims shape) {
  if (shape.size() > 2) std::rotate(shape.begin() + 1, shape.end() - 1, shape.end());
  return shape;
}

std::int64_t convolutions(const ir::Graph& graph) {
  return std::count_if(graph.nodes.begin(), graph.nodes.end(), [](const ir::Node& node) {
    return node.op->name == std::string("conv") || node.op->name == std::string("depthwise_conv");
  });
}

}  // namespace

TEST_CASE("MLPerf Tiny's networks have the shapes of their reference activations", "[import]") {
  SKIP_WITHOUT_SHARED();
  for (const char* name : {"kws_ref_model", "pretrainedResnet_quant", "vww_96_int8"}) {
    INFO(name);
    const network::Imported imported = network::load_model(tiny(std::string(name) + ".tflite"));
    const ir::Graph& graph = imported.model.graph;
    const checkpoint::SafetensorsFile reference(tiny(std::string(name) + ".reference.safetensors"));
    std::size_t node = 0;
    for (const checkpoint::TensorInfo& tensor : reference.tensors()) {
      if (!tensor.name.starts_with("op")) continue;  // "op03.ADD"
      INFO(tensor.name);
      REQUIRE(node < graph.nodes.size());
      CHECK(graph.tensor(graph.nodes[node].output).shape == channels_first(tensor.shape));
      ++node;
    }
    CHECK(node == graph.nodes.size());
  }
}

TEST_CASE("ResNet-8's structure is kept: sums, shortcuts and what reads them", "[import]") {
  SKIP_WITHOUT_SHARED();
  const ir::Graph graph = network::load_model(tiny("pretrainedResnet_quant.tflite")).model.graph;
  std::vector<std::string> names;
  for (const ir::Node& node : graph.nodes) {
    names.push_back(graph.name_of(node));
    if (names.back().starts_with("add") || names.back() == "conv3" || names.back() == "conv5") {
      std::string reads;
      for (const ir::TensorId id : ir::call_of(graph, node).inputs) reads += " " + graph.tensor(id).name;
      names.back() += "(" + reads.substr(1) + ")";
    }
  }
  CHECK(names == std::vector<std::string>{"conv0", "conv1", "conv2", "add0(conv0 conv2)", "conv3(add0)",
                                          "conv4", "conv5(add0)", "add1(conv5 conv4)", "conv6", "conv7",
                                          "conv8", "add2(conv8 conv7)", "average_pool0", "flatten0", "dense0",
                                          "softmax0"});
  CHECK(graph.tensor(graph.inputs.at(0)).name == "input_1_int8");
}

// reference/tinytrain.md: at 128 × 128 px, without the head.
TEST_CASE("tiny-training's networks have the published counts and shapes", "[import]") {
  SKIP_WITHOUT_SHARED();
  struct Published {
    const char* name;
    std::int64_t convolutions, weights;
    double million_macs;
    std::int64_t peak_bytes;
    const char* dead_biases;
  };
  for (const Published& published :
       {Published{"mcunet-5fps", 42, 463216, 22.45, 163840, "52 biases are"},
        Published{"proxyless-w0.3", 60, 320816, 18.62, 131072, "22 biases are"}}) {
    INFO(published.name);
    const network::Imported imported = network::load_model(tiny(std::string(published.name) + ".json"));
    const ir::Graph& graph = imported.model.graph;
    CHECK(convolutions(graph) == published.convolutions);
    const auto head = std::find_if(graph.nodes.begin(), graph.nodes.end(), [](const ir::Node& node) {
      return node.op->name == std::string("global_average_pool");
    });
    const ir::NodeRange body{0, static_cast<ir::NodeId>(head - graph.nodes.begin())};
    std::int64_t weights = 0;
    for (ir::NodeId n = body.begin; n < body.end; ++n) {
      const ir::Node& node = graph.nodes[static_cast<std::size_t>(n)];
      if (node.op->parameters != nullptr) weights += ir::elements(graph.tensor(node.inputs[1]).shape);
    }
    CHECK(weights == published.weights);
    CHECK(std::abs(static_cast<double>(ir::mac_count(graph, body)) / 1e6 - published.million_macs) < 0.005);
    CHECK(ir::sram_bytes(graph, body) == published.peak_bytes);
    CHECK(imported.notes.front().starts_with(published.dead_biases));
  }
}

TEST_CASE("every convolution of mcunet-5fps gives the shape of the reference step", "[import]") {
  SKIP_WITHOUT_SHARED();
  const ir::Graph graph = network::load_model(tiny("mcunet-5fps.json")).model.graph;
  const checkpoint::SafetensorsFile reference(tiny("mcunet-5fps.reference-step.safetensors"));
  CHECK(graph.tensor(graph.inputs.at(0)).shape == reference.at("input").shape);
  int layer = 0;
  for (const ir::Node& node : graph.nodes) {
    if (node.op->parameters == nullptr || graph.name_of(node) == "classifier") continue;
    CHECK(graph.tensor(node.output).shape == reference.at("y" + std::to_string(layer++)).shape);
  }
  CHECK(layer == 42);
}

TEST_CASE("imported networks are written to a folder and read back the same", "[import]") {
  SKIP_WITHOUT_SHARED();
  for (const char* name : {"kws_ref_model.tflite", "pretrainedResnet_quant.tflite", "vww_96_int8.tflite",
                           "mcunet-5fps.json", "proxyless-w0.3.json"}) {
    INFO(name);
    const test::TempDir folder;
    const ir::Model model = network::load_model(tiny(name)).model;
    network::write_model(folder / "model", model);
    const ir::Model again = network::load_model(folder / "model").model;
    CHECK(ir::to_text(again.graph) == ir::to_text(model.graph));
    for (std::size_t i = 0; i < model.graph.tensors.size(); ++i) {
      const auto& tensors = again.graph.tensors;
      const auto same_name = [&](const ir::Tensor& tensor) {
        return tensor.name == model.graph.tensors[i].name;
      };
      const auto found = std::find_if(tensors.begin(), tensors.end(), same_name);
      REQUIRE(found != tensors.end());
      CHECK(again.data[static_cast<std::size_t>(found - tensors.begin())] == model.data[i]);
    }
  }
}
