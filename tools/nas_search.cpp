// nas-search: train and evaluate the networks of network.json files.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cli/run.h"
#include "config/config.h"
#include "nas_search/commands.h"
#include "network/compact.h"
#include "network/network.h"
#include "network/tree.h"
#include "report/result.h"
#include "train/images/evaluate.h"
#include "train/images/run.h"
#include "train/images/speed.h"

namespace {

using namespace frugal;

// A config that was read, with what the flags say over it; null after --print-config.
template <class Config>
bool read_config(Config& config, const cli::CommonFlags& flags) {
  config::read(config, config::load(flags.config, flags.settings));
  if (flags.seed_given) config.seed = static_cast<std::int64_t>(flags.seed);
  if (flags.threads > 0) config.threads = flags.threads;
  if (!flags.print_config) return true;
  nlohmann::json printed;
  config::print(config, printed);
  base::write_text("-", config::to_text(printed));
  return false;
}

void train(const cli::CommonFlags& flags) {
  train::ImageRunConfig config;
  if (!read_config(config, flags)) return;
  if (flags.out == "-") {
    throw base::UserError("--out", "training needs a folder to write to", "for example --out out/first");
  }
  const auto line = train::run_images(config, {flags.out, flags.resume, flags.quiet, flags.device});
  if (!line.is_null()) base::write_text("-", report::to_line(line) + "\n");
}

void add_train(CLI::App& app, cli::CommonFlags& flags) {
  CLI::App* command = app.add_subcommand("train", "Train a network; one line a run goes to runs.jsonl");
  command->add_option("CONFIG", flags.config, "Config file (JSON), - for standard input; none: the defaults");
  cli::FlagSet set;
  set.threads = set.device = set.resume = true;
  cli::add_common_flags(*command, flags, set,
                        "Folder for weights, network.json, result.json and the checkpoint");
  command->footer(
      "Examples:\n"
      "  nas-search train --set data.fraction=0.02 --set loop.epochs=2 --out out/first\n"
      "  nas-search train configs/train/fashion.json --seed 1 --out out/fashion-1 --resume");
  command->callback([&flags] { train(flags); });
}

void add_evaluate(CLI::App& app, cli::CommonFlags& flags, train::EvaluateOptions& options) {
  CLI::App* command =
      app.add_subcommand("evaluate", "Error of a trained network, or its logits on given inputs");
  command->add_option("NETWORK", options.network, "network.json")->required();
  command->add_option("--weights", options.weights, "Weights (safetensors)")->required();
  command->add_option("--data", flags.config, "Config of the data set (JSON: the `data` of a train config)");
  command->add_option("--split", options.split, "train, validation or test")
      ->check(CLI::IsMember({"train", "validation", "test"}));
  command->add_option("--input", options.input,
                      "Instead of a data set: a safetensors file with `input` [B,C,H,W]");
  command->add_option("--logits", options.logits, "Write the logits of --input to this safetensors file");
  cli::FlagSet set;
  set.seed = false;
  set.threads = true;
  cli::add_common_flags(*command, flags, set, "Where the result goes (JSON); - is standard output");
  command->footer(
      "Examples:\n"
      "  nas-search evaluate out/first/network.json --weights out/first/weights.safetensors\n"
      "  nas-search evaluate network.json --weights weights.safetensors --input x.safetensors --logits "
      "y.safetensors");
  command->callback([&flags, &options] {
    data::DataConfig data;
    config::read(data, config::load(flags.config, flags.settings));
    if (flags.print_config) {
      nlohmann::json printed;
      config::print(data, printed);
      base::write_text("-", config::to_text(printed));
      return;
    }
    options.threads = flags.threads;
    report::write_result(flags.out, train::evaluate(options, data));
  });
}

// A network of trees is counted and written as it was; false where the file is another network.
bool print_tree_counts(const std::string& file, const cli::CommonFlags& flags) {
  const std::string text = base::read_text(file);
  const nlohmann::json json = config::parse(text, file);
  if (!network::is_tree_network(json)) return false;
  const network::TreeNetwork network = network::read_tree_network(json, file);
  const network::TreeCounts counts = network::counts(network, 0, file);
  if (!flags.quiet) {
    fmt::print(stderr, "nas-search network: {} parameters, {} MACs at {} px\n", counts.parameters,
               counts.macs, network.resolution);
  }
  base::write_text(flags.out, text);
  return true;
}

void add_network(CLI::App& app, cli::CommonFlags& flags) {
  CLI::App* command =
      app.add_subcommand("network", "Write network.json from one line of blocks; count parameters and MACs");
  command->add_option("CONFIG", flags.config, "Config file (JSON), - for standard input; none: the defaults");
  cli::FlagSet set;
  set.seed = false;
  cli::add_common_flags(*command, flags, set, "The network.json; - is standard output");
  command->footer(
      "Examples:\n"
      "  nas-search network --set 'blocks=3e1w16 | 5e3s2w32 3e3 Z' --set classes=10 --out network.json\n"
      "  nas-search network --set file=configs/networks/proxyless_mobile.json --out /dev/null");
  command->callback([&flags] {
    train::NetworkChoice choice;
    config::read(choice, config::load(flags.config, flags.settings));
    if (flags.print_config) {
      nlohmann::json printed;
      config::print(choice, printed);
      base::write_text("-", config::to_text(printed));
      return;
    }
    if (!choice.file.empty() && print_tree_counts(choice.file, flags)) return;
    const network::NetworkConfig network = choice.load("blocks");
    if (!flags.quiet) {
      fmt::print(stderr, "nas-search network: {} parameters, {} MACs at {} px\n",
                 network::parameter_count(network), network::mac_count(network), network.resolution);
    }
    base::write_text(flags.out, network::to_text(network));
  });
}

void add_speed(CLI::App& app, cli::CommonFlags& flags, train::SpeedOptions& options) {
  CLI::App* command =
      app.add_subcommand("speed", "Samples per second of training a network on made-up images");
  command->add_option("NETWORK", options.network, "network.json")->required();
  command->add_option("--batch", options.batch_size, "Examples a step")->check(CLI::Range(1, 65536));
  command->add_option("--seconds", options.seconds, "How long to measure");
  command->add_option("--channels-last", options.channels_last, "Memory order NHWC");
  cli::FlagSet set;
  set.config = set.out = set.seed = false;
  set.threads = true;
  cli::add_common_flags(*command, flags, set, "");
  command->footer(
      "Examples:\n"
      "  nas-search speed configs/networks/proxyless_w0.3_28px.json --threads 1\n"
      "  nas-search speed configs/networks/mcu_28px.json --batch 256 --seconds 2");
  command->callback([&flags, &options] {
    options.threads = flags.threads;
    base::write_text("-", report::to_line(train::measure_speed(options)) + "\n");
  });
}

}  // namespace

int main(int argc, char** argv) {
  cli::CommonFlags train_flags, evaluate_flags, network_flags, speed_flags;
  train::EvaluateOptions evaluate_options;
  train::SpeedOptions speed_options;
  return cli::run_main(argc, argv, "nas-search", [&](CLI::App& app) {
    cli::set_up(app, "Trains and evaluates image networks on small budgets.",
                "Examples:\n"
                "  nas-search train --set data.fraction=0.02 --set loop.epochs=2 --out out/first\n"
                "  nas-search evaluate out/first/network.json --weights out/first/weights.safetensors");
    app.require_subcommand(1);
    add_train(app, train_flags);
    add_evaluate(app, evaluate_flags, evaluate_options);
    add_network(app, network_flags);
    add_speed(app, speed_flags, speed_options);
    nas_search::add_latency(app);
    nas_search::add_profile(app);
    nas_search::add_search(app);
    nas_search::add_search_speed(app);
    nas_search::add_derive(app);
    nas_search::add_report(app);
    nas_search::add_export(app);
  });
}
