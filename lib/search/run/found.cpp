#include "search/run/found.h"

#include <torch/torch.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/random.h"
#include "data/batches/loader.h"
#include "train/images/preprocessing.h"
#include "train/images/task.h"

namespace frugal::search {
namespace {

using Ordered = nlohmann::ordered_json;

// Batch norm's averages of a path that was trained as one of many are those of no network: they are taken
// again, as plain means over training batches.
void recalibrate(model::ImageNetwork& network, torch::Device device, const data::ImageSet& training,
                 const SearchConfig& config) {
  const torch::NoGradGuard no_grad;
  data::LoaderConfig loader_config;
  loader_config.batch_size = config.batch.size;
  loader_config.shuffle = loader_config.channels_last = loader_config.drop_last = true;
  loader_config.seed = base::derive_seed(static_cast<std::uint64_t>(config.seed), "search/recalibrate");
  loader_config.workers = 0;
  data::Loader loader(training, loader_config);
  loader.start_epoch(0);
  network.train();
  data::Batch batch;
  for (std::int64_t i = 0; i < config.recalibration_batches && loader.next(batch); ++i) {
    for (const auto& module : network.modules(false)) {
      if (auto* norm = module->as<torch::nn::BatchNorm2d>())
        norm->options.momentum(1 / static_cast<double>(i + 1));
    }
    network.forward(batch.images.to(device));
  }
}

}  // namespace

FoundNetwork write_network(const Supernet& net, const Choice& choice, const std::string& folder,
                           const data::ImageSet& training, const data::ImageSet& held_out,
                           const SearchConfig& config) {
  FoundNetwork found{net.space().network(choice), {}};
  found.network.preprocessing = train::preprocessing_of(training);
  model::ImageNetwork network(found.network);
  network.to(net.device());
  {
    const torch::NoGradGuard no_grad;
    std::map<std::string, torch::Tensor> of_path;
    for (const auto& [name, value] : net.path_state(choice)) of_path[name] = value;
    for (auto& [name, value] : tensor::state_of(network)) value.copy_(of_path.at(name));
  }
  network.use_channels_last();
  if (config.recalibration_batches > 0) recalibrate(network, net.device(), training, config);
  train::Communicator single;
  found.metrics = train::evaluate_images(network, held_out, 0, true, single);
  base::make_folder(folder);
  base::write_text(folder + "/network.json", network::to_text(found.network));
  tensor::write_tensors(folder + "/weights.safetensors", tensor::state_of(network));
  return found;
}

Ordered describe_target(const Strategy& strategy, const SearchSpace& space, const Choice& choice,
                        const FoundNetwork& found) {
  const Objective& objective = strategy.objective();
  const auto p = strategy.architecture().probabilities();
  Ordered blocks = Ordered::array();
  for (std::size_t b = 0; b < choice.size(); ++b) {
    const SearchBlock& block = space.blocks()[b];
    Ordered candidates = Ordered::array();
    for (std::size_t i = 0; i < block.candidates.size(); ++i) {
      candidates.push_back({{"operation", block.candidates[i].label},
                            {"alpha", strategy.architecture().values()[b][i]},
                            {"probability", p[b][i]},
                            {objective.config().metric, objective.costs().of[b][i]}});
    }
    blocks.push_back({{"stage", block.stage},
                      {"chosen", block.candidates[choice[b]].label},
                      {"candidates", std::move(candidates)}});
  }
  Ordered target{{"name", objective.config().name}};
  target["network"] = space.text(choice);
  target["parameters"] = network::parameter_count(found.network);
  target["macs"] = network::mac_count(found.network);
  target[objective.config().metric] = objective.costs().total(choice);
  target["expected"] = objective.expected(p);
  target["entropy"] = strategy.architecture().entropy();
  for (const Limit& limit : objective.limits()) {
    target["limits"][limit.name] = {{"at_most", limit.at_most}, {"network", limit.costs.total(choice)}};
  }
  if (objective.on_device().given()) target["on_device"] = objective.on_device().describe(choice);
  // With the search's own weights; training it again from the start gives more.
  target["shared_weights_validation_error"] = found.metrics.at("error");
  target["shared_weights_validation_loss"] = found.metrics.at("loss");
  target["alpha"] = strategy.architecture().values();  // what nas-search derive reads
  target["preprocessing"] = network::to_json(*found.network.preprocessing);
  target["blocks"] = std::move(blocks);
  return target;
}

Ordered cross_table(const std::vector<std::unique_ptr<Strategy>>& strategies,
                    const std::vector<Choice>& choices) {
  Ordered table = Ordered::array();
  for (std::size_t n = 0; n < choices.size(); ++n) {
    Ordered row{{"network_of", strategies[n]->objective().config().name}};
    for (const auto& strategy : strategies) {
      row["on"][strategy->objective().config().name] = strategy->objective().costs().total(choices[n]);
    }
    table.push_back(std::move(row));
  }
  return table;
}

}  // namespace frugal::search
