// The checkpoint of an adaptation comes back as it was, and one that was damaged is refused.
#include "adapt/checkpoint.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoint/safetensors.h"
#include "support/message_of.h"
#include "support/plain_learner.h"
#include "support/test.h"

using namespace frugal;

namespace {

adapt::Progress progress() {
  adapt::Progress progress;
  progress.id = "run";
  progress.step = 3;
  progress.epoch_loss = 0.1;
  progress.before = {1.5, 2, 9};
  progress.stream = {{4, 5}, {{1, 2}}};
  progress.curve.push_back({0, 0.25, 1.5, std::nullopt});
  progress.curve.push_back({1, 0.5, 1.25, 0.75});
  return progress;
}

// Saves, changes the state's JSON, and reads it again: what the reader says of it.
std::string said_of(const std::function<void(nlohmann::json&)>& change) {
  test::TempDir folder;
  test::PlainLearner learner;
  const std::string path = folder / "checkpoint.safetensors", changed = folder / "changed.safetensors";
  adapt::save_checkpoint(path, progress(), learner);
  {
    const checkpoint::SafetensorsFile file(path);
    nlohmann::json state = nlohmann::json::parse(file.metadata().at("state"));
    change(state);
    std::vector<checkpoint::SafetensorsWriter::Entry> entries;
    for (const checkpoint::TensorInfo& tensor : file.tensors())
      entries.push_back({tensor.name, tensor.dtype, tensor.shape});
    checkpoint::SafetensorsWriter writer(changed, entries, {{"state", state.dump()}});
    for (const checkpoint::TensorInfo& tensor : file.tensors()) {
      const auto bytes = file.bytes(tensor);
      writer.append(bytes.data(), bytes.size());
    }
    writer.finish();
  }
  return test::message_of([&] { adapt::load_checkpoint(changed, "run", learner); });
}

}  // namespace

TEST_CASE("an adaptation's checkpoint comes back as it was", "[adapt]") {
  test::TempDir folder;
  test::PlainLearner learner, other;
  const std::vector<std::int8_t> activation{1, 2, 3, 4, 5, 6};
  learner.memory()->offer(activation, std::vector<std::int32_t>{2});
  const std::string path = folder / "checkpoint.safetensors";
  adapt::save_checkpoint(path, progress(), learner);
  const adapt::Progress back = adapt::load_checkpoint(path, "run", other);
  CHECK(back.step == 3);
  CHECK(back.epoch_loss == 0.1);
  CHECK(back.before.count == 9);
  CHECK(back.stream.images == std::vector<std::int64_t>{4, 5});
  CHECK(back.stream.correct == std::vector<std::vector<std::int64_t>>{{1, 2}});
  CHECK(back.curve.size() == 2);
  CHECK_FALSE(back.curve[0].train_loss);
  CHECK(back.curve[1].train_loss == 0.75);
  CHECK(other.memory()->buffer().state() == learner.memory()->buffer().state());
  CHECK(test::message_of([&] { adapt::load_checkpoint(path, "other", other); }).find("another config") !=
        std::string::npos);
}

TEST_CASE("a damaged state of an adaptation is refused with its place", "[adapt]") {
  CHECK(said_of([](nlohmann::json&) {}) == "no error");
  CHECK(said_of([](nlohmann::json& state) { state.erase("step"); }).find("step") != std::string::npos);
  CHECK(said_of([](nlohmann::json& state) { state["step"] = "3"; }).find("/step: must be") !=
        std::string::npos);
  CHECK(said_of([](nlohmann::json& state) { state["before"] = 1; }).find("/before") != std::string::npos);
  CHECK(said_of([](nlohmann::json& state) { state["curve"][1].erase("loss"); }).find("/curve/1") !=
        std::string::npos);
  CHECK(said_of([](nlohmann::json& state) {
          state["replay_seen"] = {0, 0};
        }).find("old examples") != std::string::npos);
  CHECK(said_of([](nlohmann::json& state) { state = {1}; }).find("must be an object") != std::string::npos);
}

TEST_CASE("right answers of another run are refused", "[adapt]") {
  adapt::MethodConfig method;
  method.epochs = 1;
  method.batch_size = 2;
  const adapt::Batches batches({{0, 1, 2, 3}, {4, 5}}, method, 1);  // 2 steps, then 1
  REQUIRE(batches.total_steps() == 3);
  adapt::Progress here = progress();
  const auto said = [&](std::size_t classes) {
    return test::message_of([&] { adapt::check_progress(here, "c", batches, classes); });
  };
  here.step = 1;
  CHECK(said(2) == "no error");
  CHECK(said(3) != "no error");
  CHECK(said(0) != "no error");
  here.step = 2;  // the first task has ended
  CHECK(said(2) != "no error");
  here.stream.correct.push_back({1, 1});
  CHECK(said(2) == "no error");
  here.stream.correct.back().pop_back();
  CHECK(said(2) != "no error");
  here.stream = {};
  CHECK(said(0) == "no error");
  here.step = 4;
  CHECK(said(0) != "no error");
}
