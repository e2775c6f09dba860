// `compile`: stages that read back, a folder that is whole or said to be none, and what does not fit.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "compile/folder.h"
#include "compile/stages.h"
#include "ir/text.h"
#include "network/import/model_folder.h"
#include "plan/block_file.h"
#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;
namespace fs = std::filesystem;

namespace {

// What a UserError says, and its hint.
std::string said(const compile::CompileConfig& config, const std::string& out) {
  try {
    compile::compile_to(out, config, nlohmann::json::object());
  } catch (const base::UserError& error) {
    return error.what() + ("; " + error.hint());
  }
  return "nothing";
}

class Network {
 public:
  explicit Network(const std::string& rounding = "float32-half-even") {
    config.network = folder / "network";
    config.scheme = "bias:2";
    network::write_model(config.network, test::tiny_int8_model(4, rounding));
  }
  nlohmann::ordered_json compile() const {
    return compile::compile_to(out(), config, nlohmann::json::object());
  }
  std::string refused() const { return said(config, out()); }
  std::string out() const { return folder / "device"; }

  test::TempDir folder;
  compile::CompileConfig config;
};

}  // namespace

TEST_CASE("each stage of the compiler prints what reads back", "[compile]") {
  const Network network;
  const compile::Stages stages = compile::make_stages(network.config);
  for (const std::string stage : {"forward", "backward", "optimized"}) {
    const std::string text = compile::text_of(stage, stages, network.config);
    CHECK(ir::to_text(ir::from_text(text, stage)) == text);
  }
  CHECK(plan::parse_blocks(compile::text_of("plan", stages, network.config), "plan").size() > 5);
  CHECK(compile::text_of("c", stages, network.config).find("frugal_train_step") != std::string::npos);
}

TEST_CASE("a stage is printed without those behind it, and passes are those of the config", "[compile]") {
  Network network;
  network.config.scheme = "full";
  const compile::Stages forward = compile::make_stages(network.config, "forward");
  CHECK(forward.training.model.graph.nodes.empty());
  CHECK(compile::text_of("forward", forward, network.config) ==
        compile::text_of("forward", compile::make_stages(network.config), network.config));
  CHECK(compile::make_stages(network.config, "backward").passes.empty());

  const auto all = network.compile();
  REQUIRE(all["passes"].size() == compile::pass_names.size());
  for (std::size_t i = 0; i < compile::pass_names.size(); ++i)
    CHECK(all["passes"][i]["name"] == compile::pass_names[i]);
  network.config.passes = {};
  const auto none = network.compile();
  for (const auto& pass : none["passes"]) CHECK_FALSE(pass["kept"].get<bool>());
  CHECK(none["plan"]["bytes"] >= all["plan"]["bytes"]);
  network.config.updates = "late";
  const auto late = network.compile();
  CHECK(late["plan"]["bytes"] > none["plan"]["bytes"]);

  // A search finds where each update may stand.
  network.config.passes = {"order"};
  const auto searched = network.compile();
  CHECK(searched["passes"][0]["kept"] == true);
  CHECK(searched["plan"]["bytes"] < late["plan"]["bytes"]);
  const compile::Stages stages = compile::make_stages(network.config);
  const std::vector<ir::Node>& nodes = stages.step.model.graph.nodes;
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    CHECK((static_cast<ir::NodeId>(n) >= stages.step.forward_end || !passes::is_update(nodes[n])));
    for (std::size_t later = n + 1; passes::is_update(nodes[n]) && later < nodes.size(); ++later) {
      const auto& reads = nodes[later].inputs;
      CHECK(std::find(reads.begin(), reads.end(), nodes[n].inputs[0]) == reads.end());
    }
  }

  network.config.passes = {"row"};
  CHECK_THAT(network.refused(), Catch::Contains("'row'") && Catch::Contains("in-place, channels, rows"));
}

TEST_CASE("the numbers of a step are spread over several memories", "[compile]") {
  Network network;
  network.config.scheme = "last:2";
  const auto one = network.compile();
  network.config.device.memories = {"DTCM=1000", "AXI=100000"};
  const auto two = network.compile();
  REQUIRE(two["memories"].size() == 2);
  CHECK(two["memories"][0]["bytes"] <= 1000);
  CHECK(two["memories"][0]["bytes"] > 500);
  CHECK(two["memories"][1]["bytes"] > 0);
  CHECK(two["plan"]["bytes"] >= one["plan"]["bytes"]);
  const std::string code = base::read_text(network.out() + "/frugal_model.c");
  CHECK_THAT(code, Catch::Contains("FRUGAL_SECTION(\".bss.arena_DTCM\") uint8_t arena_DTCM["));
  CHECK(code.find("arena +") == std::string::npos);
  network.config.device.memories = {"DTCM=1000", "AXI=100"};
  CHECK_THAT(network.refused(), Catch::Contains("device.memories"));
  network.config.device.memories = {"DTCM"};
  CHECK_THAT(network.refused(), Catch::Contains("device.memories"));
}

TEST_CASE("a compiled folder is the same twice, keeps what others put there, and drops what is stale",
          "[compile]") {
  Network network("integer");
  const auto first = network.compile();
  const std::string source = base::read_text(network.out() + "/frugal_model.c");
  CHECK(fs::exists(network.out() + "/kernels/conv_gradient.c"));
  base::write_text(network.out() + "/main.c", "mine");
  auto second = network.compile();
  second["run"] = first["run"];
  CHECK(first == second);
  CHECK(base::read_text(network.out() + "/frugal_model.c") == source);

  network.config.method.storage = "integer";
  network.config.device.target = "m3";
  const auto whole = network.compile();
  CHECK(whole["network_id"] != first["network_id"]);
  CHECK_FALSE(fs::exists(network.out() + "/kernels/conv_gradient.c"));
  CHECK(base::read_text(network.out() + "/main.c") == "mine");
  CHECK(compile::read_compiled(network.out())["target"] == "cortex-m3");
}

TEST_CASE("a folder that is none of the compiler's is left alone", "[compile]") {
  const Network network;
  base::make_folder(network.out());
  base::write_text(network.out() + "/thesis.txt", "years");
  CHECK(network.refused() ==
        network.out() + ": holds files, but none that a compiler wrote; name a new folder");
  CHECK(fs::exists(network.out() + "/thesis.txt"));
  CHECK_THROWS_AS(compile::read_compiled(network.out()), base::UserError);
}

TEST_CASE("a folder from somebody else deletes nothing outside of it", "[compile]") {
  const Network network;
  const auto first = network.compile();
  const std::string place = network.out() + "/compile.json", victim = network.folder / "elsewhere/thesis.txt";
  base::make_folder(network.folder / "elsewhere");
  base::write_text(victim, "years");
  const auto with_file = [&](const nlohmann::ordered_json& name) {
    nlohmann::ordered_json changed = first;
    changed["files"].push_back(name);
    base::write_text(place, changed.dump());
    return network.refused();
  };
  const std::vector<std::string> outside = {"../elsewhere/thesis.txt", "kernels/../../elsewhere/thesis.txt",
                                            victim};
  for (const std::string& name : outside)
    CHECK_THAT(with_file(name), Catch::StartsWith(place + ":/files/" + std::to_string(first["files"].size()) +
                                                  ": leads out of the folder: '" + name));
  CHECK_THAT(with_file(5), Catch::Contains("must be text"));
  fs::create_directory_symlink(network.folder / "elsewhere", network.out() + "/link");
  CHECK(with_file("link/thesis.txt") == "nothing");
  CHECK(base::read_text(victim) == "years");
  // What is none of these is a file of ours.
  base::write_text(network.out() + "/stale.c", "");
  CHECK(with_file("stale.c") == "nothing");
  CHECK_FALSE(fs::exists(network.out() + "/stale.c"));
  for (const char* text :
       {R"({"schema": 5})", "[]", R"({"schema": ["frugal.tinytrain_compile.compile/1"]})"}) {
    base::write_text(place, text);
    CHECK_THAT(network.refused(), Catch::Contains("is not what `tinytrain-compile compile` writes"));
  }
}

TEST_CASE("what does not fit is refused with what dominates and what would fit", "[compile]") {
  Network network;
  network.config.scheme = "full";
  const auto whole = network.compile();
  const auto needs = whole["memory"]["sram"]["bytes"].get<std::int64_t>();
  network.config.device.sram = std::to_string(needs);
  CHECK_NOTHROW(network.compile());
  network.config.device.sram = std::to_string(needs - 1);
  const std::string message = network.refused();
  INFO(message);
  CHECK(message.find("1 more than device.sram has; the arena is fullest at step ") != std::string::npos);
  CHECK(message.find("; scheme 'bias:") != std::string::npos);
  network.config.device.sram = "4200";
  CHECK(network.refused().find("even training the head alone needs") != std::string::npos);
  network.config.device.sram = "64KB";
  network.config.device.flash = "100";
  CHECK(network.refused().find("more than device.flash has without any code") != std::string::npos);
}

TEST_CASE("a buffer of old examples is counted, and refused where it does not fit", "[compile]") {
  Network network;
  const auto without = network.compile();
  network.config.replay.bytes = "2000";  // 36 of 54 bytes and a class
  const auto with = network.compile();
  CHECK(with["replay"]["layer"] == "stem");
  CHECK(with["replay"]["examples"] == 36);
  const auto &before = without["memory"]["sram"], &after = with["memory"]["sram"];
  CHECK(after["replay_bytes"] == 36 * 55 + 3 * 5 + 5);  // a multiple of 8
  CHECK(after["bytes"].get<int>() == before["bytes"].get<int>() + after["replay_bytes"].get<int>());
  CHECK(with["memory"]["flash"] == without["memory"]["flash"]);
  CHECK(with["network_id"] != without["network_id"]);
  network.config.device.sram = std::to_string(after["bytes"].get<int>() - 1);
  const std::string refused = network.refused();
  CHECK(refused.find("2000 of them old examples") != std::string::npos);
  CHECK(refused.find("1 more than device.sram has") != std::string::npos);
  CHECK(refused.find("replay.bytes of at most 1979 would") != std::string::npos);
  network.config.replay.bytes = "1979";
  CHECK(network.refused() == "nothing");
  network.config.replay.bytes = "100";
  CHECK(network.refused().find("replay.bytes: 100 hold 1 examples of 55 bytes") == 0);
  network.config.replay.bytes = "3000MB";
  CHECK(network.refused().find("more than a buffer may have") != std::string::npos);
  network.config.replay = {};
  network.config.replay.ratio = 2;
  CHECK(network.refused().find("replay: has no effect without a buffer") == 0);
}

TEST_CASE("settings without effect and targets that cannot are refused", "[compile]") {
  Network network;
  network.config.classes = 3;
  CHECK(network.refused() == "classes: has no effect with head 'keep'; leave it out, or set head to 'new'");
  network.config.classes = 0;
  network.config.head = "new";
  CHECK(network.refused().find("classes: must be 2 or more") == 0);
  network.config.head = "keep";
  network.config.device.target = "m3";
  CHECK(network.refused().find("cortex-m3: has no floating point") == 0);
  network.config.device.target = "m8";
  CHECK(network.refused().find("device.target: unknown target 'm8'") == 0);
  network.config.device.target = "m7";
  network.config.device.sram = "much";
  CHECK(network.refused().find("device.sram: is no size: 'much'") == 0);
}
