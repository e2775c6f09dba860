// Texts with a class: how their file is read, and that each text's features are those of the text alone.
#include "train/transformers/features.h"

#include <torch/torch.h>

#include "data/tokens/labelled_text.h"
#include "support/message_of.h"
#include "support/test.h"
#include "train/transformers/model.h"

using namespace frugal;
using Catch::Contains;
using test::message_of;
using torch::Tensor;

namespace {

class Letters final : public data::Tokenizer {
 public:
  std::vector<std::int32_t> encode(std::string_view text) const override {
    std::vector<std::int32_t> tokens;
    for (const char letter : text) tokens.push_back(letter - 'a');
    return tokens;
  }
  std::int64_t vocab_size() const override { return 26; }
  std::int32_t id_of(const std::string& /*token*/) const override { return -1; }
  std::vector<std::int32_t> special_ids() const override { return {}; }
};

data::LabelledTexts read(const test::TempDir& folder, const std::string& text,
                         const std::vector<std::string>& classes = {}) {
  test::write_text(folder / "texts.tsv", text);
  return data::read_labelled_texts(folder / "texts.tsv", Letters(), classes);
}

}  // namespace

TEST_CASE("labelled texts are read", "[data]") {
  const test::TempDir folder;
  const auto texts = read(folder, "verb\tabc\n\nnoun\tbcdefg\r\nverb\ta\n");
  CHECK(texts.classes == std::vector<std::string>{"noun", "verb"});
  CHECK(texts.labels == std::vector<std::int64_t>{1, 0, 1});
  CHECK(texts.tokens[1] == std::vector<std::int32_t>{1, 2, 3, 4, 5, 6});
  const auto message = [&](const std::string& text) {
    return message_of([&] { read(folder, text, {"noun", "verb"}); });
  };
  CHECK_THAT(message("noun\ta\nnoun a\n"), Contains("texts.tsv:2") && Contains("no tab"));
  CHECK_THAT(message("\ta\n"), Contains("no class"));
  CHECK_THAT(message("noun\t\n"), Contains("no text"));
  CHECK_THAT(message("nuon\ta\n"), Contains("'nuon' is no class"));
  CHECK_THAT(message("\n\n"), Contains("no line"));
}

TEST_CASE("a text's features do not depend on the texts beside it", "[train]") {
  const test::TempDir folder;
  train::ModelChoice choice;
  choice.hidden_size = 16;
  choice.layers = 2;
  choice.heads = 2;
  choice.vocab_size = 26;
  choice.positions = 8;
  const auto loaded = train::load_model(choice, 1);
  std::string file;
  for (int i = 0; i < 150; ++i) {  // more than one batch of a length, lengths in turn
    file += i % 3 == 0 ? "x\t" : "y\t";
    for (int k = 0; k <= i % 4; ++k) file += static_cast<char>('a' + (i * 7 + k * 3) % 26);
    file += '\n';
  }
  const auto texts = read(folder, file);
  const auto of = [&](const data::LabelledTexts& some, train::Pool pool) {
    return train::text_features(loaded.config, loaded.weights, some, pool, 4, "texts.tsv").features;
  };
  const auto all =
      train::text_features(loaded.config, loaded.weights, texts, train::Pool::mean, 4, "texts.tsv");
  const Tensor last = of(texts, train::Pool::last);
  REQUIRE(all.features.size(0) == 150);
  for (std::size_t i = 0; i < 150; i += 13) {
    const data::LabelledTexts one{texts.classes, {texts.labels[i]}, {texts.tokens[i]}};
    const auto row = static_cast<std::int64_t>(i);
    CHECK(torch::allclose(all.features[row], of(one, train::Pool::mean)[0], 1e-4, 1e-6));
    CHECK(torch::allclose(last[row], of(one, train::Pool::last)[0], 1e-4, 1e-6));
    CHECK(torch::allclose(last[row], all.features[row], 1e-4, 1e-6) == (texts.tokens[i].size() == 1));
    CHECK(all.labels[row].item<std::int64_t>() == (i % 3 == 0 ? 0 : 1));
  }
  const data::LabelledTexts longer{{"x"}, {0}, {{9, 8, 7, 6, 5, 4}}}, first{{"x"}, {0}, {{9, 8, 7, 6}}};
  const data::LabelledTexts end{{"x"}, {0}, {{7, 6, 5, 4}}};
  CHECK(torch::equal(of(longer, train::Pool::mean), of(first, train::Pool::mean)));
  CHECK(torch::equal(of(longer, train::Pool::last), of(end, train::Pool::last)));
  const data::LabelledTexts foreign{{"x"}, {0}, {{3, 26}}};
  CHECK_THAT(message_of([&] { of(foreign, train::Pool::mean); }),
             Contains("texts.tsv") && Contains("token 26"));
}
