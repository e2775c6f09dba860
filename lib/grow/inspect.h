// What `ligo-grow inspect` does: says what a model directory is.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "model/transformer/config.h"

namespace frugal::grow {

// What a model directory is: sizes, parameters, FLOPs a token, type, files, warnings. Every weight is looked
// at for NaN where `weights`. tower: of a model with two, "text" or "image".
void inspect_command(const std::string& folder, const std::string& tower, bool weights,
                     nlohmann::ordered_json& result);

// Of a config: sizes, parameters, FLOPs. Part of both results.
nlohmann::ordered_json describe(const model::TransformerConfig& config);

// Logits of given inputs, for comparison with other programs. `input`: a safetensors file with input_ids [B,
// T] or pixel_values [B, C, H, W] and, where wanted, token_type_ids and attention_mask; `output` gets
// `logits` (the last hidden state where the model has no head), float32.
void write_logits(const std::string& folder, const std::string& tower, const std::string& input,
                  const std::string& output);

}  // namespace frugal::grow
