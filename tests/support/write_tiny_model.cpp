// A small int8 network as a model folder, for tests that start the tools as processes:
//   write_tiny_model FOLDER CHANNELS HEIGHT WIDTH [autoencoder]
#include <cstdlib>

#include "network/import/model_folder.h"
#include "support/tiny_model.h"

int main(int count, char** arguments) {
  using namespace frugal;
  if (count != 5 && count != 6) return 2;
  const ir::Dims image{1, std::atoll(arguments[2]), std::atoll(arguments[3]), std::atoll(arguments[4])};
  const std::string rounding = "float32-half-even";
  network::write_model(arguments[1], count == 6 ? test::tiny_autoencoder(1, true, rounding, image)
                                                : test::tiny_int8_model(1, rounding, 3, image));
  return 0;
}
