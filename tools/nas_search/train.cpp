// nas-search train
#include "nas_search/commands.h"
#include "nas_search/summary.h"
#include "train/images/run.h"
#include "train/parallel/together.h"

namespace frugal::nas_search {

void add_train(CLI::App& app) {
  auto flags = std::make_shared<cli::CommonFlags>();
  auto weights = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  CLI::App* sub = app.add_subcommand("train", "Train a network; one line a run goes to runs.jsonl");
  cli::add_flags<train::ImageRunConfig>(*sub, *flags,
                                        {.config = cli::ConfigArgument::positional,
                                         .out_is_folder = true,
                                         .threads = true,
                                         .device = true,
                                         .resume = true},
                                        "Folder for weights, network.json, result.json and the checkpoint");
  sub->add_option("--weights", *weights, "Pretrained weights to start from (safetensors, .pth, .pt)");
  add_json_flag(*sub, *json);
  sub->footer(
      "Examples:\n"
      "  nas-search train --set data.fraction=0.02 --set loop.epochs=2 --out out/first\n"
      "  nas-search train configs/train/fashion.json --seed 1 --out out/fashion-1 --resume\n"
      "  nas-search train configs/train/finetune.json --set data.path=photos --weights weights.pth --out "
      "out/photos");
  sub->callback([flags, weights, json] {
    train::together([&](train::Communicator& processes) {
      const auto loaded =
          cli::load_config<train::ImageRunConfig>(*flags, [weights](train::ImageRunConfig& config) {
            if (!weights->empty()) config.pretrained.weights = *weights;
          });
      cli::require_folder(*flags, "training", "out/first");
      const auto line = train::run_images(
          loaded.config, {flags->out, flags->resume, flags->quiet, flags->device}, processes);
      if (!processes.is_first()) return;
      base::write_text(
          "-", cli::for_people(*json) ? lines_of_training(line, flags->out) : report::to_line(line) + "\n");
    });
  });
}

}  // namespace frugal::nas_search
