#include "checkpoint/safetensors.h"

#include <cstring>

#include "base/error.h"
#include "support/test.h"

using namespace frugal;
using checkpoint::DType;
using checkpoint::SafetensorsFile;
using checkpoint::SafetensorsWriter;

namespace {

std::string file_of(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string text(8, '\0');
  std::memcpy(text.data(), &length, 8);
  return text + header + data;
}

std::string error_of(const std::string& content) {
  test::TempDir dir;
  test::write_text(dir / "w.safetensors", content);
  try {
    SafetensorsFile file(dir / "w.safetensors");
  } catch (const base::UserError& error) {
    const std::string message = error.what();
    return message.substr(message.find("w.safetensors"));
  }
  return "";
}

}  // namespace

TEST_CASE("tensors and metadata come back as written") {
  test::TempDir dir;
  const std::vector<float> a = {1, 2, 3, 4, 5, 6};
  const std::vector<std::int64_t> b = {-7};
  SafetensorsWriter writer(dir / "w.safetensors", {{"b.x", DType::i64, {}}, {"a", DType::f32, {2, 3}}},
                           {{"format", "pt"}});
  writer.append(b.data(), 8);
  writer.append(a.data(), 12);
  writer.append(a.data() + 3, 12);
  writer.finish();
  const SafetensorsFile file(dir / "w.safetensors");
  REQUIRE(file.metadata().at("format") == "pt");
  REQUIRE(file.tensors().size() == 2);
  REQUIRE(file.at("a").shape == std::vector<std::int64_t>{2, 3});
  REQUIRE(std::memcmp(file.bytes(file.at("a")).data(), a.data(), 24) == 0);
  REQUIRE(file.at("b.x").shape.empty());
  REQUIRE_THROWS_AS(file.at("c"), base::UserError);
}

TEST_CASE("an unfinished file is not there") {
  test::TempDir dir;
  { SafetensorsWriter writer(dir / "w.safetensors", {{"a", DType::f32, {2}}}); }
  REQUIRE(!std::filesystem::exists(dir / "w.safetensors"));
}

TEST_CASE("damaged files are refused with the reason") {
  REQUIRE(error_of("abc") == "w.safetensors: has 3 bytes; a safetensors file has at least 8");
  REQUIRE(error_of(file_of("{}", "").substr(0, 9)) ==
          "w.safetensors: says its header has 2 bytes, but 1 follow");
  REQUIRE(error_of(file_of("{]", "")) == "w.safetensors: has a header that is not a JSON object");
  const std::string a = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  REQUIRE(error_of(file_of(a, "12345678")).empty());
  REQUIRE(error_of(file_of(a, "1234")) == "w.safetensors:a: has bytes 0 to 8, but the file holds 4");
  REQUIRE(error_of(file_of(R"({"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}})", "12")) ==
          "w.safetensors:a: has the data type 'F8_E4M3', which is not read here");
  REQUIRE(error_of(file_of(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", "12345678")) ==
          "w.safetensors:a: has 8 bytes, but its shape needs 12");
  REQUIRE(error_of(file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},
                               "b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                           "123")) == "w.safetensors:b: overlaps with a");
  REQUIRE(error_of(file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},
                               "a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                           "12")) == "w.safetensors:a: stands twice");
  for (const char* no_tensor : {R"({"a":5})", R"({"a":[{}]})", R"({"a":{"b":{}}})", R"({"a":{}})"}) {
    REQUIRE(error_of(file_of(no_tensor, "")) ==
            "w.safetensors:a: needs dtype, shape and data_offsets in the header");
  }
  REQUIRE(error_of(file_of(R"({"a":{},"b")", "")) == "w.safetensors: has a header that is not a JSON object");
  REQUIRE(error_of(file_of(R"([{"a":1}])", "")) == "w.safetensors: has a header that is not a JSON object");
  REQUIRE(
      error_of(file_of(R"({"a":{"dtype":"U8","shape":[4611686018427387904,16],"data_offsets":[0,0]}})", ""))
          .find("larger than any file") != std::string::npos);
}
