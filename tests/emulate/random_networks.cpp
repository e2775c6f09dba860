// Random networks with random schemes become C, are built on the host or for a board, learn, and are held
// against the trainer; wherever one differs its seed is named.
//
//   random_networks COUNT [FIRST_SEED [COMPILER [TARGET]]]      scripts/random_networks is the long form
//
// COMPILER is a C compiler with its flags: "cc -fsanitize=address,undefined -fno-sanitize-recover=all";
// empty: the target's. TARGET: host, or an emulated board (m4); one without floating point has networks
// without floats alone.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "compile/folder.h"
#include "config/config.h"
#include "device/files.h"
#include "emulate/run.h"
#include "emulate/target.h"
#include "network/import/model_folder.h"
#include "quant/integer_network.h"
#include "support/random_network.h"

namespace {

using namespace frugal;
namespace fs = std::filesystem;

constexpr const char* roundings[] = {"float32-half-even", "tflite", "integer", "without floats"};

// Networks of a rounding share a folder: kernels are built once.
void learn_one(std::uint64_t seed, const std::string& rounding, const std::string& folder,
               const std::string& compiler, device::Target target) {
  const bool whole = rounding == "without floats";
  const ir::Model model = test::random_network(seed, whole ? "integer" : rounding);
  base::make_folder(folder);
  compile::CompileConfig config;
  config.network = folder + "/network";
  config.scheme = folder + "/scheme.json";
  config.seed = static_cast<std::int64_t>(seed);
  config.device.target = device::name_of(target);
  config.device.optimise = "-O1";
  const bool host = target == device::Target::host;
  config.device.sram = host ? "16MB" : "256KB";
  config.device.flash = host ? "16MB" : "1MB";
  if (whole) config.method.storage = "integer";
  network::write_model(config.network, model);
  base::write_text(config.scheme,
                   sparse::to_json(test::random_scheme(seed, model.graph), model.graph).dump());
  nlohmann::json effective;
  config::print(config, effective);
  compile::compile_to(folder + "/device", config, effective);

  emulate::Lesson lesson;
  lesson.samples = test::random_samples(seed, model.graph, 6);
  lesson.points = {0, 6};
  for (std::size_t i = 0; i < 6; ++i) lesson.turns.push_back({i, true, 0.03, 0});
  lesson.turns.push_back({0, false, 0, 1});
  emulate::RunOptions options;
  options.check = options.quiet = true;
  options.compiler = compiler;
  options.target = target;
  emulate::run_lesson(emulate::open_compiled(folder + "/device"), lesson, options);
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 0;
  const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  const std::string compiler = argc > 3 ? argv[3] : "";
  const device::Target target = device::target_named(argc > 4 ? argv[4] : "host", "TARGET");
  if (count == 0) return 2;
  const std::vector<std::string> missing = emulate::missing_programs(target);
  if (!missing.empty()) {
    std::printf("skipped: %s is missing (scripts/setup --device)\n", missing.front().c_str());
    return 77;
  }
  const std::string folder = (fs::temp_directory_path() /
                              ("frugal-random-" + std::to_string(first) + "-" + std::to_string(::getpid())))
                                 .string();
  int wrong = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const std::string rounding =
        device::has_float(target) ? roundings[seed % std::size(roundings)] : "without floats";
    try {
      learn_one(seed, rounding, folder + "/" + std::to_string(seed % std::size(roundings)), compiler, target);
    } catch (const std::exception& error) {
      std::printf("seed %llu (%s): %s\n", static_cast<unsigned long long>(seed), rounding.c_str(),
                  error.what());
      ++wrong;
    }
  }
  fs::remove_all(folder);
  std::printf("%llu of %llu random networks learn as in the trainer\n",
              static_cast<unsigned long long>(count) - static_cast<unsigned long long>(wrong),
              static_cast<unsigned long long>(count));
  return wrong == 0 ? 0 : 1;
}
