// nas-search evaluate
#include "train/images/evaluate.h"
#include "base/given_path.h"

#include "nas_search/commands.h"
#include "nas_search/summary.h"

namespace frugal::nas_search {

void add_evaluate(CLI::App& app) {
  struct Command {
    cli::CommonFlags flags;
    train::EvaluateOptions options;
    bool json = false;
  };
  auto command = std::make_shared<Command>();
  CLI::App* sub = app.add_subcommand(
      "evaluate", "Error of a trained network, its logits on given inputs, or what it says of images");
  sub->add_option("NETWORK", command->options.network, "network.json")->required();
  sub->add_option("--weights", command->options.weights, "Weights (safetensors)")->required();
  sub->add_option("--data", command->flags.config,
                  "Config of the data set (JSON: the `data` of a train config)");
  sub->add_option("--split", command->options.split, "train, validation or test")
      ->check(CLI::IsMember({"train", "validation", "test"}));
  sub->add_option(
      "--image", command->options.image,
      "Instead of a data set: a PNG or JPEG file or a folder of them; prints classes and probabilities");
  sub->add_option("--input", command->options.input,
                  "Instead of a data set: a safetensors file with `input` [B,C,H,W]");
  sub->add_option("--logits", command->options.logits,
                  "Write the logits of --input to this safetensors file");
  cli::add_flags<data::DataConfig>(*sub, command->flags,
                                   {.config = cli::ConfigArgument::own, .seed = false, .threads = true},
                                   "Where the result goes (JSON); - is standard output");
  add_json_flag(*sub, command->json);
  sub->footer(
      "Examples:\n"
      "  nas-search evaluate out/first/network.json --weights out/first/weights.safetensors\n"
      "  nas-search evaluate out/first/network.json --weights out/first/weights.safetensors --image "
      "photo.jpg\n"
      "  nas-search evaluate network.json --weights weights.safetensors --input x.safetensors --logits "
      "y.safetensors");
  sub->callback([command] {
    const auto loaded = cli::load_config<data::DataConfig>(command->flags);
    command->options.threads = command->flags.threads;
    const auto result = train::evaluate(command->options, loaded.config);
    if (cli::for_people(command->json, command->flags.out))
      return base::write_text("-", lines_of_evaluation(result));
    report::write_result(base::given_path(command->flags.out), result);
  });
}

}  // namespace frugal::nas_search
