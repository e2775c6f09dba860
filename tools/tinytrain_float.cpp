// tinytrain-float: the part of tinytrain-compile that computes float networks, with LibTorch. It is no tool
// of its own: tinytrain-compile becomes it (tinytrain_compile/in_float.h) and gives it its work as standard
// input.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "adapt/run.h"
#include "base/error.h"
#include "base/file.h"
#include "calibrate/run.h"
#include "cli/run.h"
#include "config/config.h"
#include "in_float/learner.h"
#include "in_float/network.h"
#include "report/result.h"

namespace {

using namespace frugal;

template <class Config>
Config config_of(const nlohmann::json& work) {
  config::Source source;
  source.json() = work.at("config");
  source.origin = work.at("origin");
  return config::read<Config>(source);
}

nlohmann::ordered_json done(const nlohmann::json& work) {
  const train::RunOptions options{work.at("out"), work.at("resume"), work.at("quiet"), "cpu"};
  if (work.at("command") == "quantize")
    return calibrate::run(config_of<calibrate::QuantizeConfig>(work), options, in_float::Networks());
  return adapt::run(config_of<adapt::AdaptConfig>(work), options, in_float::make_learner);
}

void work_from_input() {
  const auto work = nlohmann::json::parse(base::read_text("-"), nullptr, /*allow_exceptions=*/false);
  if (!work.is_object() || !work.contains("command"))
    throw base::UserError("tinytrain-float", "is a part of tinytrain-compile, which starts it",
                          "tinytrain-compile quantize, or adapt --set method.kind=fp32");
  base::write_text("-", report::to_line(done(work)) + "\n");
}

}  // namespace

int main(int argc, char** argv) {
  return cli::run_main(argc, argv, "tinytrain-compile", [](CLI::App& app) {
    cli::set_up(app, "A part of tinytrain-compile, which starts it: float networks, with LibTorch.",
                "Examples:\n  tinytrain-compile quantize --set network=network.json --out out/int8\n"
                "  tinytrain-compile adapt --set network=model.tflite --set method.kind=fp32 --out out/fp32");
    app.callback(work_from_input);
  });
}
