// JSON in the order of its text whose keys are found by hash: what it holds is what ordered_json holds.
#include "config/indexed_json.h"

#include <nlohmann/json.hpp>
#include <string>

#include "base/random.h"
#include "support/test.h"

using namespace frugal;
using config::IndexedJson;

TEST_CASE("JSON with an index keeps keys in order, and of a key that stands twice the last value") {
  for (const int count : {0, 3, 16, 17, 18, 400}) {
    CAPTURE(count);
    std::string text = "{";
    for (int i = 0; i < count; ++i) {
      text += "\"key " + std::to_string(i * 7919 % 1000) + "\": " + std::to_string(i) + ", ";
    }
    text += "\"key 0\": \"last\"}";
    const auto plain = nlohmann::ordered_json::parse(text);
    const IndexedJson indexed = IndexedJson::parse(text);
    REQUIRE(indexed.dump() == plain.dump());
    for (const auto& [key, value] : plain.items()) REQUIRE(indexed.at(key).dump() == value.dump());
    REQUIRE_FALSE(indexed.contains("none"));
    IndexedJson copy = indexed;
    REQUIRE(copy == indexed);
  }
}

TEST_CASE("JSON with an index finds what is left after something was taken out or put in") {
  base::Random random(3, "keys");
  nlohmann::ordered_json plain = nlohmann::ordered_json::object();
  IndexedJson indexed = IndexedJson::object();
  for (int step = 0; step < 2000; ++step) {
    const std::string key = std::to_string(random.below(60));
    if (random.below(3) == 0) {
      REQUIRE(indexed.erase(key) == plain.erase(key));
    } else {
      plain[key] = step;
      indexed[key] = step;
    }
    const std::string other = std::to_string(random.below(60));
    REQUIRE(indexed.contains(other) == plain.contains(other));
  }
  REQUIRE(indexed.dump() == plain.dump());
}
