// A file of contributions, or of an update scheme: any text gives what a small network has, or a UserError; a
// selection made of it stays within the limit.
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "sparse/contributions.h"
#include "sparse/knapsack.h"
#include "support/tiny_model.h"

using namespace frugal;

namespace {

const ir::Model& model() {
  static const ir::Model tiny = test::tiny_int8_model(1);
  return tiny;
}

void select_of(const std::string& text) {
  const sparse::Contributions read = sparse::parse_contributions(text, "input.jsonl");
  for (const sparse::Contribution& entry : read.entries)
    FRUGAL_ASSERT(std::isfinite(entry.gain) || !entry.failed.empty(), "a gain is a number, or it failed");
  sparse::check_network(read, model().graph, "input.jsonl");
  const sparse::ExtraMemory memory(model().graph);
  sparse::missing_parts(read, memory);
  for (const std::int64_t limit : {48, 1500, 100000}) {
    const sparse::SelectionProblem problem = sparse::make_problem(read, memory, limit * 8);
    const sparse::ExactSelection solved = sparse::select_exactly(problem);
    FRUGAL_ASSERT(sparse::bits_of(problem, solved.selection) <= problem.limit_bits, "within the limit");
    sparse::trained_layers(model(), sparse::scheme_of(problem, solved.selection));
  }
}

void scheme_of(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return;
  const sparse::UpdateScheme scheme =
      sparse::read_scheme(config::JsonNode(json, "input.json"), model().graph);
  FRUGAL_ASSERT(sparse::extra_memory_bits(model().graph, scheme) > 0, "a scheme needs memory");
  sparse::trained_layers(model(), scheme);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  for (const auto read : {select_of, scheme_of}) {
    try {
      read(text);
    } catch (const base::UserError&) {
    }
  }
  return 0;
}
