#include "search/start/plan.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "config/config.h"
#include "config/json_node.h"
#include "data/images/image_file.h"
#include "search/run/speed.h"

namespace frugal::search {

data::DataConfig images_of(const std::string& folder, std::int64_t resolution) {
  data::DataConfig data;
  data.kind = "folder";
  data.path = folder;
  data.resolution = resolution;
  data.validation = 0.2;
  data.augment.flip = true;
  data.augment.crop_padding = std::max<std::int64_t>(1, resolution / 16);
  return data;
}

std::int64_t resolution_for(const std::string& folder) {
  constexpr std::size_t looked_at = 24;
  constexpr std::int64_t usual[] = {128, 96, 64, 48, 32};
  const std::vector<std::string> files = data::image_files(folder);
  if (files.empty()) throw base::UserError(folder, "no PNG or JPEG file in this folder or below");
  std::vector<std::int64_t> sides;
  const std::size_t every = std::max<std::size_t>(1, files.size() / looked_at);
  for (std::size_t i = 0; i < files.size(); i += every) {
    const data::Decoded image = data::read_image(files[i], 3);
    sides.push_back(std::min(image.height, image.width));
  }
  std::sort(sides.begin(), sides.end());
  const std::int64_t median = sides[sides.size() / 2];
  for (const std::int64_t side : usual) {
    if (side <= median) return side;
  }
  return usual[std::size(usual) - 1];
}

SpaceConfig space_for(std::int64_t resolution, std::int64_t classes) {
  SpaceConfig space;
  space.name = "start";
  space.input_channels = 3;
  space.classes = classes;
  space.resolution = resolution;
  space.stem = 16;
  space.stem_stride = resolution >= 64 ? 2 : 1;
  space.first_block = 8;
  space.candidates = {"3e3", "3e6", "5e3", "5e6", "7e3", "7e6", "Z"};
  space.stages = {{16, 2, 2, {}}, {24, 3, 2, {}}, {40, 3, 2, {}}};
  space.stages.push_back({80, 2, resolution >= 96 ? 2 : 1, {}});
  space.head = 256;
  return space;
}

void choose_steps(StartPlan& plan, const SearchSpace& space, double minutes, int threads) {
  constexpr double share_of_search = 0.4;
  constexpr std::int64_t fewest_search = 40, fewest_train = 40;
  SupernetSpeedOptions speed;
  speed.batch_size = plan.batch_size;
  speed.steps = 3;
  speed.threads = threads;
  const auto seconds = [&](const char* step) {
    speed.step = step;
    return measure_supernet(space, speed).at("seconds").get<double>();
  };
  const auto fit = [&](double share, double of_step, std::int64_t fewest) {
    return std::max(fewest, static_cast<std::int64_t>(60 * minutes * share / of_step));
  };
  plan.search_steps = fit(share_of_search, seconds("mixed"), fewest_search);
  plan.train_steps = fit(1 - share_of_search, seconds("weight"), fewest_train);
}

nlohmann::ordered_json to_json(const StartPlan& plan) {
  return {{"resolution", plan.resolution},
          {"classes", plan.classes},
          {"batch_size", plan.batch_size},
          {"search_steps", plan.search_steps},
          {"train_steps", plan.train_steps}};
}

StartPlan read_plan(const std::string& path) {
  const nlohmann::json json = config::parse(base::read_text(path), path);
  const config::JsonNode node(json, path);
  StartPlan plan;
  plan.resolution = node["resolution"].integer(config::between(8, 4096));
  plan.classes = node["classes"].integer(config::at_least(1));
  plan.batch_size = node["batch_size"].integer(config::at_least(1));
  plan.search_steps = node["search_steps"].integer(config::at_least(1));
  plan.train_steps = node["train_steps"].integer(config::at_least(1));
  return plan;
}

}  // namespace frugal::search
