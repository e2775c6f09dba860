// nas-search start
#include "search/start/start.h"

#include "nas_search/commands.h"
#include "nas_search/summary.h"

namespace frugal::nas_search {

void add_start(CLI::App& app) {
  struct Command {
    cli::CommonFlags flags;
    search::StartOptions options;
    std::string latency;
    bool json = false;
  };
  auto command = std::make_shared<Command>();
  CLI::App* sub = app.add_subcommand(
      "start",
      "From a folder of images to a network within a latency: searched, trained, exported, measured");
  sub->add_option("FOLDER", command->options.images, "Images, a folder a class")->required();
  sub->add_option("--latency", command->latency, "At most so much an image: 5ms, 800us")->required();
  sub->add_option("--runtime", command->options.runtime, "What runs the network where it is used")
      ->check(CLI::IsMember({"libtorch", "onnxruntime"}));
  sub->add_option("--minutes", command->options.minutes, "For search and training together")
      ->check(CLI::Range(0.01, 1e5));
  auto* network = sub->add_option("--network", command->options.pretrained.network,
                                  "network.json of a trained network that the search starts from");
  sub->add_option("--weights", command->options.pretrained.weights, "Its weights (safetensors, .pth, .pt)")
      ->needs(network);
  cli::add_flags(*sub, command->flags, {.out_is_folder = true, .threads = true},
                 "Folder for everything that is made");
  add_json_flag(*sub, command->json);
  sub->footer(
      "Examples:\n"
      "  nas-search start photos --latency 5ms --out out/photos\n"
      "  nas-search start photos --latency 2ms --runtime onnxruntime --minutes 60 --out out/photos");
  sub->callback([command] {
    cli::require_folder(command->flags, "a start", "out/photos");
    search::StartOptions& options = command->options;
    options.latency_ms = search::read_latency(command->latency);
    options.out = command->flags.out;
    options.seed = static_cast<std::int64_t>(command->flags.seed);
    options.threads = std::max(1, command->flags.threads);
    options.quiet = command->flags.quiet;
    const auto result = search::start(options);
    if (cli::for_people(command->json)) return base::write_text("-", lines_of_start(result, options.out));
    report::write_result("-", result);
  });
}

}  // namespace frugal::nas_search
