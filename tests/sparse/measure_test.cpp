// Contributions measured by trainings that are made up: gains, failures, threads, and going on after a stop.
#include "sparse/measure.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "support/message_of.h"
#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;
using Kind = sparse::Part::Kind;

namespace {

struct Folder {
  std::string path =
      std::filesystem::temp_directory_path() / ("frugal-measure-" + std::to_string(::getpid()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

sparse::ContributionSetup setup() {
  sparse::ContributionSetup made;
  made.network = "tiny";
  made.layers = made.bias_base = 4;
  made.fractions = {0.5, 1};
  return made;
}

// Two repeats, 0.4 and 0.6 plus what is trained.
std::vector<double> accuracies(const sparse::UpdateScheme& scheme) {
  double gain = 0.01 * static_cast<double>(scheme.bias_layers);
  for (const auto& weights : scheme.weights)
    gain += 0.05 * weights.fraction * static_cast<double>(weights.layer);
  return {0.4 + gain, 0.6 + gain};
}

}  // namespace

TEST_CASE("gains are measured against the head and the biases, in one order for any threads", "[sparse]") {
  const Folder folder;
  const sparse::ExtraMemory memory(test::tiny_int8_model(1).graph);
  for (const std::size_t threads : {1U, 3U}) {
    const std::string path = folder.path + "/c" + std::to_string(threads);
    const sparse::Contributions made =
        sparse::measure_contributions(memory, setup(), accuracies, {path, threads, false, true});
    CHECK(made.entries.size() == sparse::training_count(memory, setup()));
    CHECK(sparse::missing_parts(made, memory).empty());
    CHECK(made.find({})->accuracy == Approx(0.5));
    CHECK(made.find({Kind::bias, 3, 0})->gain == Approx(0.03));
    CHECK(made.find({Kind::weights, 2, 0.5})->gain == Approx(0.05));
    CHECK(made.find({Kind::weights, 2, 0.5})->accuracy == Approx(0.59));
  }
  CHECK(base::read_text(folder.path + "/c1") == base::read_text(folder.path + "/c3"));
}

TEST_CASE("a measurement that was stopped goes on and ends in the same bytes", "[sparse]") {
  const Folder folder;
  const sparse::ExtraMemory memory(test::tiny_int8_model(1).graph);
  const std::string whole = folder.path + "/whole", path = folder.path + "/c";
  sparse::measure_contributions(memory, setup(), accuracies, {whole, 1, false, true});
  std::atomic<int> trained = 0;
  const sparse::Train stopping = [&](const sparse::UpdateScheme& scheme) {
    if (++trained == 5) throw base::Interrupted(15);
    return accuracies(scheme);
  };
  CHECK_THROWS_AS(sparse::measure_contributions(memory, setup(), stopping, {path, 1, false, true}),
                  base::Interrupted);
  CHECK(test::message_of([&] {
          sparse::measure_contributions(memory, setup(), accuracies, {path, 1, false, true});
        }) == path + ": is there already");
  // A line that a killed process did not end.
  const std::string text = base::read_text(path);
  base::write_text(path, text + R"({"kind":"bias","lay)");
  sparse::measure_contributions(memory, setup(), stopping, {path, 1, true, true});
  CHECK(base::read_text(path) == base::read_text(whole));
  CHECK(trained == 5 + static_cast<int>(sparse::training_count(memory, setup())) - 4);

  sparse::ContributionSetup other = setup();
  other.config = R"({"epochs":3})";
  CHECK(test::message_of([&] {
          sparse::measure_contributions(memory, other, accuracies, {path, 1, true, true});
        }) == path + ": was measured with another config or network");
}

TEST_CASE("a training that diverges is a failed part, and so is what is measured against it", "[sparse]") {
  const Folder folder;
  const sparse::ExtraMemory memory(test::tiny_int8_model(1).graph);
  const auto measured = [&](const std::string& name, const sparse::Train& train) {
    return sparse::measure_contributions(memory, setup(), train, {folder.path + "/" + name, 2, false, true});
  };
  const sparse::Contributions one = measured("one", [](const sparse::UpdateScheme& scheme) {
    if (!scheme.weights.empty() && scheme.weights[0].layer == 1)
      throw base::Failure("the loss is no finite number");
    return accuracies(scheme);
  });
  CHECK(one.find({Kind::weights, 1, 1})->failed == "the loss is no finite number");
  CHECK(one.find({Kind::weights, 2, 1})->failed.empty());
  const sparse::Contributions all = measured("all", [](const sparse::UpdateScheme& scheme) {
    if (scheme.bias_layers == 4 && scheme.weights.empty()) throw base::Failure("diverged");
    return accuracies(scheme);
  });
  CHECK(all.find({Kind::weights, 2, 1})->failed == "what it is measured against failed");
  CHECK(sparse::read_contributions(folder.path + "/all").entries.size() == all.entries.size());
}
