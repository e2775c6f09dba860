// nas-search speed
#include "train/images/speed.h"

#include "nas_search/commands.h"

namespace frugal::nas_search {

void add_speed(CLI::App& app) {
  struct Command {
    cli::CommonFlags flags;
    train::SpeedOptions options;
  };
  auto command = std::make_shared<Command>();
  CLI::App* sub = app.add_subcommand("speed", "Samples per second of training a network on made-up images");
  sub->add_option("NETWORK", command->options.network, "network.json")->required();
  sub->add_option("--batch", command->options.batch_size, "Examples a step")->check(CLI::Range(1, 65536));
  sub->add_option("--seconds", command->options.seconds, "How long to measure");
  sub->add_option("--channels-last", command->options.channels_last, "Memory order NHWC");
  cli::add_flags(*sub, command->flags, {.out = false, .seed = false, .threads = true}, "");
  sub->footer(
      "Examples:\n"
      "  nas-search speed configs/networks/proxyless_w0.3_28px.json --threads 1\n"
      "  nas-search speed configs/networks/mcu_28px.json --batch 256 --seconds 2");
  sub->callback([command] {
    command->options.threads = command->flags.threads;
    base::write_text("-", report::to_line(train::measure_speed(command->options)) + "\n");
  });
}

}  // namespace frugal::nas_search
