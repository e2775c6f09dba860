// Latent replay: where a network can be cut, that a replayed activation is learnt bit for bit as its image,
// and which examples a full buffer keeps.
#include "quant/replay_buffer.h"

#include <algorithm>
#include <numeric>

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
    quant::ReplayBuffer buffer(12, 2, 4, seed);
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

TEST_CASE("a draw takes different examples, each as often, and a saved buffer goes on as it was", "[quant]") {
  quant::ReplayBuffer buffer(6, 2, 2, 3);
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

  quant::ReplayBuffer other(6, 2, 2, 3);
  other.restore(buffer.state());
  for (int i = 0; i < 50; ++i) {
    offer(buffer, i % 3 == 0, i);
    offer(other, i % 3 == 0, i);
  }
  CHECK(other.state() == buffer.state());
  CHECK(other.draw(3, 7) == buffer.draw(3, 7));
}
