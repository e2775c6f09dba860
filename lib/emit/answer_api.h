// The part of generated C that says what a network answers: a class, or how far its output is from its input.
#pragma once

#include <string>

namespace frugal::emit {

struct AnswerText {
  // For the header.
  std::string macro, declaration, train_declaration;
  // What it needs, and the function that only answers.
  std::string helper, code;
  // Of frugal_train_step.
  std::string train_parameters, check_label, take_label;
  // Of the function behind a forward pass: parameters after the rate, and what it says of before the change.
  std::string learn_parameters, learn_arguments, note;
};

// C: where the logits and the label lie, and the type of a logit.
AnswerText class_answer(const std::string& logits, const std::string& logit_type, const std::string& label);
// C: where the loss lies.
AnswerText score_answer(const std::string& loss);

}  // namespace frugal::emit
