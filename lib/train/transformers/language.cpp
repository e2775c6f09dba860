#include "train/transformers/language.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "base/stop.h"
#include "train/transformers/cross_entropy.h"

namespace frugal::train {
namespace {

using base::UserError;
using data::TokenBatch;
using data::TokenBatches;
using data::TokenStream;
using torch::Tensor;

data::MaskConfig mask_of(const ObjectiveConfig& config, const model::TransformerConfig& model) {
  data::MaskConfig mask;
  mask.enabled = config.kind == "masked";
  mask.share = config.mask_share;
  mask.mask_id = config.mask_token_id;
  mask.vocab_size = model.vocab_size;
  return mask;
}

class Language final : public Objective {
 public:
  Language(const ObjectiveConfig& config, const model::TransformerConfig& model, TokenStream train,
           TokenStream validation, std::uint64_t seed, Communicator& communicator)
      : config_(config),
        model_(model),
        communicator_(communicator),
        train_(std::move(train)),
        validation_(std::move(validation)),
        // Every part of a step is a batch of its own kind of draw: see loss().
        batches_(train_, config.tokens.sequence_length, config.batch.size, seed, mask_of(config, model),
                 communicator.rank(), communicator.size()),
        held_out_(validation_, config.tokens.sequence_length, config.batch.size, 0, mask_of(config, model)) {
    train_.check_range(model.vocab_size);
    validation_.check_range(model.vocab_size);
  }

  std::int64_t steps_per_epoch() const override {
    return std::max<std::int64_t>(1, train_.size() / (config_.batch.size * config_.tokens.sequence_length));
  }
  void start(std::int64_t /*step*/) override {}
  std::int64_t batch_size() const override { return config_.batch.size; }
  std::int64_t tokens_per_example() const override { return config_.tokens.sequence_length; }

  Tensor loss(const model::Weights& weights, std::int64_t step, std::int64_t part, std::int64_t parts,
              const model::ForwardOptions& options) override {
    if (step != drawn_step_) {
      drawn_ = batches_.at(step);
      drawn_step_ = step;
    }
    const TokenBatch batch = parts == 1 ? drawn_ : rows_of(drawn_, part, parts);
    return sum_of(weights, batch, options,
                  1.0 / static_cast<double>(std::max<std::int64_t>(1, drawn_.predictions)));
  }

  Metrics evaluate(const model::Weights& weights) override {
    const torch::NoGradGuard no_grad;
    const std::int64_t count = held_out_.sequence_count(config_.tokens.validation_tokens);
    constexpr std::int64_t at_once = 16;  // fixed: masks follow from the place
    double sums[2] = {0, 0};
    for (std::int64_t first = 0, turn = 0; first < count; first += at_once, ++turn) {
      if (turn % communicator_.size() != communicator_.rank()) continue;
      base::stop_if_requested();
      const TokenBatch batch = held_out_.sequences(first, std::min(at_once, count - first), count);
      sums[0] += sum_of(weights, batch, {}, 1.0).item<double>();
      sums[1] += static_cast<double>(batch.targets.numel());
    }
    communicator_.sum(sums, 2);
    return {{"loss", sums[0] / std::max(1.0, sums[1])}};
  }

 private:
  Tensor sum_of(const model::Weights& weights, const TokenBatch& batch, const model::ForwardOptions& options,
                double scale) const {
    const torch::Device device = weights.device();
    model::TransformerInput input;
    input.ids = batch.ids.to(device);
    Tensor hidden = model::hidden_states(model_, weights, input, options);
    hidden = hidden.reshape({-1, hidden.size(2)});
    if (batch.rows.defined()) hidden = hidden.index_select(0, batch.rows.to(device));
    return scaled_cross_entropy(model::head_logits(model_, weights, hidden), batch.targets.to(device), scale);
  }

  // Part of a batch: its rows [first, last) and what is predicted in them.
  static TokenBatch rows_of(const TokenBatch& batch, std::int64_t part, std::int64_t parts) {
    const std::int64_t rows = batch.ids.size(0), length = batch.ids.size(1);
    const std::int64_t first = rows * part / parts, last = rows * (part + 1) / parts;
    TokenBatch some = batch;
    some.ids = batch.ids.narrow(0, first, last - first);
    if (batch.rows.defined()) {
      const Tensor in = batch.rows.ge(first * length).logical_and(batch.rows.lt(last * length));
      some.rows = batch.rows.masked_select(in) - first * length;
      some.targets = batch.targets.masked_select(in);
    } else {
      some.targets = batch.targets.narrow(0, first * length, (last - first) * length);
    }
    return some;
  }

  ObjectiveConfig config_;
  model::TransformerConfig model_;
  Communicator& communicator_;
  TokenStream train_, validation_;
  TokenBatches batches_, held_out_;
  TokenBatch drawn_;
  std::int64_t drawn_step_ = -1;
};

}  // namespace

std::unique_ptr<Objective> make_language_objective(const ObjectiveConfig& config,
                                                   const model::TransformerConfig& model,
                                                   const std::string& model_folder, std::uint64_t seed,
                                                   Communicator& communicator) {
  const std::int64_t length = config.tokens.sequence_length;
  if (!model.rotary && length > model.positions - model.position_offset) {
    throw UserError("data/sequence_length",
                    fmt::format("{} tokens do not fit the model's {} positions", length,
                                model.positions - model.position_offset),
                    "shorten the sequences, or grow the model's positions");
  }
  const std::string& tokenizer = config.tokens.tokenizer.empty() ? model_folder : config.tokens.tokenizer;
  TokenStream train = data::open_tokens(config.tokens, config.tokens.train, tokenizer);
  TokenStream validation = data::open_tokens(config.tokens, config.tokens.validation, tokenizer);
  return std::make_unique<Language>(config, model, std::move(train), std::move(validation), seed,
                                    communicator);
}

}  // namespace frugal::train
