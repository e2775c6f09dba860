// The frame of generated C: the functions that a user's program calls, around the calls of kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "emit/answer_api.h"
#include "emit/replay_api.h"

namespace frugal::emit {

struct ApiText {
  std::string tables, arenas;                       // C: constants, and the memory of a step
  std::string inference, forward, backward, reset;  // C: calls
  // C: addresses; rate and seed are empty where nothing is trained, and seed where nothing is rounded by
  // chance: then it has no place of its own.
  std::string image, label, rate, seed_place, loss;
  AnswerText answer;
  std::int64_t image_bytes = 0, classes = 0;
  bool without_floats = false;
  std::size_t arena_bytes = 0, state_bytes = 0;
  std::uint32_t seed = 0, network_id = 0;
  std::optional<ReplayText> replay;
};

std::string api_header(const ApiText& text);
std::string api_code(const ApiText& text);

}  // namespace frugal::emit
