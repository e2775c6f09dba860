#include "train/images/answers.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "data/batches/loader.h"
#include "data/images/image_file.h"
#include "train/images/classification.h"

namespace frugal::train {
namespace {

using base::UserError;
using Ordered = nlohmann::ordered_json;

std::vector<std::string> files_of(const std::string& path) {
  if (!std::filesystem::exists(path)) throw UserError(path, "no such file or folder");
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::string> files = data::image_files(path);
  if (files.empty()) throw UserError(path, "no PNG or JPEG file in this folder");
  return files;
}

// As an unlabelled set: labels are all 0.
data::ImageSet set_of(const std::vector<std::string>& files, const network::NetworkConfig& network,
                      const data::DataConfig& data) {
  data::ImageSet set;
  set.channels = network.input_channels();
  set.height = set.width = network.resolution;
  std::vector<double> mean = data.mean, std = data.std;
  if (network.preprocessing) {
    mean = network.preprocessing->mean;
    std = network.preprocessing->std;
  }
  const auto channels = static_cast<std::size_t>(set.channels);
  if (mean.size() != channels || std.size() != channels) {
    throw UserError("network", "says nothing of mean and deviation, which an image needs to be understood",
                    fmt::format("give {} of each: --set mean=[0.5] --set std=[0.25]", channels));
  }
  set.mean.assign(mean.begin(), mean.end());
  set.std.assign(std.begin(), std.end());
  set.labels.assign(files.size(), 0);
  set.decode = [files, channels = set.channels, side = network.resolution](std::int64_t i,
                                                                           std::uint8_t* out) {
    data::read_resized(files[static_cast<std::size_t>(i)], channels, side, side, out);
  };
  return set;
}

std::string class_name(const network::NetworkConfig& network, std::int64_t index) {
  if (!network.preprocessing || network.preprocessing->classes.empty()) return std::to_string(index);
  return network.preprocessing->classes.at(static_cast<std::size_t>(index));
}

}  // namespace

Ordered answers_for(model::ImageNetwork& network, const std::string& path, const data::DataConfig& data) {
  constexpr std::int64_t most_shown = 5;
  const network::NetworkConfig& config = network.config();
  const std::vector<std::string> files = files_of(path);
  const data::ImageSet set = set_of(files, config, data);
  data::Loader loader(set, batches_in_order(1, Communicator()));
  const torch::NoGradGuard no_grad;
  network.eval();
  loader.start_epoch(0);
  Ordered answers = Ordered::array();
  for (data::Batch batch; loader.next(batch);) {
    const torch::Tensor probabilities = network.forward(batch.images).softmax(1);
    const auto [best, order] = probabilities.topk(std::min(most_shown, config.classes()), 1);
    for (std::int64_t i = 0; i < best.size(0); ++i) {
      Ordered answer{{"file", files[answers.size()]}};
      for (std::int64_t k = 0; k < best.size(1); ++k) {
        const Ordered one{{"class", class_name(config, order[i][k].item<std::int64_t>())},
                          {"probability", best[i][k].item<double>()}};
        if (k == 0) {
          answer.update(one);
        } else {
          answer["next"].push_back(one);
        }
      }
      answers.push_back(std::move(answer));
    }
  }
  return answers;
}

}  // namespace frugal::train
