#include "emulate/untrained.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "compile/folder.h"
#include "compile/untrained.h"
#include "config/config.h"
#include "emulate/run.h"
#include "ir/model.h"
#include "network/import/model_folder.h"

namespace frugal::emulate {
namespace {

// One sample of zeros, predicted and learnt.
Lesson one_sample(const ir::Graph& graph) {
  Lesson lesson;
  const ir::Tensor& input = graph.tensor(graph.inputs.front());
  lesson.samples.image_bytes = ir::elements(input.shape);
  lesson.samples.images.assign(static_cast<std::size_t>(lesson.samples.image_bytes), 0);
  lesson.samples.labels = {0};
  lesson.samples.class_count = graph.tensor(graph.outputs.front()).shape.back();
  lesson.turns = {{0, false, 0, 0}, {0, true, 1e-3, 0}};
  lesson.points = {0};
  return lesson;
}

}  // namespace

Instructions instructions_untrained(const network::NetworkConfig& network, compile::CompileConfig config,
                                    const std::string& folder) {
  RunOptions options;
  options.target = compile::file_settings(config).target;
  options.quiet = true;
  if (options.target == device::Target::host)
    throw base::UserError("device.target", "is the host, which counts no instructions",
                          "m3, m4, m7, m55 or rv32");
  const ir::Model model = compile::int8_form(network, config);
  config.network = folder + "/model";
  network::write_model(config.network, model);
  nlohmann::json effective;
  config::print(config, effective);
  compile::compile_to(folder + "/device", config, effective);
  const Compiled compiled = open_compiled(folder + "/device");
  const nlohmann::ordered_json said = run_lesson(compiled, one_sample(compiled.start->graph), options);
  const auto most = [&](const char* what) { return said["instructions"][what]["most"].get<std::int64_t>(); };
  return {most("inference"), most("step")};
}

}  // namespace frugal::emulate
