#include "adapt/example_config.h"

#include "data/images/raw.h"

namespace frugal::adapt {

void ExampleConfig::visit(config::Visitor& v) {
  std::vector<std::string> kinds = data::format_names();
  kinds.emplace_back("tensors");
  visit_with(
      kinds,
      "Fashion-MNIST, IDX files of the MNIST family, CIFAR-10/100 binary, a folder a class; tensors: a "
      ".safetensors file of samples of any kind (docs/tinytrain.md)",
      v);
  v.field("groups", groups, config::any_number(), "of tensors: samples of these groups alone; empty = all");
  v.field("test", test, config::between_open(0, 1),
          "of tensors: share of the samples that is the test split, where the file has no 'split'");
}

}  // namespace frugal::adapt
