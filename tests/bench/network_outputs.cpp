// What an int8 network gives for images from a file, for comparison with other programs:
//   network_outputs NETWORK IMAGES OUTPUTS     both raw int8, one image after the other, channels last
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

#include "network/import/load.h"
#include "quant/program.h"

int main(int count, char** arguments) {
  using namespace frugal;
  if (count != 4) return 2;
  const ir::Model model = network::load_model(arguments[1]).model;
  const quant::Program program(model, arguments[1]);
  const quant::Parameters parameters(model, program.layouts());
  quant::Workspace workspace(program, parameters);
  const ir::TensorId image = model.graph.inputs.front(), out = model.graph.outputs.front();
  const auto size = static_cast<std::size_t>(ir::elements(model.graph.tensor(image).shape));
  const auto classes = static_cast<std::size_t>(ir::elements(model.graph.tensor(out).shape));
  std::ifstream in(arguments[2], std::ios::binary);
  const std::vector<char> images((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::ofstream outputs(arguments[3], std::ios::binary);
  for (std::size_t at = 0; at + size <= images.size(); at += size) {
    std::copy_n(images.data() + at, size,
                workspace.at<char>(image));  // channels last, as the kernels have it
    program.run(workspace, ir::whole(model.graph));
    outputs.write(workspace.at<char>(out), static_cast<std::streamsize>(classes));
  }
  return outputs.flush() ? 0 : 1;
}
