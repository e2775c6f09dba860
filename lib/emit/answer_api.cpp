#include "emit/answer_api.h"

#include <fmt/format.h>

namespace frugal::emit {
namespace {

constexpr const char* class_declaration = R"(/* The class with the largest logit into *class_out. */
int frugal_predict(const void* input, int32_t* class_out);
)";

constexpr const char* class_train_declaration =
    R"(/* Learns one sample. *loss and *predicted are from before the change; either may be null. */
int frugal_train_step(const void* input, int32_t label, frugal_rate rate, frugal_loss* loss,
                      int32_t* predicted);
)";

constexpr const char* class_code = R"(
static int32_t largest_logit(void) {{
  const {type}* logits = (const {type}*)(void*)({logits});
  int32_t best = 0;
  for (int32_t c = 1; c < FRUGAL_CLASSES; ++c) best = logits[c] > logits[best] ? c : best;
  return best;
}}
)";

constexpr const char* predict_code = R"(
int frugal_predict(const void* input, int32_t* class_out) {
  if (busy) return FRUGAL_BUSY;
  busy = 1;
  take(input);
  infer();
  *class_out = largest_logit();
  busy = 0;
  return FRUGAL_OK;
}
)";

constexpr const char* score_declaration =
    R"(/* How unusual an input is, into *score: the mean squared error of what the network gives back. */
int frugal_score(const void* input, frugal_loss* score);
)";

constexpr const char* score_train_declaration =
    R"(/* Learns one usual sample. *score is from before the change; it may be null. */
int frugal_train_step(const void* input, frugal_rate rate, frugal_loss* score);
)";

constexpr const char* score_code = R"(
int frugal_score(const void* input, frugal_loss* score) {{
  if (busy) return FRUGAL_BUSY;
  busy = 1;
  take(input);
  infer();
  memcpy(score, {loss}, sizeof *score);
  busy = 0;
  return FRUGAL_OK;
}}
)";

}  // namespace

AnswerText class_answer(const std::string& logits, const std::string& logit_type, const std::string& label) {
  AnswerText text;
  text.declaration = class_declaration;
  text.train_declaration = class_train_declaration;
  text.helper =
      fmt::format(fmt::runtime(class_code), fmt::arg("type", logit_type), fmt::arg("logits", logits));
  text.code = predict_code;
  text.train_parameters =
      "const void* input, int32_t label, frugal_rate rate, frugal_loss* loss,\n                      "
      "int32_t* predicted";
  text.check_label = "  if (label < 0 || label >= FRUGAL_CLASSES) return FRUGAL_BAD_LABEL;\n";
  text.take_label = fmt::format("  memcpy({}, &label, sizeof label);\n", label);
  text.learn_parameters = "frugal_loss* loss, int32_t* predicted";
  text.learn_arguments = "loss, predicted";
  text.note = "  if (loss) *loss = value;\n  if (predicted) *predicted = largest_logit();\n";
  return text;
}

AnswerText score_answer(const std::string& loss) {
  AnswerText text;
  text.macro = "#define FRUGAL_SCORES 1 /* it tells what is unusual, and knows no classes */\n";
  text.declaration = score_declaration;
  text.train_declaration = score_train_declaration;
  text.code = fmt::format(fmt::runtime(score_code), fmt::arg("loss", loss));
  text.train_parameters = "const void* input, frugal_rate rate, frugal_loss* score";
  text.learn_parameters = "frugal_loss* score";
  text.learn_arguments = "score";
  text.note = "  if (score) *score = value;\n";
  return text;
}

}  // namespace frugal::emit
