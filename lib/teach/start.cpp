#include "teach/start.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "adapt/examples.h"
#include "adapt/head.h"
#include "adapt/samples.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "compile/fit.h"
#include "compile/folder.h"
#include "compile/stages.h"
#include "config/config.h"
#include "emulate/page.h"
#include "emulate/run.h"
#include "emulate/target.h"
#include "network/import/load.h"
#include "network/import/model_folder.h"
#include "report/result.h"
#include "teach/choose.h"
#include "teach/install.h"
#include "teach/lesson.h"

namespace frugal::teach {
namespace {

using base::UserError;
using Ordered = nlohmann::ordered_json;
namespace fs = std::filesystem;

// The last layers with their weights learn most for their memory; then biases alone; then the head.
constexpr const char* schemes[] = {"last:4", "last:3", "last:2", "last:1", "bias:8", "bias:4", "head"};
// What the compiler's figures leave out: the runtime's variables, and code.
constexpr std::int64_t sram_beside = 512, flash_beside = 64 * 1024;

compile::CompileConfig compile_config(const StartOptions& options, std::int64_t classes) {
  compile::CompileConfig config;
  config.seed = static_cast<std::int64_t>(options.seed);
  config.network = options.network;
  config.weights = options.weights;
  config.head = "new";
  config.classes = classes;
  config.device.target = options.target;
  config.device.flash = options.flash;
  config.device.sram = options.sram;
  return config;
}

// The first scheme that fits, as the compiler counts.
std::string fitting_scheme(compile::CompileConfig config) {
  config.scheme = "head";
  const compile::Stages stages = compile::make_stages(config);
  const device::FileSettings settings = compile::file_settings(config);
  const auto layers = sparse::scheme_layers(stages.start.graph).size();
  for (const std::string scheme : schemes) {
    const std::size_t colon = scheme.find(':');
    if (colon != std::string::npos && std::stoul(scheme.substr(colon + 1)) > layers) continue;
    const compile::Footprint footprint = compile::footprint_under(scheme, stages, config);
    if (footprint.sram() + sram_beside <= settings.sram_bytes &&
        footprint.flash() + flash_beside <= settings.flash_bytes)
      return scheme;
  }
  return "head";  // compile_to says what does not fit
}

RunConfig run_config(const StartOptions& options, const adapt::ExampleConfig& data) {
  RunConfig config;
  config.seed = static_cast<std::int64_t>(options.seed);
  config.data = data;
  config.shots = options.shots;
  config.held_out = options.held_out;
  config.epochs = options.epochs;
  if (options.rate > 0) config.schedule.lr_peak = options.rate;
  config.evaluate_images = options.held_out;
  return config;
}

// The network with a head of class means, of the samples that the device is to learn: what of them is known
// before a step. Gives the folder where it is.
std::string with_class_means(const StartOptions& options, const ir::Model& model,
                             const adapt::ExampleConfig& data) {
  const auto training = adapt::open_examples(data, samples::Split::train);
  const auto seed = static_cast<std::int64_t>(options.seed);
  const quant::Samples learnt = adapt::samples_of(
      *training, adapt::few_of_each(*training, options.shots, seed), model.graph, options.network);
  const std::string folder = options.out + "/network";
  base::make_folder(folder);
  network::write_model(folder, adapt::with_head(model, "means", learnt, seed, options.network));
  return folder;
}

void say(const StartOptions& options, const std::string& text) {
  if (!options.quiet) base::log_note("tinytrain-compile start", text);
}

// Epochs and rate that nobody named, and what they were chosen by.
Ordered choose(const StartOptions& options, const emulate::Compiled& compiled, RunConfig& config) {
  Ordered chosen = Ordered::object();
  if (options.epochs == 0) chosen["epochs"] = config.epochs = epochs_in_reach(compiled, config);
  if (options.rate != 0) return chosen;
  const ChosenRate best = choose_rate(compiled, config, options.head == "means");
  chosen["rate"] = config.schedule.lr_peak = best.rate;
  chosen["trials"] = Ordered::array();
  std::string tried;
  for (const RateTrial& trial : best.trials) {
    const bool diverged = !std::isfinite(trial.loss);
    chosen["trials"].push_back({{"rate", trial.rate}, {"accuracy", trial.accuracy}});
    chosen["trials"].back()["loss"] = diverged ? Ordered(nullptr) : Ordered(trial.loss);
    tried += fmt::format("{}{}: {}", tried.empty() ? "" : ", ", trial.rate,
                         diverged ? "diverged" : fmt::format("{:.0f} %", 100 * trial.accuracy));
  }
  say(options, fmt::format("learning rate {} for {} epochs; on a quarter of the samples, held back: {}",
                           best.rate, config.epochs, tried.empty() ? "not tried" : tried));
  return chosen;
}

}  // namespace

adapt::ExampleConfig data_at(const std::string& path, const ir::Tensor& input) {
  adapt::ExampleConfig data;
  data.path = path;
  data.place = "--data";
  if (path.ends_with(".safetensors")) {
    data.kind = "tensors";
    return data;
  }
  if (!fs::is_directory(path))
    throw UserError("--data", "'" + path + "' is neither a folder nor a .safetensors file",
                    "images in a folder a class, under train/ and test/");
  bool idx = false, cifar = false, folders = false;
  for (const auto& entry : fs::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    idx = idx || name.starts_with("train-images-idx3");
    cifar = cifar || name == "data_batch_1.bin" || name == "train.bin";
    folders = folders || entry.is_directory();
  }
  if (!idx && !cifar && !folders)
    throw UserError("--data",
                    "'" + path + "' holds neither folders of images nor files of the MNIST or CIFAR family",
                    "a folder a class, under train/ and test/");
  data.kind = idx ? "idx" : cifar ? "cifar" : "folder";
  if (input.shape.size() == 4 && input.shape[2] == input.shape[3]) {
    data.resolution = input.shape[2];
    data.channels = input.shape[1] == 1 || input.shape[1] == 3 ? input.shape[1] : 0;
  }
  return data;
}

Ordered start(const StartOptions& options) {
  const report::RunClock clock;
  const device::Target target = device::target_named(options.target, "--target");
  if (options.install) install_programs(target, options.quiet);
  emulate::require_programs(target);
  const network::Imported imported = network::load_model(options.network, options.weights);
  for (const std::string& note : imported.notes) say(options, note);
  const ir::Graph& graph = imported.model.graph;
  const adapt::ExampleConfig data = data_at(options.data, graph.tensor(graph.inputs.front()));
  const std::int64_t classes = adapt::open_examples(data, samples::Split::train)->class_count();

  compile::CompileConfig config = compile_config(options, classes);
  if (options.head == "means") {
    config.network = with_class_means(options, imported.model, data);
    config.weights.clear();
    config.head = "keep";
    config.classes = 0;
  }
  config.scheme = fitting_scheme(config);
  say(options, fmt::format("{} classes; scheme '{}' fits into {} of SRAM and {} of flash", classes,
                           config.scheme, options.sram, options.flash));
  nlohmann::json effective;
  config::print(config, effective);
  const std::string folder = options.out + "/device";
  base::make_folder(options.out);
  compile::compile_to(folder, config, effective);

  const emulate::Compiled compiled = emulate::open_compiled(folder);
  RunConfig taught = run_config(options, data);
  say(options, "building for " + device::name_of(compiled.target) + ", then learning");
  const Ordered chosen = choose(options, compiled, taught);
  nlohmann::json printed;
  config::print(taught, printed);
  emulate::RunOptions how;
  how.target = compiled.target;
  how.check = true;
  how.quiet = options.quiet;
  how.profile = compiled.target != device::Target::host;
  how.state = options.out + "/state.bin";
  Ordered result = report::start_result(
      {"frugal.tinytrain_compile.start/1", "tinytrain-compile start", options.seed}, printed);
  result["folder"] = folder;
  result["scheme"] = config.scheme;
  result["head"] = options.head;
  result["chosen"] = chosen;
  result.update(emulate::run_lesson(compiled, lesson_of(taught, compiled), how));
  result["run"] = clock.describe(1);
  base::write_text(options.out + "/config.json", config::to_text(printed));
  base::write_text(options.out + "/report.html", emulate::page_of(result));
  report::write_result(options.out + "/result.json", result);
  return result;
}

std::string next_steps(const Ordered& r) {
  const std::string folder = r["folder"].get<std::string>(), out = folder.substr(0, folder.rfind('/'));
  return fmt::format(
      "\n{0} is the C: copy it into your project, call frugal_train_step for each labelled sample\n"
      "and frugal_predict for the others ({0}/example.c reads them from a stream).\n"
      "next   tinytrain-compile run {0} {1}/config.json --set epochs=10      learn longer\n"
      "       tinytrain-compile export {0} {1}/state.bin --out {1}/learnt    what it learnt, on the host\n"
      "       {1}/report.html                                   accuracy, memory, layers\n",
      folder, out);
}

}  // namespace frugal::teach
