#include "config/json_node.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "config/config.h"
#include "support/message_of.h"
#include "support/test.h"

using namespace frugal;
using config::JsonNode;
using test::message_of;

namespace {

const nlohmann::json network = nlohmann::json::parse(R"({
  "name": "net", "resolution": 224.0, "bias": true, "rate": 0.25, "nothing": null,
  "blocks": [{"kernel_size": 3}, {"kernel_size": "five"}, null],
  "mean": [0.5, 0.25], "sizes": [1, 2], "labels": ["a", "b"], "by_name": {"x": 1, "y": 2}})");

JsonNode root() { return {network, "net.json"}; }

}  // namespace

TEST_CASE("a JSON node reads typed values") {
  const JsonNode node = root();
  CHECK(node["name"].text() == "net");
  CHECK(node["resolution"].integer() == 224);  // 224.0 is a whole number
  CHECK(node["rate"].number() == 0.25);
  CHECK(node["bias"].flag());
  CHECK(node["mean"].numbers() == std::vector<double>{0.5, 0.25});
  CHECK(node["sizes"].integers() == std::vector<std::int64_t>{1, 2});
  CHECK(node["labels"].texts() == std::vector<std::string>{"a", "b"});
  CHECK(node["name"].one_of({"net", "tree"}) == "net");
  CHECK(node["blocks"].size() == 3);
  CHECK(node["blocks"][0]["kernel_size"].integer() == 3);
  CHECK(node["blocks"].elements()[2].is_null());
  const auto members = node["by_name"].members();
  REQUIRE(members.size() == 2);
  CHECK(members[1].first == "y");
  CHECK(members[1].second.integer() == 2);
}

TEST_CASE("a member of a JSON node may be absent; null counts as absent") {
  const JsonNode node = root();
  for (const char* key : {"nothing", "absent"}) {
    CHECK_FALSE(node.has(key));
    CHECK_FALSE(node.find(key));
    CHECK(node.integer_or(key, 7) == 7);
    CHECK(node.number_or(key, 0.5) == 0.5);
    CHECK(node.text_or(key, "none") == "none");
    CHECK(node.flag_or(key, true));
  }
  CHECK(node.given("nothing"));
  CHECK_FALSE(node.given("absent"));
  CHECK(node.integer_or("resolution", 7) == 224);
}

TEST_CASE("what is wrong in a JSON text is named with its path") {
  const JsonNode node = root();
  const auto error = [](const auto& read) { return message_of([&read] { read(); }); };
  CHECK(error([&] { node["blocks"][1]["kernel_size"].integer(); }) ==
        "net.json:/blocks/1/kernel_size: must be a whole number, got string: \"five\"");
  CHECK(error([&] { node["rate"].integer(); }) == "net.json:/rate: must be a whole number, got 0.25");
  CHECK(error([&] { node["rate"].number(config::greater_than(1)); }) ==
        "net.json:/rate: must be > 1, got 0.25");
  CHECK(error([&] { node["name"].number(); }) == "net.json:/name: must be a number, got string: \"net\"");
  CHECK(error([&] { node["rate"].text(); }) == "net.json:/rate: must be text, got number: 0.25");
  CHECK(error([&] { node["rate"].flag(); }) == "net.json:/rate: must be true or false, got number: 0.25");
  CHECK(error([&] { node["rate"].size(); }) == "net.json:/rate: must be a list, got number: 0.25");
  CHECK(error([&] { node["rate"]["x"].text(); }) == "net.json:/rate: must be an object, got number: 0.25");
  CHECK(error([&] { node["mean"].numbers(config::between(0, 0.3)); }) ==
        "net.json:/mean/0: must be in [0, 0.3], got 0.5");
  CHECK(error([&] { node["labels"].numbers(); }) ==
        "net.json:/labels/0: must be a number, got string: \"a\"");
  CHECK(error([&] { node["by_name"]["z"].number(); }) == "net.json:/by_name: needs the key 'z'");
  CHECK(error([&] { node["nothing"].number(); }) == "net.json:/: needs the key 'nothing'");
  CHECK(error([&] { node["name"].one_of({"met", "tree"}); }) == "net.json:/name: unknown value 'net'");
  CHECK(error([&] { node.fail_at("rate", "is odd"); }) == "net.json:/rate: is odd");
  CHECK(error([&] { node.fail("is odd"); }) == "net.json:/: is odd");
}

TEST_CASE("whole numbers that a 64-bit integer does not hold are refused") {
  for (const char* number : {"18446744073709551615", "9223372036854775808", "1e300", "-1e300"}) {
    const nlohmann::json json = nlohmann::json::parse(number);
    CHECK(message_of([&] { JsonNode(json, "a").integer(); }).find("too large") != std::string::npos);
    CHECK(message_of([&] { JsonNode(json, "a").integer(config::between(-5, 5)); }).find("[-5, 5]") !=
          std::string::npos);
  }
  const nlohmann::json json = std::int64_t{9007199254740993};  // 2^53 + 1, which no double holds
  CHECK(JsonNode(json, "a").integer() == 9007199254740993);
}

TEST_CASE("a lacking key gets the nearest one that is there, or the reader's own hint") {
  const auto hint_of = [](const JsonNode& node, const char* key) {
    try {
      node[key].text();
    } catch (const base::UserError& error) {
      return error.hint();
    }
    return std::string();
  };
  CHECK(hint_of(root(), "nmae") == "did you mean 'name'?");
  const JsonNode hinted(network, "net.json", "", "is this a network?");
  CHECK(hint_of(hinted, "nmae") == "did you mean 'name'?");
  CHECK(hint_of(hinted, "schema_version") == "is this a network?");
  CHECK(hint_of(hinted["by_name"], "schema_version") == "is this a network?");
}

TEST_CASE("misspelt keys are refused, another project's keys are not") {
  const nlohmann::json json = {{"kernal_size", 3}, {"stride", 1}, {"their_own", true}};
  const JsonNode lenient(json, "a.json");
  lenient.integer_or("kernel_size", 5);
  lenient.integer_or("stride", 1);
  CHECK(message_of([&] { lenient.finish(); }) == "a.json:/kernal_size: unknown key 'kernal_size'");
  lenient.ignore("kernal_size");
  CHECK(message_of([&] { lenient.finish(); }) == "no error");
  CHECK(message_of([&] { lenient.refuse_unknown(); }) == "a.json:/their_own: unknown key 'their_own'");
}

TEST_CASE("a node of a source names --set where a setting gave the value") {
  config::Source source = config::load("", {"data.size=many"});
  CHECK(message_of([&] { JsonNode(source)["data"]["size"].integer(); }) ==
        "--set data/size: must be a whole number, got string: \"many\"");
}

TEST_CASE("a JSON text of a million brackets is refused, not followed") {
  const std::string deep(1000000, '[');
  CHECK(message_of([&] { config::parse(deep, "a.json"); }) ==
        "a.json:1:501: is nested deeper than 500 levels");
  CHECK(message_of([&] { config::parse("/* \" */ // \"\n" + deep, "a.json"); }) ==
        "a.json:2:501: is nested deeper than 500 levels");
  std::string objects;
  for (int i = 0; i < 600; ++i) objects += "{\"a\":";
  CHECK(message_of([&] { config::parse(objects, "a.json"); }).find("deeper") != std::string::npos);
  // Brackets in texts and comments do not count.
  const std::string quoted = "{\"a\": \"\\\"" + std::string(1000, '[') + "\"} // " + std::string(1000, '{');
  CHECK(config::parse(quoted, "a.json")["a"].get<std::string>().size() == 1001);
  CHECK(config::parse(std::string(500, '[') + std::string(500, ']'), "a.json").is_array());
}

TEST_CASE("a misspelt key of a megabyte is answered at once") {
  const nlohmann::json json = {{std::string(1 << 20, 'x'), 1}};
  const JsonNode node(json, "a.json");
  node.integer_or("stride", 1);
  node.finish();
  CHECK(message_of([&] { node.refuse_unknown(); }).find("unknown key") != std::string::npos);
}
