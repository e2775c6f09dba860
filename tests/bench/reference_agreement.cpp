// How near the kernels come to other programs' numbers, for scripts/tiny_reference:
//   reference_agreement FOLDER NETWORK…     .tflite networks by name; "step" is the training step of
//   mcunet-5fps
// Prints a JSON object a line.
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>

#include "support/reference.h"

using namespace frugal;
using Json = nlohmann::ordered_json;

namespace {

Json to_json(const test::Agreement& of) {
  return {{"values", of.count}, {"different", of.different}, {"most", of.most}, {"where", of.where}};
}
Json to_json(const test::Nearness& of) {
  return {{"count", of.count}, {"worst", of.worst}, {"where", of.where}};
}

Json measured(const std::string& folder, const std::string& name) {
  if (name != "step") {
    const test::NetworkAgreement found = test::network_agreement(folder, name);
    return {{"inputs", found.inputs},
            {"activations", to_json(found.activations)},
            {"outputs", to_json(found.outputs)}};
  }
  const test::StepAgreement found = test::step_agreement(folder);
  return {{"activations", to_json(found.activations)},
          {"loss_difference", found.loss_difference},
          {"gradients", to_json(found.gradients)},
          {"factors", to_json(found.factors)}};
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  try {
    for (int i = 2; i < count; ++i) {
      Json line = {{"name", arguments[i]}};
      line.update(measured(arguments[1], arguments[i]));
      std::puts(line.dump().c_str());
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "reference_agreement: %s\n", error.what());
    return 2;
  }
  return 0;
}
