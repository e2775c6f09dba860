// A SentencePiece model, written here as its protocol buffer: which of its tokens are special, and their
// numbers.
#include <string>

#include "base/error.h"
#include "data/tokens/tokenizer.h"
#include "support/test.h"

using namespace frugal;

namespace {

// Fields of a protocol buffer (wire types 0, 2 and 5).
std::string number_field(int field, int value) {
  return {static_cast<char>(field << 3), static_cast<char>(value)};
}
std::string bytes_field(int field, const std::string& bytes) {
  return std::string{static_cast<char>(field << 3 | 2), static_cast<char>(bytes.size())} + bytes;
}
std::string float_field(int field, float value) {
  return std::string{static_cast<char>(field << 3 | 5)} +
         std::string(reinterpret_cast<const char*>(&value), 4);
}

// ModelProto.SentencePiece: piece 1, score 2, type 3 (1 normal, 2 unknown, 3 control).
std::string piece(const std::string& text, float score, int type) {
  return bytes_field(1, bytes_field(1, text) + float_field(2, score) + number_field(3, type));
}

std::unique_ptr<data::Tokenizer> tiny(const test::TempDir& folder) {
  const std::string space = "\xe2\x96\x81";
  const std::string model =
      piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3) + piece("a", -1, 1) +
      piece(space + "b", -1, 1) + piece(space, -2, 1) + piece("b", -2, 1) + piece("<pad>", 0, 3) +
      bytes_field(2, number_field(3, 1)) +                              // TrainerSpec: unigram
      bytes_field(3, bytes_field(1, "identity") + number_field(3, 1));  // NormalizerSpec
  test::write_text(folder / "tokenizer.model", model);
  return data::load_tokenizer(folder / "tokenizer.model");
}

}  // namespace

TEST_CASE("tokens of a SentencePiece model have the file's numbers, and control tokens are special",
          "[data]") {
  const test::TempDir folder;
  std::unique_ptr<data::Tokenizer> tokenizer;
  try {
    tokenizer = tiny(folder);
  } catch (const base::UserError& error) {
    REQUIRE(std::string(error.what()).find("which this build has not") != std::string::npos);
    return;
  }
  CHECK(tokenizer->vocab_size() == 8);
  CHECK(tokenizer->special_ids() == std::vector<std::int32_t>{0, 1, 2, 7});
  CHECK(tokenizer->id_of("a") == 3);
  CHECK(tokenizer->id_of("</s>") == 2);
  CHECK(tokenizer->id_of("<unk>") == 0);
  CHECK(tokenizer->id_of("none") == -1);
  CHECK(tokenizer->encode("ba") == std::vector<std::int32_t>{4, 3});
  CHECK(tokenizer->encode("z").back() == 0);
}

TEST_CASE("what is no SentencePiece model is refused by its path", "[data]") {
  const test::TempDir folder;
  test::write_text(folder / "tokenizer.model", "no model");
  REQUIRE_THROWS_AS(data::load_tokenizer(folder / "tokenizer.model"), base::UserError);
}
