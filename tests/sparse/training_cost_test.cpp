// What a training step costs under a scheme: a small network counted by hand, the plan's tensors that never
// overlap, the published schemes, and what `inspect` shows of it.
#include "sparse/training_cost.h"

#include <nlohmann/json.hpp>
#include <numeric>

#include "base/file.h"
#include "config/json_node.h"
#include "ir/operator.h"
#include "network/import/load.h"
#include "quant/head.h"
#include "sparse/cost_page.h"
#include "sparse/cost_report.h"
#include "sparse/memory.h"
#include "support/message_of.h"
#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;
using Json = nlohmann::ordered_json;

namespace {

const sparse::LayerCost& layer(const sparse::TrainingCost& cost, const std::string& name) {
  for (const sparse::LayerCost& one : cost.layers) {
    if (one.name == name) return one;
  }
  FAIL("no layer " << name);
  return cost.layers.front();
}

bool apart(const sparse::TensorLife& a, const sparse::TensorLife& b) {
  return a.last < b.first || b.last < a.first || a.offset + a.bytes <= b.offset ||
         b.offset + b.bytes <= a.offset;
}

sparse::TrainingCost cost_of(const std::string& scheme) {
  const ir::Model model = test::tiny_int8_model(1);
  return sparse::training_cost(model, sparse::scheme_named(scheme, model.graph), "tiny");
}

}  // namespace

TEST_CASE("a training step of a small network, counted by hand", "[sparse]") {
  const ir::Model model = test::tiny_int8_model(1);
  // The bias of project, and the weights of 3 of the 6 channels that expand takes.
  const sparse::TrainingCost cost = sparse::training_cost(model, {1, {{1, 0.5}}}, "tiny");
  CHECK(layer(cost, "stem").forward_macs == 6 * 9 * 2 * 9);
  CHECK(layer(cost, "depth").forward_macs == 12 * 9 * 9);
  CHECK(cost.all.forward_macs == 6 * 9 * 2 * 9 + 12 * 9 * 6 + 12 * 9 * 9 + 6 * 9 * 12 + 3 * 6);

  CHECK(layer(cost, "project").input_gradient_macs == 6 * 9 * 12);
  CHECK(layer(cost, "project").weight_gradient_macs == 0);
  CHECK(layer(cost, "depth").input_gradient_macs == 12 * 9 * 9);
  CHECK(layer(cost, "expand").weight_gradient_macs == 12 * 9 * 3);
  CHECK(layer(cost, "expand").input_gradient_macs == 0);  // nothing below it is trained
  CHECK(layer(cost, "stem").backward_macs() == 0);
  CHECK(layer(cost, "head").backward_macs() == 2 * 3 * 6);
  CHECK(cost.all.backward_macs() == 6 * 9 * 12 + 12 * 9 * 9 + 12 * 9 * 3 + 2 * 3 * 6);

  CHECK(layer(cost, "expand").weight_bytes == 12 * 6 + 4 * 12);
  CHECK(layer(cost, "expand").updated_bytes == 12 * 3);
  CHECK(layer(cost, "project").updated_bytes == 4 * 6);
  CHECK(layer(cost, "head").updated_bytes == 4 * (3 * 6 + 3));
  CHECK(cost.gradient_bytes == 4 * (12 * 3 + 6 + 3 * 6 + 3));

  CHECK(layer(cost, "stem").mask_bytes == 0);
  CHECK(layer(cost, "expand").mask_bytes == 14);  // 108 bits
  CHECK(layer(cost, "project").mask_bytes == 7);  // 54 bits
  CHECK(cost.all.mask_bytes == 14 + 14 + 7);
  CHECK(layer(cost, "expand").kept_bytes == 6 * 9);  // what stem gave
  CHECK(layer(cost, "project").kept_bytes == 0);
  CHECK(layer(cost, "head").kept_bytes == 4 * 6);
  CHECK(cost.all.kept_bytes == 6 * 9 + 4 * 6 + 4 * 3 + 4);  // logits and label, for the loss
  CHECK(cost.extra_bits == sparse::extra_memory_bits(model.graph, {1, {{1, 0.5}}}));
  CHECK(cost.alive_bytes[0] == 2 * 6 * 5 + 6 * 9 + 4);  // image, what stem gives, label
}

TEST_CASE("tensors of a step that are alive at once do not overlap, and the block holds them", "[sparse]") {
  for (const char* scheme : {"head", "bias:2", "last:2", "full"}) {
    INFO(scheme);
    const sparse::TrainingCost cost = cost_of(scheme);
    std::int64_t end = 0;
    for (std::size_t i = 0; i < cost.tensors.size(); ++i) {
      end = std::max(end, cost.tensors[i].offset + cost.tensors[i].bytes);
      for (std::size_t k = 0; k < i; ++k) CHECK(apart(cost.tensors[i], cost.tensors[k]));
      const sparse::TensorLife& one = cost.tensors[i];
      INFO(one.name);
      const bool of_backward = one.use == sparse::Use::gradient || one.use == sparse::Use::update;
      CHECK(of_backward == (one.first >= cost.forward_end));
    }
    CHECK(end == cost.step_peak_bytes);
    const std::int64_t most = *std::max_element(cost.alive_bytes.begin(), cost.alive_bytes.end());
    CHECK(most <= cost.step_peak_bytes);
    std::int64_t alive = 0;
    for (const sparse::TensorLife& life : cost.at_peak()) alive += life.bytes;
    CHECK(alive == most);
    CHECK(cost.forward_peak_bytes <= cost.step_peak_bytes);
  }
}

TEST_CASE("a scheme that trains more costs no less", "[sparse]") {
  sparse::TrainingCost before = cost_of("head");
  for (const char* scheme : {"bias:1", "bias:4", "full"}) {
    const sparse::TrainingCost now = cost_of(scheme);
    INFO(scheme);
    CHECK(now.all.backward_macs() > before.all.backward_macs() - 1);
    CHECK(now.all.updated_bytes > before.all.updated_bytes);
    CHECK(now.all.mask_bytes >= before.all.mask_bytes);
    CHECK(now.step_peak_bytes >= before.step_peak_bytes);
    CHECK(now.all.forward_macs == before.all.forward_macs);
    before = now;
  }
  CHECK(cost_of("full").all.kept_bytes > cost_of("bias:4").all.kept_bytes);
}

TEST_CASE("an operator without a gradient is named where a scheme needs one", "[sparse]") {
  ir::Model model = test::tiny_int8_model(1);
  for (ir::Node& node : model.graph.nodes) {
    if (model.graph.name_of(node) != "sum") continue;
    node.op = ir::find_operator("relu");
    node.inputs.resize(1);
    node.attributes = ir::complete(*node.op, {});
  }
  const std::string message = test::message_of(
      [&] { sparse::training_cost(model, sparse::scheme_named("bias:4", model.graph), "tiny"); });
  CHECK(message == "tiny: sum: relu has no gradient, which training below it needs");
}

TEST_CASE("the published schemes cost what their labels say, and less than training everything",
          "[sparse][reference]") {
  SKIP_WITHOUT_SHARED();
  const std::string folder = test::shared_data_dir() + "/tiny/";
  const nlohmann::json schemes = nlohmann::json::parse(base::read_text(folder + "schemes.json"));
  const std::string path = folder + "mcunet-5fps.json";
  const ir::Model model = quant::with_float_head(network::load_model(path).model, 0, 0, path);
  const sparse::TrainingCost full =
      sparse::training_cost(model, sparse::scheme_named("full", model.graph), path);
  CHECK(full.forward_peak_bytes >= 163840);  // what runs layer by layer needs (reference sheet)
  CHECK(full.forward_peak_bytes < 163840 * 1.05);
  for (const nlohmann::json& json : schemes["mcunet-5fps"]) {
    const sparse::UpdateScheme scheme = sparse::read_scheme(config::JsonNode(json, "schemes"), model.graph);
    const sparse::TrainingCost cost = sparse::training_cost(model, scheme, path);
    CHECK(static_cast<double>(cost.extra_bits) / 8 / 1024 ==
          Approx(json["label_kb"].get<double>()).margin(1));
    CHECK(cost.step_peak_bytes < full.step_peak_bytes / 2);
    CHECK(cost.all.backward_macs() < full.all.backward_macs() / 2);
  }
}

TEST_CASE("costs are shown as JSON, as tables and on a page", "[sparse]") {
  const ir::Model model = test::tiny_int8_model(1);
  Json schemes = Json::array();
  for (const char* name : {"bias:2", "full"}) {
    const sparse::UpdateScheme scheme = sparse::scheme_named(name, model.graph);
    schemes.push_back(
        sparse::to_json(sparse::training_cost(model, scheme, "tiny"), scheme, name, model.graph));
  }
  CHECK(schemes[0]["memory"]["extra_memory_bytes"] == schemes[0]["scheme"]["extra_memory_bytes"]);
  CHECK(schemes[1]["layers"][0]["layer"] == 0);
  CHECK(schemes[1]["layers"].back()["name"] == "loss");
  CHECK(schemes[1]["memory"]["peak"]["alive_bytes"] <= schemes[1]["memory"]["step_peak_bytes"]);
  CHECK(schemes[1]["steps"]["computes"].size() == schemes[1]["steps"]["alive_bytes"].size());

  const std::string comparison = sparse::comparison_table(schemes);
  CHECK(std::count(comparison.begin(), comparison.end(), '\n') == 3);
  CHECK(comparison.find("bias:2 ") != std::string::npos);
  CHECK(sparse::layer_table(schemes[0]).find("  3  project") != std::string::npos);

  const Json result{{"name", "tiny"},
                    {"totals", {{"operators", 9}, {"macs", 1}, {"weight_bytes", 2}}},
                    {"layers", {{{"name", "a < b"}, {"macs", 5}, {"weight_bytes", 3}, {"alive_bytes", 4}}}},
                    {"schemes", schemes}};
  const std::string page = sparse::cost_page(result);
  CHECK(page.find("Scheme bias:2") != std::string::npos);
  CHECK(page.find("a &lt; b: forward 5") != std::string::npos);
  CHECK(page.find("expand.input_gradient (gradient): 216 bytes") != std::string::npos);
  CHECK(page.find("nan") == std::string::npos);
}
