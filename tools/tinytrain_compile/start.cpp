// tinytrain-compile start
#include "teach/start.h"

#include "emulate/report.h"
#include "tinytrain_compile/commands.h"

namespace frugal::tinytrain_compile {

void add_start(CLI::App& app) {
  auto flags = std::make_shared<cli::CommonFlags>();
  auto options = std::make_shared<teach::StartOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* sub = app.add_subcommand(
      "start", "From a trained network and a folder of data to C that has learnt in an emulator");
  add_network_arguments(*sub, options->network, options->weights);
  sub->add_option(
         "--data", options->data,
         "Images in a folder a class under train/ and test/, files of the MNIST or CIFAR family, or a "
         ".safetensors file of samples")
      ->required();
  sub->add_option("--target", options->target, "host, m3, m4, m7, m55 or rv32")->capture_default_str();
  sub->add_option("--flash", options->flash, "Bytes of it")->capture_default_str();
  sub->add_option("--sram", options->sram, "Bytes of it, the stack among them")->capture_default_str();
  sub->add_option("--shots", options->shots, "Labelled samples a class to learn from; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  sub->add_option(
         "--epochs", options->epochs,
         "Passes over them; else as many as an emulator carries out in about half a minute, at most 10")
      ->check(CLI::PositiveNumber);
  sub->add_option(
         "--rate", options->rate,
         "Learning rate; else the best of five on a quarter of the samples, held back from the others")
      ->check(CLI::PositiveNumber);
  sub->add_option("--head", options->head,
                  "means: the classifier begins with the class means of the samples; new: drawn by the seed")
      ->check(CLI::IsMember({"means", "new"}))
      ->capture_default_str();
  sub->add_flag("--install", options->install,
                "Installs the cross-compilers and emulators that are missing (scripts/setup --only-device)");
  sub->add_flag("--json", *json, "JSON on a terminal too");
  cli::add_flags(*sub, *flags, {.config = cli::ConfigArgument::own, .out_is_folder = true},
                 "Folder for device/, report.html, result.json, config.json and state.bin");
  sub->footer(
      "Examples:\n"
      "  tinytrain-compile start model.tflite --data photos --out out/start\n"
      "  tinytrain-compile start model.tflite --data photos --target host --out out/start");
  sub->callback([flags, options, json] {
    cli::require_folder(*flags, "start", "out/start");
    options->out = flags->out;
    options->seed = flags->seed;
    options->quiet = flags->quiet;
    const auto result = teach::start(*options);
    base::write_text("-", cli::for_people(*json) ? emulate::summary_of(result) + teach::next_steps(result)
                                                 : report::to_line(result) + "\n");
  });
}

}  // namespace frugal::tinytrain_compile
