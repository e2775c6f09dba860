// SentencePiece (Kudo, Richardson 2018) through its own library, where it was found when this was built.
#include "base/error.h"
#include "data/tokens/tokenizer_pipeline.h"
#ifdef FRUGAL_WITH_SENTENCEPIECE
#include <sentencepiece_processor.h>

#include <exception>
#include <new>
#endif

namespace frugal::data {

#ifdef FRUGAL_WITH_SENTENCEPIECE
namespace {

class SentencePiece final : public Tokenizer {
 public:
  explicit SentencePiece(const std::string& path) {
    std::string wrong;
    try {
      if (const auto status = processor_.Load(path); !status.ok()) wrong = status.ToString();
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {  // of the library's own parts
      wrong = error.what();
    }
    if (!wrong.empty()) throw base::UserError(path, "is no SentencePiece model: " + wrong);
  }

  std::vector<std::int32_t> encode(std::string_view text) const override {
    check_utf8(text, "text");
    std::vector<int> ids;
    const auto status = processor_.Encode({text.data(), text.size()}, &ids);
    if (!status.ok()) throw base::Failure("SentencePiece: " + status.ToString());
    return {ids.begin(), ids.end()};
  }
  std::int64_t vocab_size() const override { return processor_.GetPieceSize(); }
  std::int32_t id_of(const std::string& token) const override {
    const int id = processor_.PieceToId(token);
    return processor_.IdToPiece(id) == token ? id : -1;
  }
  std::vector<std::int32_t> special_ids() const override {
    std::vector<std::int32_t> ids;
    for (int id = 0; id < processor_.GetPieceSize(); ++id) {
      if (processor_.IsControl(id) || processor_.IsUnknown(id)) ids.push_back(id);
    }
    return ids;
  }

 private:
  sentencepiece::SentencePieceProcessor processor_;
};

}  // namespace

std::unique_ptr<Tokenizer> load_sentencepiece(const std::string& path) {
  return std::make_unique<SentencePiece>(path);
}
#else
std::unique_ptr<Tokenizer> load_sentencepiece(const std::string& path) {
  throw base::UserError(path, "needs SentencePiece, which this build has not",
                        "install libsentencepiece-dev and build again");
}
#endif

}  // namespace frugal::data
