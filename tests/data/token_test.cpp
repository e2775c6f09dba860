// Token files, batches and masks: what a batch holds follows from (seed, step), and a bad file is named.
#include <torch/torch.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "data/tokens/token_batch.h"
#include "data/tokens/tokenizer.h"
#include "support/test.h"

using namespace frugal;
using Catch::Contains;

namespace {

data::TokenStream counting(std::uint32_t count) {
  std::vector<std::uint32_t> tokens(count);
  std::iota(tokens.begin(), tokens.end(), 0U);
  return data::TokenStream::of(tokens, "counting");
}

// Byte-level BPE of a few merges, with a mask token.
const char* const tiny_bpe = R"({"added_tokens": [{"id": 8, "content": "[MASK]", "special": true}],
  "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
  "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "Ġ": 3, "ab": 4, "Ġab": 5, "abc": 6, "Ã": 7},
            "merges": ["a b", ["Ġ", "ab"], "ab c"]}})";

}  // namespace

TEST_CASE("token files are read as they say, or refused", "[data]") {
  test::TempDir folder;
  const auto tokenizer = data::parse_tokenizer_json(tiny_bpe, "tiny");
  const auto header = data::write_tokens(folder / "t.bin", {1, 2, 8, 0}, *tokenizer);
  CHECK(header.dtype == "uint16");
  const auto stream = data::TokenStream::open(folder / "t.bin");
  CHECK(stream.size() == 4);
  CHECK(stream.at(2) == 8);
  CHECK(stream.header().mask_id == 8);
  CHECK(stream.header().special_ids == std::vector<std::int64_t>{8});
  stream.check_range(9);
  CHECK_THROWS_WITH(stream.check_range(8), Contains("vocabulary of 9, but the model has 8"));
  CHECK_THROWS_WITH(data::TokenStream::open(folder / "t.bin", "uint32"), Contains("the config says uint32"));

  test::write_text(folder / "t.bin", std::string("\1\0\2\0", 4));
  CHECK_THROWS_WITH(data::TokenStream::open(folder / "t.bin"), Contains("holds 2 tokens, but"));
  test::write_text(folder / "bare.bin", std::string("\1\0\2\0\5\0\0\0", 8));
  CHECK(data::TokenStream::open(folder / "bare.bin").at(2) == 5);
  CHECK(data::TokenStream::open(folder / "bare.bin", "uint32").at(0) == 131073);
  CHECK_THROWS_WITH(data::TokenStream::open(folder / "bare.bin").check_range(5),
                    Contains("token 5 is out of range"));
  test::write_text(folder / "bare.bin", "abc");
  CHECK_THROWS_WITH(data::TokenStream::open(folder / "bare.bin"),
                    Contains("no whole number of uint16 tokens"));
  test::write_text(folder / "bare.bin", "");
  CHECK_THROWS_WITH(data::TokenStream::open(folder / "bare.bin"), Contains("holds no tokens"));
  CHECK_THROWS_AS(data::TokenStream::open(folder / "none.bin"), base::UserError);
}

TEST_CASE("causal batches follow from seed and step, whoever takes them", "[data]") {
  const auto stream = counting(1000);
  const data::TokenBatches whole(stream, 16, 8, 3, {});
  const auto batch = whole.at(5);
  CHECK(batch.ids.sizes() == c10::IntArrayRef({8, 16}));
  CHECK(torch::equal(batch.targets.view({8, 16}), batch.ids + 1));
  CHECK(torch::equal(whole.at(5).ids, batch.ids));
  CHECK_FALSE(torch::equal(whole.at(6).ids, batch.ids));
  std::vector<torch::Tensor> parts;
  for (int rank = 0; rank < 2; ++rank)
    parts.push_back(data::TokenBatches(stream, 16, 8, 3, {}, rank, 2).at(5).ids);
  CHECK(torch::equal(torch::cat(parts), batch.ids));
  CHECK(whole.sequence_count(8192) == 62);  // the last target is a token too
  CHECK(whole.sequences(3, 1, 62).ids[0][0].item<int>() == 48);
  CHECK(whole.sequences(3, 1, 10).ids[0][0].item<int>() == 3 * 6 * 16);
  const auto few = counting(16);
  CHECK_THROWS_WITH(data::TokenBatches(few, 16, 8, 3, {}), Contains("one sequence needs 17"));
}

TEST_CASE("masks are 80/10/10 of 15 %, and never of special tokens", "[data]") {
  const auto stream = counting(500);
  data::MaskConfig mask;
  mask.enabled = true;
  mask.mask_id = 500;
  mask.vocab_size = 501;
  mask.special_ids = {7};
  const data::TokenBatches batches(stream, 50, 64, 1, mask);
  double total = 0, predicted = 0, masked = 0, same = 0;
  for (int step = 0; step < 10; ++step) {
    const auto batch = batches.at(step);
    REQUIRE(batch.rows.numel() == batch.predictions);
    total += static_cast<double>(batch.ids.numel());
    predicted += static_cast<double>(batch.predictions);
    const torch::Tensor shown = batch.ids.view({-1}).index_select(0, batch.rows);
    masked += shown.eq(500).sum().item<double>();
    same += shown.eq(batch.targets).sum().item<double>();
    CHECK(batch.targets.eq(7).sum().item<int>() == 0);
  }
  CHECK(predicted / total == Approx(0.15).margin(0.01));
  CHECK(masked / predicted == Approx(0.8).margin(0.02));
  CHECK(same / predicted == Approx(0.1).margin(0.02));
  mask.mask_id = -1;
  CHECK_THROWS_WITH(data::TokenBatches(stream, 50, 64, 1, mask), Contains("needs a mask token"));
}

TEST_CASE("byte-level BPE merges by rank, finds special tokens, and drops bytes it has not", "[data]") {
  const auto tokenizer = data::parse_tokenizer_json(tiny_bpe, "tiny");
  using Ids = std::vector<std::int32_t>;
  CHECK(tokenizer->encode("abc ab") == Ids{6, 5});
  CHECK(tokenizer->encode("ab[MASK]c") == Ids{4, 8, 2});
  CHECK(tokenizer->encode("\xC3\xA9z") == Ids{7});
  CHECK(tokenizer->vocab_size() == 9);
  CHECK(tokenizer->mask_id() == 8);
  CHECK_THROWS_WITH(tokenizer->encode("a\xFF"), Contains("is not UTF-8 at byte 1"));
}

TEST_CASE("WordPiece takes the longest piece first", "[data]") {
  test::TempDir folder;
  test::write_text(folder / "vocab.txt", "[PAD]\n[UNK]\n[MASK]\nun\n##aff\n##able\ncafe\n!\n");
  const auto tokenizer = data::load_tokenizer(folder.path().string());
  using Ids = std::vector<std::int32_t>;
  CHECK(tokenizer->encode("Unaffable Caf\xC3\xA9! xyz [MASK]") == Ids{3, 4, 5, 6, 7, 1, 2});
  CHECK(tokenizer->special_ids() == Ids{0, 1, 2});
}

TEST_CASE("a tokenizer that is not understood is refused by name", "[data]") {
  const auto refused = [](const std::string& from, const std::string& to, const std::string& words) {
    std::string text = tiny_bpe;
    text.replace(text.find(from), from.size(), to);
    INFO(to);
    CHECK_THROWS_WITH(data::parse_tokenizer_json(text, "t.json"), Contains(words) && Contains("t.json"));
  };
  refused("\"BPE\"", "\"Unigram\"", "the model 'Unigram' is not read");
  refused("ByteLevel", "Metaspace", "the pre-tokenizer 'Metaspace' is not read");
  refused("ab c", "abc", "must be two parts");
  refused("ab c", "ab z", "'abz' is not in the vocabulary");
  refused("\"b\": 1", "\"b\": -1", "must be a token number");
  refused("\"model\"", "\"modal\"", "/model: is missing");
  refused("\"pre_tokenizer\"", "\"normalizer\": {\"type\": \"Prepend\"}, \"pre_tokenizer\"",
          "'Prepend' is not read");
  CHECK_THROWS_WITH(data::parse_tokenizer_json("{\"model\": ", "t.json"), Contains("t.json"));
  test::TempDir folder;
  CHECK_THROWS_WITH(data::load_tokenizer(folder.path().string()), Contains("holds no tokenizer"));
}
