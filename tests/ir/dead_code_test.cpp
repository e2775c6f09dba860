// What no output needs is left out; what is left computes and is called as before.
#include "ir/dead_code.h"

#include "ir/builder.h"
#include "ir/text.h"
#include "support/test.h"

using namespace frugal;

namespace {

// images -> stem -> features -> logits; with `branch` a second head behind the stem that no output takes.
ir::Model network(bool branch) {
  ir::Builder graph("net");
  const ir::TensorId images = graph.input("images", {1, 3, 4, 4});
  const ir::TensorId x = graph.add("relu", "stem", {images});
  if (branch) {
    const ir::TensorId other = graph.add("flatten", "other.features", {x});
    graph.add("relu", "other.act",
              {graph.add("fully_connected", "other", {other}, {{"out_features", std::int64_t{7}}})});
  }
  const ir::TensorId features = graph.add("flatten", "features", {x});
  ir::Model model;
  model.graph =
      graph.finish({graph.add("fully_connected", "logits", {features}, {{"out_features", std::int64_t{2}}})});
  float next = 1;
  for (std::size_t i = 0; i < model.graph.tensors.size(); ++i) {
    const ir::Tensor& tensor = model.graph.tensors[i];
    std::vector<float> values(tensor.role == ir::Role::parameter ? ir::elements(tensor.shape) : 0);
    if (tensor.name.starts_with("logits"))
      for (float& value : values) value = next++;
    model.set<float>(static_cast<ir::TensorId>(i), values);
  }
  ir::verify(model, "net");
  return model;
}

}  // namespace

TEST_CASE("nodes that lead to no output are left out with their weights") {
  const ir::Model whole = network(true), plain = network(false);
  ir::DeadCode dead;
  const ir::Model made = ir::without_dead_code(whole, &dead);
  CHECK(ir::to_text(made.graph) == ir::to_text(plain.graph));
  CHECK(made.data == plain.data);
  CHECK(dead.nodes == std::vector<std::string>{"other.features", "other", "other.act"});
  CHECK(dead.bytes == 4 * (7 * 48 + 7));
  CHECK_NOTHROW(ir::verify(made, "net"));

  dead = {};
  CHECK(ir::without_dead_code(plain, &dead).graph == plain.graph);
  CHECK(dead.nodes.empty());
  CHECK(dead.bytes == 0);
}
