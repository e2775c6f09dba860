// ligo-grow evaluate: the loss of a model directory on held-out data.
#include "train/transformers/evaluate.h"
#include "base/given_path.h"
#include "ligo_grow/commands.h"

namespace frugal::ligo_grow {

void add_evaluate(CLI::App& app) {
  struct Command {
    cli::CommonFlags flags;
    std::string model;
    train::NeighbourOptions neighbours;
    std::vector<std::string> labelled;
  };
  auto command = std::make_shared<Command>();
  CLI::App* sub = app.add_subcommand("evaluate", "Loss (and error) of a model on held-out data");
  sub->add_option("MODEL", command->model, "Hugging Face directory")->required();
  sub->add_option("--config", command->flags.config,
                  "Config of the training (JSON), for its data and objective");
  auto* knn =
      sub->add_option(
             "--knn", command->neighbours.count,
             "Also classify held-out images, or texts, by so many nearest examples in the model's features")
          ->check(CLI::Range(0, 1000));
  auto* labelled =
      sub->add_option("--labelled", command->labelled,
                      "Two files of lines `class<TAB>text`, of examples and of what is classified")
          ->expected(2)
          ->needs(knn);
  sub->add_option("--pool", command->neighbours.pool, "Mean over a text's tokens, or its last one")
      ->needs(labelled)
      ->check(CLI::IsMember({"mean", "last"}));
  cli::add_flags<train::TransformerRunConfig>(
      *sub, command->flags, {.config = cli::ConfigArgument::own, .seed = false, .threads = true},
      "Where the result goes (JSON); - is standard output");
  sub->footer(
      "Examples:\n  ligo-grow evaluate out/small --config configs/grow/kjv-small.json --knn 10 --pool last "
      "--labelled "
      "out/kjv/words-train.tsv out/kjv/words-validation.tsv --set data.tokenizer=out/kjv/tokenizer.json\n"
      "  ligo-grow evaluate gpt2 --set data.train=a.txt --set data.validation=b.txt --set "
      "data.sequence_length=512");
  sub->callback([command] {
    const auto loaded = cli::load_config<train::TransformerRunConfig>(command->flags);
    if (!command->labelled.empty()) {
      command->neighbours.examples = command->labelled[0];
      command->neighbours.questions = command->labelled[1];
    }
    report::write_result(base::given_path(command->flags.out),
                         train::evaluate_transformer(loaded.config, command->model, command->neighbours));
  });
}

}  // namespace frugal::ligo_grow
