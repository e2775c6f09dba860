#include "network/import/trained_onnx.h"

#include "network/float_onnx.h"
#include "network/import/float_network.h"

namespace frugal::network {

std::string trained_onnx(const NetworkConfig& network, const std::string& weights) {
  const Imported trained = import_float_network(network, checkpoint::SafetensorsFile(weights), weights);
  return to_float_onnx(trained.model, trained.metadata);
}

}  // namespace frugal::network
