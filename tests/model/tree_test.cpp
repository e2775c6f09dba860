// Networks of trees: counts by hand, names and shapes as the ProxylessNAS program has them, what is refused.
#include "network/tree.h"
#include "ir/graph.h"

#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "ir/count.h"
#include "model/image/graph_forward.h"
#include "model/image/tree_network.h"
#include "support/test.h"

using namespace frugal;
using Json = nlohmann::json;

namespace {

Json layer(const char* name, int in, int out, bool bn, const char* act, Json more = Json::object()) {
  Json json{{"name", name}, {"in_channels", in}, {"out_channels", out},
            {"use_bn", bn}, {"dropout_rate", 0}, {"ops_order", "bn_act_weight"}};
  json["act_func"] = act == nullptr ? Json(nullptr) : Json(act);
  json.update(more);
  return json;
}

Json conv(const char* name, int in, int out, int kernel, const char* act, int groups = 1) {
  return layer(name, in, out, true, act,
               {{"kernel_size", kernel},
                {"stride", 1},
                {"dilation", 1},
                {"groups", groups},
                {"bias", false},
                {"has_shuffle", groups > 1}});
}

Json node(int in, int out, Json split, Json merge, bool bn, Json edges, Json children) {
  return {{"name", "TreeNode"},  {"in_channels", in},   {"out_channels", out},
          {"split_type", split}, {"merge_type", merge}, {"has_branch_bn", bn},
          {"path_drop_rate", 0}, {"edges", edges},      {"child_nodes", children}};
}

// Stem 3 -> 4, a cell whose grouped convolution feeds two halves of a tree, pool, classifier.
Json small() {
  const Json leaf = node(4, 4, "copy", "add", false,
                         {conv("DepthConvLayer", 4, 4, 5, "relu"),
                          layer("PoolingLayer", 4, 4, false, nullptr,
                                {{"pool_type", "max"}, {"kernel_size", 3}, {"stride", 1}})},
                         {nullptr, nullptr});
  const Json root =
      node(8, 4, "split", "add", true,
           {layer("IdentityLayer", 4, 4, false, nullptr), layer("IdentityLayer", 4, 4, false, nullptr)},
           {leaf, nullptr});
  const Json cell = node(4, 4, nullptr, nullptr, false, {conv("ConvLayer", 4, 8, 3, "relu", 2)}, {root});
  const Json block{{"name", "ResidualTreeBlock"},
                   {"cell_drop_rate", 0},
                   {"final_bn", true},
                   {"shortcut", layer("IdentityLayer", 4, 4, false, nullptr)},
                   {"in_bottle", conv("ConvLayer", 4, 4, 1, nullptr)},
                   {"out_bottle", conv("ConvLayer", 4, 16, 1, "relu")},
                   {"cell", cell}};
  Json stem = conv("ConvLayer", 3, 4, 3, nullptr);
  stem["use_bn"] = false;
  return {
      {"name", "PyramidTreeNet"},
      {"blocks",
       {{{"name", "TransitionBlock"}, {"layers", {stem}}},
        block,
        {{"name", "TransitionBlock"},
         {"layers",
          {layer("PoolingLayer", 16, 16, true, "relu",
                 {{"pool_type", "avg"}, {"kernel_size", 8}, {"stride", 8}})}}}}},
      {"classifier", {{"name", "LinearLayer"}, {"in_features", 16}, {"out_features", 10}, {"bias", true}}},
      {"resolution", 8}};
}

std::string error_of(const Json& json) {
  try {
    network::read_tree_network(json, "t.json");
  } catch (const base::UserError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a network of trees is counted as by hand", "[model]") {
  const auto network = network::read_tree_network(small(), "t.json");
  const ir::Graph graph = *network::lower(network);
  // Weights: stem 108; in bottle 16; grouped 3x3 8*2*9 = 144; depthwise 100 + point 16; out bottle 64;
  // classifier 160. Pixels are 64 everywhere but for the classifier.
  CHECK(ir::mac_count(graph, ir::whole(graph)) == 64 * (108 + 16 + 144 + 100 + 16 + 64) + 160);
  // Batch norms: in bottle 4, grouped 4, depthwise 4, two branches 4 + 4, out bottle 4, final 16, pool 16.
  CHECK(ir::parameter_count(graph, ir::whole(graph)) ==
        108 + 16 + 144 + 100 + 16 + 64 + 2 * (4 + 4 + 4 + 4 + 4 + 4 + 16 + 16) + 160 + 10);
}

TEST_CASE("its torch module has those parameters, the project's names, and runs", "[model]") {
  const auto network = network::read_tree_network(small(), "t.json");
  model::TreeImageNetwork module(network);
  std::int64_t parameters = 0;
  for (const auto& parameter : module.parameters()) parameters += parameter.numel();
  const ir::Graph graph = *network::lower(network);
  CHECK(parameters == ir::parameter_count(graph, ir::whole(graph)));
  const auto named = module.named_parameters();
  for (const char* name :
       {"blocks.0.layers.0.conv.weight", "blocks.1.in_bottle.bn.weight", "blocks.1.cell.edges.0.conv.weight",
        "blocks.1.cell.child_nodes.0.branch_bns.1.weight",
        "blocks.1.cell.child_nodes.0.child_nodes.0.edges.0.depth_conv.weight", "blocks.1.final_bn.bias",
        "classifier.linear.weight"}) {
    INFO(name);
    CHECK(named.find(name) != nullptr);
  }
  // The names and shapes of the graph's parameters and states are the module's.
  const auto buffers = module.named_buffers();
  for (const ir::Tensor& tensor : graph.tensors) {
    if (tensor.role != ir::Role::parameter && tensor.role != ir::Role::state) continue;
    INFO(tensor.name);
    const torch::Tensor* found =
        named.find(tensor.name) != nullptr ? named.find(tensor.name) : buffers.find(tensor.name);
    REQUIRE(found != nullptr);
    CHECK(found->sizes().vec() == tensor.shape);
  }
  module.eval();
  const torch::NoGradGuard no_grad;
  const auto images = torch::randn({2, 3, 8, 8});
  const auto logits = module.forward(images);
  CHECK(logits.sizes().vec() == std::vector<std::int64_t>{2, 10});
  CHECK(torch::equal(module.forward(images), logits));  // nothing was changed in place
  // The graph computes what the module does.
  std::vector<torch::Tensor> parameters_of;
  for (const ir::Tensor& tensor : graph.tensors) {
    const torch::Tensor* found =
        named.find(tensor.name) != nullptr ? named.find(tensor.name) : buffers.find(tensor.name);
    parameters_of.push_back(found != nullptr ? *found : torch::Tensor());
  }
  const model::GraphForward run(std::make_shared<const ir::Graph>(graph), 0, ir::whole(graph).end,
                                parameters_of);
  CHECK(torch::allclose(run(images, {}), logits, 1e-5, 1e-5));
}

TEST_CASE("trees that do not fit together are refused with their place", "[model]") {
  auto json = small();
  json["blocks"][1]["cell"]["child_nodes"][0]["edges"][1]["in_channels"] = 5;
  CHECK(error_of(json).find("/blocks/1/cell/child_nodes/0/edges/1") != std::string::npos);
  json = small();
  json["blocks"][1]["cell"]["child_nodes"][0]["merge_type"] = "glue";
  CHECK(error_of(json).find("unknown merge 'glue'") != std::string::npos);
  json = small();
  json["blocks"][1]["name"] = "ResidualTreeBlok";
  CHECK(error_of(json).find("unknown block") != std::string::npos);
  json = small();
  json["classifier"]["in_features"] = 17;
  CHECK(error_of(json).find("/classifier") != std::string::npos);
}
