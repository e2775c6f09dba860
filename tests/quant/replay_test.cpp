// Latent replay: where a network can be cut, that a replayed activation is learnt bit for bit as its image,
// and which examples a full buffer keeps.
#include "quant/replay_buffer.h"

#include <algorithm>
#include <numeric>

#include "base/random.h"
#include "quant/cut.h"
#include "quant/trainer.h"
#include "sparse/scheme.h"
#include "support/message_of.h"
#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;

namespace {

std::vector<std::string> names_of(const ir::Graph& graph, const std::vector<quant::Cut>& cuts) {
  std::vector<std::string> names;
  for (const quant::Cut& cut : cuts) names.push_back(graph.tensor(cut.value).name);
  return names;
}

ir::NodeId node_named(const ir::Graph& graph, const std::string& name) {
  for (ir::NodeId n = 0; n < ir::whole(graph).end; ++n) {
    if (graph.name_of(graph.nodes[static_cast<std::size_t>(n)]) == name) return n;
  }
  return ir::none;
}

std::vector<std::int64_t> count_of(const quant::ReplayBuffer& buffer, std::size_t classes) {
  std::vector<std::int64_t> count(classes, 0);
  for (std::size_t i = 0; i < buffer.size(); ++i) ++count[static_cast<std::size_t>(buffer.label(i))];
  return count;
}

// Activations of two numbers that say the class and the number of the example.
void offer(quant::ReplayBuffer& buffer, std::int32_t label, int number) {
  const std::vector<std::int8_t> values{static_cast<std::int8_t>(label),
                                        static_cast<std::int8_t>(number % 100)};
  buffer.offer(values, label);
}

}  // namespace

TEST_CASE("a network is cut where one value carries all", "[quant]") {
  const ir::Model model = test::tiny_int8_model(1);
  const ir::Graph& graph = model.graph;
  // "expand", "depth" and "project" are passed by the residual, "features" is in float.
  CHECK(names_of(graph, quant::cuts(graph)) ==
        std::vector<std::string>{"image", "stem", "sum", "pool", "flat"});
  const ir::NodeId expand = node_named(graph, "expand"), head = node_named(graph, "head");
  const auto chosen = [&](const std::string& layer, ir::NodeId trained) {
    return graph.tensor(quant::choose_cut(graph, layer, trained, "replay.layer").value).name;
  };
  // [1, 2, 6, 5] are 60 bytes, [1, 6, 3, 3] are 54, the pool 6.
  CHECK(chosen("auto", expand) == "stem");
  CHECK(chosen("auto", head) == "flat");
  CHECK(chosen("auto", node_named(graph, "stem")) == "image");
  CHECK(chosen("sum", head) == "sum");
  const auto refused = [&](const std::string& layer, ir::NodeId trained) {
    return test::message_of([&] { quant::choose_cut(graph, layer, trained, "replay.layer"); });
  };
  CHECK(refused("sum", expand).find("'expand' below it is trained") != std::string::npos);
  CHECK(refused("depth", head).find("another branch passes it by") != std::string::npos);
  CHECK(refused("stemm", head).find("names no layer of the network: 'stemm'") != std::string::npos);
}

TEST_CASE("a replayed activation is learnt bit for bit as its image", "[quant]") {
  const ir::Model model = test::tiny_int8_model(2);
  const quant::Samples samples = test::tiny_samples(1, 30);
  const auto trained = sparse::trained_layers(model, sparse::scheme_named("last:3", model.graph));
  const std::vector<std::size_t> fresh{3, 11}, old{5, 20, 7};
  for (const std::string layer : {"image", "stem"}) {
    INFO(layer);
    quant::TrainerConfig config;
    config.momentum = 0.5;
    config.threads = 3;
    quant::Trainer images(model, trained, config, "tiny"), replays(model, trained, config, "tiny");
    quant::Replay replay;
    replay.cut = quant::choose_cut(model.graph, layer, trained.front().node, "replay.layer");
    const std::vector<std::int8_t> kept = replays.activations(samples, old, replay.cut);
    const std::size_t each = kept.size() / old.size();
    CHECK(each == static_cast<std::size_t>(ir::bytes(model.graph.tensor(replay.cut.value))));
    for (std::size_t i = 0; i < old.size(); ++i) {
      replay.activations.push_back(std::span(kept).subspan(i * each, each));
      replay.labels.push_back(samples.labels[old[i]]);
    }
    std::vector<std::size_t> all = fresh;
    all.insert(all.end(), old.begin(), old.end());
    for (int step = 0; step < 4; ++step) {
      const double one = images.step(samples, all, 0.05);
      CHECK(replays.step(samples, fresh, 0.05, &replay) == one);
    }
    CHECK(images.model().data == replays.model().data);
    CHECK(replay.fresh == replays.activations(samples, fresh, replay.cut));
  }
}

TEST_CASE("a full buffer keeps classes in balance, by seed alone", "[quant]") {
  const auto filled = [](std::uint64_t seed) {
    quant::ReplayBuffer buffer({seed, 12, 2, 4});
    for (int i = 0; i < 40; ++i) offer(buffer, i % 2, i);
    for (int i = 0; i < 100; ++i) offer(buffer, 2, i);
    return buffer;
  };
  quant::ReplayBuffer buffer = filled(1);
  CHECK(count_of(buffer, 4) == std::vector<std::int64_t>{4, 4, 4, 0});
  for (std::size_t i = 0; i < buffer.size(); ++i) CHECK(buffer.activation(i)[0] == buffer.label(i));
  CHECK(filled(1).state() == buffer.state());
  CHECK(filled(2).state().values != buffer.state().values);
  // What is kept of the third class is of all that came, not the first or the last.
  double mean = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const quant::ReplayBuffer other = filled(seed);
    for (std::size_t i = 0; i < other.size(); ++i) {
      if (other.label(i) == 2) mean += other.activation(i)[1] / 400.0;
    }
  }
  CHECK(mean == Approx(49.5).margin(6));
  // A class that comes late gets its share, from the others.
  for (int i = 0; i < 100; ++i) offer(buffer, 3, i);
  CHECK(count_of(buffer, 4) == std::vector<std::int64_t>{3, 3, 3, 3});
  CHECK(buffer.size() == 12);
}

TEST_CASE("a buffer keeps what the reservoir of base/random.h's numbers keeps", "[quant]") {
  // The algorithm once more, on labels and numbers alone.
  constexpr std::size_t capacity = 9;
  constexpr std::int32_t classes = 5;
  quant::ReplayBuffer buffer({11, capacity, 2, classes});
  std::vector<std::pair<std::int32_t, int>> kept;
  std::vector<std::int64_t> seen(classes, 0), large(classes, 0);
  base::Random labels(3, "labels");
  for (int i = 0; i < 3000; ++i) {
    const auto label = static_cast<std::int32_t>(labels.below(labels.below(classes) + 1));
    offer(buffer, label, i);
    base::Random random(11, "reservoir " + std::to_string(i));
    const auto c = static_cast<std::size_t>(label);
    ++seen[c];
    const auto count = [&](std::int32_t of) {
      return std::count_if(kept.begin(), kept.end(), [&](const auto& one) { return one.first == of; });
    };
    if (kept.size() < capacity) {
      kept.emplace_back(label, i % 100);
    } else {
      std::vector<std::int32_t> largest;
      for (std::int32_t k = 0; k < classes; ++k) {
        if (!largest.empty() && count(k) > count(largest[0])) largest.clear();
        if (largest.empty() || count(k) == count(largest[0])) largest.push_back(k);
      }
      for (const std::int32_t k : largest) large[static_cast<std::size_t>(k)] = 1;
      std::int32_t from = label;
      bool taken = true;
      if (large[c] == 0) {
        from = largest[random.below(largest.size())];
      } else {
        taken = random.uniform() * static_cast<double>(seen[c]) < static_cast<double>(count(label));
      }
      if (taken) {
        std::vector<std::size_t> places;
        for (std::size_t k = 0; k < kept.size(); ++k)
          if (kept[k].first == from) places.push_back(k);
        kept[places[random.below(places.size())]] = {label, i % 100};
      }
    }
    REQUIRE(buffer.size() == kept.size());
    for (std::size_t k = 0; k < kept.size(); ++k) {
      REQUIRE(buffer.label(k) == kept[k].first);
      REQUIRE(buffer.activation(k)[1] == kept[k].second);
    }
    REQUIRE(buffer.state().seen == seen);
    REQUIRE(buffer.state().large == large);
  }
  const ops_replay how{11, capacity, 2, classes};
  for (std::uint32_t step = 0; step < 200; ++step)
    CHECK(ops_replay_draw(&how, buffer.memory().data(), step) ==
          static_cast<std::int32_t>(buffer.draw(1, step).front()));
}

TEST_CASE("a buffer of more than 256 classes has two bytes for each", "[quant]") {
  quant::ReplayBuffer buffer({1, 3, 2, 300});
  for (const std::int32_t label : {299, 256, 5}) offer(buffer, label, 7);
  CHECK(buffer.memory().size() == 300 * 4 + 3 * 2 + 3 * 2 + 300);
  CHECK(buffer.label(0) == 299);
  CHECK(buffer.label(1) == 256);
  CHECK(buffer.label(2) == 5);
}

TEST_CASE("a draw takes different examples, each as often, and a saved buffer goes on as it was", "[quant]") {
  quant::ReplayBuffer buffer({3, 6, 2, 2});
  CHECK(buffer.draw(4, 0).empty());
  for (int i = 0; i < 6; ++i) offer(buffer, i % 2, i);
  std::vector<int> times(6, 0);
  for (std::int64_t step = 0; step < 300; ++step) {
    std::vector<std::size_t> drawn = buffer.draw(4, step);
    std::sort(drawn.begin(), drawn.end());
    CHECK(std::adjacent_find(drawn.begin(), drawn.end()) == drawn.end());
    for (const std::size_t i : drawn) ++times[i];
  }
  for (const int count : times) CHECK(count == Approx(200).margin(35));
  CHECK(buffer.draw(9, 1).size() == 6);

  quant::ReplayBuffer other({3, 6, 2, 2});
  other.restore(buffer.state());
  for (int i = 0; i < 50; ++i) {
    offer(buffer, i % 3 == 0, i);
    offer(other, i % 3 == 0, i);
  }
  CHECK(other.state() == buffer.state());
  CHECK(other.draw(3, 7) == buffer.draw(3, 7));
}
