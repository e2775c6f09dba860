// What a network takes of a device is told before it is trained, and is what it takes then.
#include "compile/untrained.h"

#include <nlohmann/json.hpp>

#include "base/random.h"
#include "compile/folder.h"
#include "ir/model.h"
#include "network/import/model_folder.h"
#include "support/test.h"

using namespace frugal;

namespace {

network::NetworkConfig small_network() {
  return network::load_network(test::source_dir() + "/configs/networks/mcu_28px.json");
}

// Other weights, biases and scales than those that were made up.
ir::Model with_other_numbers(ir::Model model) {
  base::Random random(3, "other numbers");
  for (std::size_t i = 0; i < model.data.size(); ++i) {
    ir::Tensor& tensor = model.graph.tensors[i];
    if (tensor.quantization && tensor.role == ir::Role::parameter) {
      for (double& scale : tensor.quantization->scale) scale *= 0.5 + random.uniform();
    }
    if (tensor.type != ir::DataType::int8) continue;
    for (std::byte& number : model.data[i]) number = static_cast<std::byte>(random.below(255) + 129);
  }
  return model;
}

}  // namespace

TEST_CASE("a network takes of a device what was told before its training", "[compile]") {
  const network::NetworkConfig network = small_network();
  const test::TempDir folder;
  compile::CompileConfig config;
  config.network = folder / "network";
  network::write_model(config.network, with_other_numbers(compile::int8_form(network, config)));
  std::int64_t least = 0;
  for (const std::string scheme : {"head", "bias:4", "last:3"}) {
    for (const std::string target : {"m7", "m55"}) {
      config.scheme = scheme;
      config.device.target = target;
      const auto memory = compile::compile_to(folder / "device", config, nlohmann::json::object())["memory"];
      const compile::Footprint told = compile::footprint_untrained(network, config);
      INFO(scheme << " on " << target);
      CHECK(told.sram() == memory["sram"]["bytes"]);
      CHECK(told.flash() == memory["flash"]["bytes"]);
      if (target == "m7") CHECK(told.sram() > least);  // more is trained
      if (target == "m7") least = told.sram();
    }
  }
}
