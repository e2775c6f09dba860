#include "data/batches/loader.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"
#include "data/images/resize.h"
#include "support/test.h"

using namespace frugal;
using namespace frugal::data;

namespace {

// A set whose pixels name their example, so that a mix-up shows.
ImageSet make_set(std::int64_t count, std::int64_t channels = 3, std::int64_t side = 8) {
  ImageSet set;
  set.name = "made";
  set.channels = channels;
  set.height = set.width = side;
  base::Random random(7, "pixels");
  for (std::int64_t i = 0; i < count; ++i) {
    set.labels.push_back(i % 5);
    for (std::int64_t p = 0; p < set.image_bytes(); ++p) {
      set.pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
    }
  }
  set.class_names = {"a", "b", "c", "d", "e"};
  set.mean.assign(static_cast<std::size_t>(channels), 0.25f);
  set.std.assign(static_cast<std::size_t>(channels), 0.5f);
  return set;
}

AugmentConfig all_augment() {
  AugmentConfig augment;
  augment.crop_padding = 2;
  augment.flip = true;
  augment.cutout = 3;
  augment.random_resized_crop_scale = 0.3;
  return augment;
}

LoaderConfig training(int workers) {
  LoaderConfig config;
  config.batch_size = 7;
  config.shuffle = true;
  config.augment = all_augment();
  config.seed = 3;
  config.workers = workers;
  return config;
}

std::vector<Batch> epoch_of(Loader& loader, std::int64_t epoch, std::int64_t first = 0) {
  loader.start_epoch(epoch, first);
  std::vector<Batch> batches;
  Batch batch;
  while (loader.next(batch)) batches.push_back(batch);
  return batches;
}

void require_same(const Batch& a, const Batch& b) {
  REQUIRE(a.index == b.index);
  REQUIRE(a.global_size == b.global_size);
  REQUIRE(torch::equal(a.images, b.images));
  REQUIRE(torch::equal(a.labels, b.labels));
}

}  // namespace

TEST_CASE("a loader gives every example once an epoch, in another order the next", "[data]") {
  ImageSet set = make_set(50, 1, 1);
  std::iota(set.pixels.begin(), set.pixels.end(), std::uint8_t{0});
  LoaderConfig config;
  config.batch_size = 8;
  config.shuffle = true;
  config.workers = 2;
  Loader loader(set, config);
  REQUIRE(loader.batches_per_epoch() == 7);
  std::vector<std::vector<int>> orders;
  for (int epoch : {0, 1, 0}) {
    std::vector<int> order;
    for (const Batch& batch : epoch_of(loader, epoch)) {
      for (std::int64_t i = 0; i < batch.labels.size(0); ++i) {
        const int example = static_cast<int>(std::lround((batch.images[i].item<float>() * 0.5 + 0.25) * 255));
        REQUIRE(batch.labels[i].item<std::int64_t>() == example % 5);
        order.push_back(example);
      }
    }
    orders.push_back(order);
  }
  REQUIRE(orders[0] != orders[1]);
  REQUIRE(orders[0] == orders[2]);
  std::sort(orders[1].begin(), orders[1].end());
  for (int i = 0; i < 50; ++i) REQUIRE(orders[1][static_cast<std::size_t>(i)] == i);
}

TEST_CASE("batches are the same bytes for any number of workers and after a resume", "[data]") {
  const ImageSet set = make_set(60);
  Loader alone(set, training(0));
  const std::vector<Batch> expected = epoch_of(alone, 4);
  REQUIRE(expected.size() == 9);
  for (int workers : {0, 1, 2, 5}) {
    Loader loader(set, training(workers));
    const std::vector<Batch> batches = epoch_of(loader, 4);
    REQUIRE(batches.size() == expected.size());
    for (std::size_t b = 0; b < batches.size(); ++b) require_same(batches[b], expected[b]);
    for (std::int64_t first = 0; first <= 9; ++first) {
      const std::vector<Batch> rest = epoch_of(loader, 4, first);
      REQUIRE(rest.size() == expected.size() - static_cast<std::size_t>(first));
      for (std::size_t b = 0; b < rest.size(); ++b) {
        require_same(rest[b], expected[b + static_cast<std::size_t>(first)]);
      }
    }
  }
}

TEST_CASE("the slices of two ranks join to the batches of one process", "[data]") {
  for (bool drop_last : {false, true}) {
    const ImageSet set = make_set(61);
    LoaderConfig whole = training(0);
    whole.batch_size = 14;
    whole.drop_last = drop_last;
    Loader alone(set, whole);
    const std::vector<Batch> expected = epoch_of(alone, 1);
    REQUIRE(expected.size() == (drop_last ? 4u : 5u));
    std::vector<std::vector<Batch>> ranks;
    for (int rank : {0, 1}) {
      LoaderConfig slice = training(rank);
      slice.drop_last = drop_last;
      slice.rank = rank;
      slice.world = 2;
      Loader loader(set, slice);
      ranks.push_back(epoch_of(loader, 1));
      REQUIRE(ranks.back().size() == expected.size());
    }
    for (std::size_t b = 0; b < expected.size(); ++b) {
      Batch joined = ranks[0][b];
      joined.images = torch::cat({ranks[0][b].images, ranks[1][b].images});
      joined.labels = torch::cat({ranks[0][b].labels, ranks[1][b].labels});
      require_same(joined, expected[b]);
    }
  }
}

TEST_CASE("channels-last batches hold the same values", "[data]") {
  const ImageSet set = make_set(20);
  LoaderConfig config = training(1);
  Loader plain(set, config);
  config.channels_last = true;
  Loader last(set, config);
  const auto a = epoch_of(plain, 0), b = epoch_of(last, 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    require_same(a[i], b[i]);
    REQUIRE(b[i].images.is_contiguous(torch::MemoryFormat::ChannelsLast));
  }
}

TEST_CASE("without augmentation images are the normalised pixels", "[data]") {
  ImageSet set = make_set(6);
  set.mean = {0.1f, 0.2f, 0.3f};
  set.std = {0.5f, 0.6f, 0.7f};
  LoaderConfig config;
  config.batch_size = 6;
  Loader loader(set, config);
  const Batch batch = epoch_of(loader, 0).at(0);
  const auto bytes = torch::from_blob(set.pixels.data(), {6, 3, 8, 8}, torch::kUInt8).to(torch::kFloat64);
  const auto mean = torch::tensor({0.1, 0.2, 0.3}, torch::kFloat64).view({1, 3, 1, 1});
  const auto std = torch::tensor({0.5, 0.6, 0.7}, torch::kFloat64).view({1, 3, 1, 1});
  const auto expected = (bytes / 255 - mean) / std;
  REQUIRE((batch.images - expected).abs().max().item<double>() < 1e-6);
}

TEST_CASE("a loader that is left early leaves no thread and can be moved to another epoch", "[data]") {
  const ImageSet set = make_set(200);
  for (int round = 0; round < 50; ++round) {
    Loader loader(set, training(3));
    Batch batch;
    loader.start_epoch(round);
    REQUIRE(loader.next(batch));
    loader.start_epoch(round + 1, 2);
    REQUIRE(loader.next(batch));
    REQUIRE(batch.index == 2);
  }
}

TEST_CASE("an error while a batch is made reaches the one who asks for it", "[data]") {
  ImageSet set = make_set(20);
  const std::vector<std::uint8_t> pixels = std::move(set.pixels);
  set.pixels.clear();
  set.decode = [&](std::int64_t i, std::uint8_t* out) {
    if (i == 9) throw std::runtime_error("image 9 is damaged");
    std::copy_n(pixels.data() + i * set.image_bytes(), set.image_bytes(), out);
  };
  for (int workers : {0, 2}) {
    LoaderConfig config;
    config.batch_size = 4;
    config.workers = workers;
    Loader loader(set, config);
    loader.start_epoch(0);
    Batch batch;
    REQUIRE(loader.next(batch));
    REQUIRE(loader.next(batch));
    REQUIRE_THROWS_WITH(loader.next(batch), "image 9 is damaged");
    REQUIRE(loader.next(batch));
    REQUIRE(batch.index == 3);
  }
}

TEST_CASE("resizing gives what torch's antialiased bilinear gives", "[data]") {
  const ImageSet set = make_set(1, 3, 37);
  const auto input =
      torch::from_blob(const_cast<std::uint8_t*>(set.pixels.data()), {1, 3, 37, 37}, torch::kUInt8)
          .to(torch::kFloat32);
  for (std::int64_t side : {1, 8, 20, 37, 50}) {
    std::vector<std::uint8_t> out(static_cast<std::size_t>(3 * side * side));
    resize(set.pixels.data(), 3, 37, 37, {0, 0, 37, 37}, side, side, out.data());
    const auto ours = torch::from_blob(out.data(), {1, 3, side, side}, torch::kUInt8).to(torch::kFloat32);
    const auto expected = at::_upsample_bilinear2d_aa(input, {side, side}, false);
    REQUIRE((ours - expected).abs().max().item<float>() < 0.51f);
  }
}
