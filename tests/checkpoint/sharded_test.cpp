#include "checkpoint/sharded.h"

#include <cstring>
#include <thread>

#include "base/error.h"
#include "support/test.h"

using namespace frugal;
using checkpoint::DType;
using checkpoint::ShardedFile;
using checkpoint::ShardedWriter;

TEST_CASE("shards are filled in order and read as one") {
  test::TempDir dir;
  const std::vector<float> values = {1, 2, 3, 4, 5, 6, 7, 8};
  ShardedWriter writer(dir / ".", {{"a", DType::f32, {2}}, {"b", DType::f32, {4}}, {"c", DType::f32, {2}}},
                       16);
  writer.append(values.data(), 12);  // pieces need not end where tensors or shards do
  REQUIRE(!std::filesystem::exists(dir / "model.safetensors.index.json"));
  writer.append(values.data() + 3, 20);
  writer.finish();
  const ShardedFile file(dir / ".");
  REQUIRE(file.shard_count() == 3);
  REQUIRE(file.tensors().size() == 3);
  REQUIRE(std::memcmp(file.find("b")->bytes().data(), values.data() + 2, 16) == 0);
  REQUIRE(std::memcmp(file.find("c")->bytes().data(), values.data() + 6, 8) == 0);
  REQUIRE(file.find("d") == nullptr);
}

TEST_CASE("a tensor in parts is the same whichever comes first, between tensors that are appended") {
  for (const std::uint64_t shard : {0, 16}) {
    test::TempDir dir;
    const std::vector<float> values = {1, 2, 3, 4, 5, 6, 7, 8};
    ShardedWriter writer(dir / ".", {{"a", DType::f32, {2}}, {"b", DType::f32, {4}}, {"c", DType::f32, {2}}},
                         shard);
    writer.append(values.data(), 8);
    const ShardedWriter::Parts parts = writer.in_parts(16);
    std::jthread last([&] { parts.put(8, values.data() + 4, 8); });
    writer.append(values.data() + 6, 8);
    parts.put(0, values.data() + 2, 8);
    last.join();
    writer.finish();
    const ShardedFile file(dir / ".");
    std::size_t at = 0;
    for (const char* name : {"a", "b", "c"}) {
      const auto bytes = file.find(name)->bytes();
      REQUIRE(std::memcmp(bytes.data(), values.data() + at, bytes.size()) == 0);
      at += bytes.size() / sizeof(float);
    }
  }
}

TEST_CASE("one file where shards have no limit, and nothing where the writer was not finished") {
  test::TempDir dir;
  const float value = 1;
  { ShardedWriter writer(dir / ".", {{"a", DType::f32, {1}}}, 0); }
  REQUIRE_THROWS_AS(ShardedFile(dir / "."), base::UserError);
  ShardedWriter writer(dir / ".", {{"a", DType::f32, {1}}}, 0);
  writer.append(&value, 4);
  writer.finish();
  REQUIRE(std::filesystem::exists(dir / "model.safetensors"));
  REQUIRE(ShardedFile(dir / ".").shard_count() == 1);
}

TEST_CASE("weights of an earlier write do not stay beside new ones") {
  test::TempDir dir;
  const std::vector<float> values = {1, 2, 3};
  for (const std::uint64_t shard : {8, 0, 4, 0}) {
    ShardedWriter writer(dir / ".", {{"a", DType::f32, {2}}, {"b", DType::f32, {1}}}, shard);
    writer.append(values.data(), 12);
    writer.finish();
    REQUIRE(ShardedFile(dir / ".").shard_count() == (shard == 0 ? 1 : 2));
  }
  REQUIRE(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
}

TEST_CASE("an index that is none is refused with the place") {
  const auto error = [](const std::string& text) {
    try {
      checkpoint::parse_index(text, "i.json");
    } catch (const base::UserError& wrong) {
      return std::string(wrong.what());
    }
    return std::string();
  };
  REQUIRE(error("{") == "i.json: is not a JSON object");
  REQUIRE(error("{}") == "i.json:/weight_map: is missing or no object");
  REQUIRE(error(R"({"weight_map": {}})") == "i.json:/weight_map: names no tensor");
  REQUIRE(error(R"({"weight_map": {"a": 1}})") == "i.json:/weight_map/a: must be the name of a file, got 1");
  REQUIRE(error(R"({"weight_map": {"a": "../b"}})") ==
          "i.json:/weight_map/a: names a file outside the folder: '../b'");
  REQUIRE(error(R"({"weight_map": {"a": "b.safetensors"}})").empty());
}
