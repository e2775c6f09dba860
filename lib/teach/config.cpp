#include "teach/config.h"

namespace frugal::teach {

RunConfig::RunConfig() {
  schedule.kind = "constant";
  schedule.lr_peak = 0.01;
}

void RunConfig::visit(config::Visitor& v) {
  v.field("seed", seed, config::at_least(0), "of the shots and of the order in which samples come");
  v.object("data", data, "what it learns");
  v.field("shots", shots, config::at_least(0), "labelled samples a class to learn from; 0: all");
  v.object("anomaly", anomaly, "what is usual, where an auto-encoder tells what is not");
  v.field(
      "known", known, config::at_least(0),
      "classes that the network knows: their samples go into its replay buffer before it learns the others");
  v.field("epochs", epochs, config::at_least(0), "passes over them; 0: it only predicts");
  v.object("schedule", schedule, "learning rate, one sample a step");
  v.field("held_out", held_out, config::at_least(0),
          "test or validation samples that accuracy is measured on before and after, at most; 0: all");
  v.field("evaluate_every", evaluate_every, config::at_least(0),
          "epochs between two measurements of accuracy; 0: before and after alone");
  v.field("evaluate_images", evaluate_images, config::at_least(0), "at most so many in between; 0: all");
}

}  // namespace frugal::teach
