// A small int8 network as a model folder, for tests that start the tools as processes:
//   write_tiny_model FOLDER CHANNELS HEIGHT WIDTH
#include <cstdlib>

#include "network/import/model_folder.h"
#include "support/tiny_model.h"

int main(int count, char** arguments) {
  using namespace frugal;
  if (count != 5) return 2;
  const ir::Dims image{1, std::atoll(arguments[2]), std::atoll(arguments[3]), std::atoll(arguments[4])};
  network::write_model(arguments[1], test::tiny_int8_model(1, "float32-half-even", 3, image));
  return 0;
}
