// ligo-grow tokenize: a text to a file of tokens.
#include "base/given_path.h"
#include "data/tokens/token_stream.h"
#include "data/tokens/tokenizer.h"
#include "ligo_grow/commands.h"

namespace frugal::ligo_grow {

void add_tokenize(CLI::App& app) {
  struct Command {
    std::string text, tokenizer, out;
    bool ids = false;
  };
  auto command = std::make_shared<Command>();
  CLI::App* sub = app.add_subcommand("tokenize", "A text to tokens, through a model's own tokenizer files");
  sub->add_option("TEXT", command->text, "UTF-8 text; - is standard input")->required();
  sub->add_option("--tokenizer", command->tokenizer,
                  "Model directory, tokenizer.json, vocab.txt or tokenizer.model")
      ->required();
  sub->add_option("--out", command->out,
                  "NAME.bin (uint16 or uint32, little-endian), with NAME.json beside it");
  sub->add_flag("--ids", command->ids, "Print the token numbers, one JSON list a line of the text");
  sub->footer(
      "Examples:\n  ligo-grow tokenize bible.txt --tokenizer out/small --out bible.bin\n"
      "  echo 'In the beginning' | ligo-grow tokenize - --tokenizer out/small --ids");
  sub->callback([command] {
    const auto tokenizer = data::load_tokenizer(command->tokenizer);
    const std::string text = base::read_text(command->text);
    const std::string place = command->text == "-" ? "standard input" : command->text;
    if (command->ids) {
      std::string lines;
      for (std::size_t from = 0; from < text.size();) {
        const std::size_t end = std::min(text.find('\n', from), text.size());
        lines +=
            nlohmann::json(tokenizer->encode(std::string_view(text).substr(from, end - from))).dump() + "\n";
        from = end + 1;
      }
      base::write_text("-", lines);
      return;
    }
    if (command->out.empty()) throw base::UserError("--out", "is missing", "give NAME.bin, or --ids");
    if (!command->out.ends_with(".bin"))
      throw base::UserError("--out", "must end in .bin, got " + command->out);
    const auto ids = tokenizer->encode(text);
    if (ids.empty()) throw base::UserError(place, "holds no tokens");
    const auto header = data::write_tokens(base::given_path(command->out), ids, *tokenizer);
    base::write_text("-", report::to_line({{"tokens", header.count},
                                           {"bytes", text.size()},
                                           {"vocab_size", header.vocab_size},
                                           {"dtype", header.dtype}}) +
                              "\n");
  });
}

}  // namespace frugal::ligo_grow
