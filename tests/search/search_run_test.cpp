// What a search ends with: among the most probable networks the one with the least held-out loss.
#include "search/run/run.h"

#include <torch/torch.h>

#include <algorithm>
#include <memory>

#include "data/batches/loader.h"
#include "search/derive/k_best.h"
#include "support/test.h"
#include "support/tiny_space.h"
#include "tensor/device.h"

using namespace frugal;
using namespace frugal::search;

namespace {

data::ImageSet made_images(std::int64_t count) {
  data::ImageSet set;
  set.name = "made";
  set.channels = 1;
  set.height = set.width = 6;
  base::Random random(3, "pixels");
  for (std::int64_t i = 0; i < count; ++i) {
    set.labels.push_back(i % 2);
    for (int p = 0; p < 36; ++p) set.pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
  }
  set.class_names = {"a", "b"};
  set.mean = set.std = {0.5F};
  return set;
}

}  // namespace

TEST_CASE("Reranking takes the network with the least loss of those that it tries", "[search]") {
  const SearchSpace space = test::tiny_space(1, 2);
  const data::ImageSet images = made_images(32);
  const std::string loss = GENERATE("none", "add_linear");
  ObjectiveConfig objective_config;
  objective_config.loss = loss;
  objective_config.reference = 1000;
  objective_config.lambda = 0.02;
  const Objective objective(objective_config, space, "objective");
  int moved = 0;
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    tensor::seed_torch(seed);
    Supernet net(space);
    StrategyConfig strategy_config;
    strategy_config.initial_std = 1;  // α that knows nothing of the loss
    strategy_config.rerank = 5;
    std::vector<std::unique_ptr<Strategy>> strategies;
    strategies.push_back(make_strategy(net, objective, strategy_config, seed, "target.0"));
    SearchTaskConfig config;
    config.batch.size = config.held_out_batch = images.size();  // one batch: its order does not matter
    config.batch.workers = 0;
    SearchTask task(net, std::move(strategies), images, images, config);
    const Strategy& strategy = *task.strategies().front();
    const Choice chosen = task.conclude().front();

    data::LoaderConfig loader_config;
    loader_config.batch_size = images.size();
    loader_config.channels_last = true;
    data::Loader loader(images, loader_config);
    loader.start_epoch(0);
    data::Batch batch;
    REQUIRE(loader.next(batch));
    const torch::NoGradGuard no_grad;
    net.train();
    const auto loss_of = [&](const Choice& choice) {
      const auto logits = net.forward_path(batch.images, choice);
      return objective
          .loss(torch::cross_entropy_loss(logits, batch.labels).item<double>(),
                objective.costs().total(choice))
          .value;
    };
    const auto tried = k_most_probable(log_softmax(strategy.architecture().values()), {}, 5);
    REQUIRE(tried.size() == 5);
    CHECK(std::find(tried.begin(), tried.end(), chosen) != tried.end());
    for (const Choice& other : tried) CHECK(loss_of(chosen) <= loss_of(other) + 1e-5);
    if (chosen != strategy.derived()) ++moved;
  }
  CHECK(moved > 0);
}
