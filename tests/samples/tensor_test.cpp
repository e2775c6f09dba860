// Tensor files: what is read of them, which samples a split holds, and what is refused.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "base/file.h"
#include "checkpoint/safetensors.h"
#include "samples/tensor_set.h"
#include "support/message_of.h"
#include "support/test.h"

using namespace frugal;
using namespace frugal::samples;
using Catch::Matchers::Contains;
using checkpoint::DType;
using Dims = std::vector<std::int64_t>;
using Labels = std::vector<std::int32_t>;

namespace {

// 24 samples of 2 channels and 3 numbers; class i % 3, group i / 8; number k of sample i is 10 i + k.
struct File {
  static constexpr int count = 24;
  std::vector<float> inputs;
  Dims shape{count, 2, 3};
  Labels labels, groups;
  std::optional<Labels> split;
  std::string class_names;
  DType input_type = DType::f32;

  File() {
    for (int i = 0; i < count; ++i) {
      for (int k = 0; k < 6; ++k) inputs.push_back(static_cast<float>(10 * i + k));
      labels.push_back(i % 3);
      groups.push_back(i / 8);
    }
  }

  std::string write(const test::TempDir& dir) const {
    const std::string path = dir / "a.safetensors";
    const auto column = [](const Labels& values) { return Dims{static_cast<std::int64_t>(values.size())}; };
    std::vector<checkpoint::SafetensorsWriter::Entry> entries{{"inputs", input_type, shape}};
    if (!labels.empty()) entries.push_back({"labels", DType::i32, column(labels)});
    if (!groups.empty()) entries.push_back({"groups", DType::i32, column(groups)});
    if (split) entries.push_back({"split", DType::i32, column(*split)});
    checkpoint::Metadata metadata;
    if (!class_names.empty()) metadata["class_names"] = class_names;
    checkpoint::SafetensorsWriter writer(path, entries, metadata);
    if (input_type == DType::f32) {
      writer.append(inputs.data(), inputs.size() * sizeof(float));
    } else {
      for (const float value : inputs) {
        const auto narrow = static_cast<std::int32_t>(value);
        writer.append(&narrow, checkpoint::size_of(input_type));
      }
    }
    for (const Labels* values : {&labels, &groups, split ? &*split : nullptr}) {
      if (values != nullptr && !values->empty()) writer.append(values->data(), 4 * values->size());
    }
    writer.finish();
    return path;
  }
};

std::string refusal(const File& file) {
  const test::TempDir dir;
  const std::string path = file.write(dir);
  return test::message_of([&] { const TensorFile read(path); });
}

std::set<std::size_t> places(const TensorChoice& choice, Split split) {
  const TensorSet set = open_tensors(choice, split);
  REQUIRE(std::is_sorted(set.places.begin(), set.places.end()));
  REQUIRE(set.places.size() == set.labels.size());
  return {set.places.begin(), set.places.end()};
}

}  // namespace

TEST_CASE("a tensor file gives its numbers, classes and groups", "[samples]") {
  const test::TempDir dir;
  File file;
  file.class_names = R"(["a", "b", "c"])";
  for (const DType type : {DType::f32, DType::i32, DType::u8, DType::i8}) {
    file.input_type = type;
    for (float& x : file.inputs) x = type == DType::i8 ? std::fmod(x, 100.0F) - 50 : x;
    const TensorFile read(file.write(dir));
    REQUIRE(read.size() == 24);
    REQUIRE(read.shape() == Dims{2, 3});
    REQUIRE(read.class_names() == std::vector<std::string>{"a", "b", "c"});
    std::vector<float> values(6);
    read.read(23, values.data());
    REQUIRE(std::equal(values.begin(), values.end(), file.inputs.begin() + 23 * 6));
  }
}

TEST_CASE("splits of a tensor file are its own, or cut by seed", "[samples]") {
  const test::TempDir dir;
  TensorChoice choice;
  choice.path = File().write(dir);
  choice.validation = 0.25;
  const auto train = places(choice, Split::train), held_out = places(choice, Split::validation),
             test = places(choice, Split::test);
  REQUIRE(test.size() == 6);      // a quarter of 24
  REQUIRE(held_out.size() == 5);  // of 18, rounded
  std::set<std::size_t> all = train;
  all.insert(held_out.begin(), held_out.end());
  all.insert(test.begin(), test.end());
  REQUIRE(all.size() == 24);
  REQUIRE(train.size() + held_out.size() + test.size() == 24);
  std::map<std::int64_t, int> of_class;
  for (const std::int64_t label : open_tensors(choice, Split::test).labels) ++of_class[label];
  REQUIRE(of_class == std::map<std::int64_t, int>{{0, 2}, {1, 2}, {2, 2}});
  choice.seed = 1;
  REQUIRE(places(choice, Split::test) != test);

  // Marked: 0 to 11 train, 12 to 17 validate, 18 to 23 test.
  File file;
  file.split = Labels(24);
  for (int i = 0; i < 24; ++i) (*file.split)[static_cast<std::size_t>(i)] = i < 12 ? 0 : i < 18 ? 1 : 2;
  choice.path = file.write(dir);
  REQUIRE(places(choice, Split::train).size() == 12);
  REQUIRE(places(choice, Split::validation) == std::set<std::size_t>{12, 13, 14, 15, 16, 17});
  REQUIRE(places(choice, Split::test) == std::set<std::size_t>{18, 19, 20, 21, 22, 23});
  choice.fraction = 0.5;
  REQUIRE(places(choice, Split::train).size() == 6);
  choice.fraction = 1;
  // None marked to validate: a share of the training samples.
  for (std::int32_t& mark : *file.split) mark = mark == 1 ? 0 : mark;
  choice.path = file.write(dir);
  REQUIRE(places(choice, Split::validation).size() == 5);
  REQUIRE(places(choice, Split::train).size() == 13);
}

TEST_CASE("groups and classes of a tensor file are chosen", "[samples]") {
  const test::TempDir dir;
  TensorChoice choice;
  choice.path = File().write(dir);
  choice.groups = {2, 0};
  choice.classes = {"2", "1"};
  choice.validation = 0;
  const TensorSet train = open_tensors(choice, Split::train), test = open_tensors(choice, Split::test);
  REQUIRE(train.class_names == std::vector<std::string>{"2", "1"});
  REQUIRE(train.places.size() + test.places.size() == 11);
  for (const TensorSet* set : {&train, &test}) {
    for (std::size_t i = 0; i < set->places.size(); ++i) {
      REQUIRE(set->places[i] / 8 != 1);
      REQUIRE(set->labels[i] == (set->places[i] % 3 == 2 ? 0 : 1));
    }
  }
  const auto refused = [&] { return test::message_of([&] { open_tensors(choice, Split::train); }); };
  choice.groups = {0, 5};
  REQUIRE_THAT(refused(), Contains("/data/groups/1: is no group of") && Contains("a.safetensors: 5"));
  choice.groups = {0, 1, 0};
  REQUIRE_THAT(refused(), Contains("/data/groups/2: names group 0 again"));
  choice.groups = {};
  choice.classes = {"0", "7"};
  REQUIRE_THAT(refused(), Contains("/data/classes/1: is no class: '7'"));
  choice.classes = {};
  choice.path = "";
  REQUIRE_THAT(refused(), Contains("/data/path: data of kind 'tensors' needs a path"));
  choice.path = dir / "none.safetensors";
  REQUIRE_THAT(refused(), Contains("none.safetensors"));

  File file;
  file.groups.clear();
  choice.path = file.write(dir);
  choice.groups = {1};
  REQUIRE_THAT(refused(), Contains("/data/groups: chooses groups") && Contains("has no tensor 'groups'"));
  choice.groups = {};
  REQUIRE_THAT(test::message_of([&] { open_tensors(choice, Split::validation); }),
               Contains("/data/validation: is 0"));
  // A group without one of the classes.
  for (int i = 0; i < 24; ++i) file.groups.push_back(file.labels[static_cast<std::size_t>(i)] == 1 ? 1 : 0);
  choice.path = file.write(dir);
  choice.groups = {0};
  REQUIRE_THAT(refused(), Contains("the train split holds no sample of class '1'"));
  choice.groups = {};
  file.split = Labels(24, 2);
  choice.path = file.write(dir);
  REQUIRE_THAT(refused(), Contains("the train split holds no sample"));
}

TEST_CASE("wrong tensor files are refused with tensor and sample", "[samples]") {
  File file;
  file.inputs[4 * 6 + 2] = std::nanf("");
  REQUIRE_THAT(refusal(file), Contains("a.safetensors:inputs: holds nan at place 2 of sample 4"));
  file.inputs[4 * 6 + 2] = INFINITY;
  REQUIRE_THAT(refusal(file), Contains("holds inf"));
  file = File();
  file.labels[7] = -1;
  REQUIRE_THAT(refusal(file), Contains(":labels: is -1 for sample 7"));
  file.labels[7] = 70000;
  REQUIRE_THAT(refusal(file), Contains(":labels: is 70000 for sample 7"));
  file.labels[7] = 5;
  REQUIRE_THAT(refusal(file), Contains(":labels: names no sample of class 3, but one of class 5"));
  file.labels.assign(24, 0);
  REQUIRE_THAT(refusal(file), Contains(":labels: is 0 for every sample"));
  file.labels.assign(23, 0);
  REQUIRE_THAT(refusal(file), Contains(":labels: has the shape [23] for inputs of [24, 2, 3]"));
  file.labels.clear();
  REQUIRE_THAT(refusal(file), Contains("has no tensor 'labels'"));
  file = File();
  file.split = Labels(24, 0);
  (*file.split)[3] = 3;
  REQUIRE_THAT(refusal(file), Contains(":split: is 3 for sample 3"));
  file = File();
  file.shape = {144};
  REQUIRE_THAT(refusal(file), Contains(":inputs: has the shape [144]"));
  file.shape = {24, 0, 3};
  file.inputs.clear();
  REQUIRE_THAT(refusal(file), Contains(":inputs: holds no sample"));
  file = File();
  file.input_type = DType::i32;
  file.inputs[0] = 1 << 25;
  REQUIRE_THAT(refusal(file), Contains(":inputs: holds 33554432 at place 0 of sample 0"));
  file.inputs[0] = 0;
  file.input_type = DType::i16;
  REQUIRE_THAT(refusal(file), Contains(":inputs: is I16"));
  file = File();
  for (const char* names : {R"(["a", "b"])", R"(["a", "b", 3])", "{", "[[[["}) {
    file.class_names = names;
    REQUIRE_THAT(refusal(file), Contains("class_names: is no JSON list of 3 texts"));
  }
}

TEST_CASE("a tensor file cut anywhere is refused", "[samples]") {
  const test::TempDir dir;
  const std::string path = File().write(dir), whole = base::read_text(path);
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    test::write_text(dir / "cut.safetensors", whole.substr(0, size));
    REQUIRE_THAT(test::message_of([&] { const TensorFile read(dir / "cut.safetensors"); }),
                 Contains("cut.safetensors"));
  }
}
