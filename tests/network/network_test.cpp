// Counts of published networks, the two JSON samples read and written, and what is refused.
#include "network/network.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "network/compact.h"
#include "support/test.h"

using namespace frugal;
using network::NetworkConfig;

namespace {

std::string config_path(const std::string& name) {
  return test::source_dir() + "/configs/networks/" + name + ".json";
}

struct Published {
  const char* name;
  std::int64_t parameters, macs;
};

std::string error_of(const nlohmann::json& json) {
  try {
    network::read_network(json, "n.json");
  } catch (const base::UserError& error) {
    return std::string(error.what()) + " | " + error.hint();
  }
  return "accepted";
}

nlohmann::json small() {
  network::CompactNetwork compact;
  compact.blocks = "3e1w8 | 3e3s2w16 3e3 Z";
  compact.resolution = 16;
  compact.classes = 10;
  return nlohmann::json::parse(network::to_text(network::expand(compact, "test")));
}

}  // namespace

TEST_CASE("published networks have the published parameters and MACs", "[model]") {
  // ProxylessNAS (Cai, Zhu, Han 2019), its authors' released networks.
  const Published table[] = {{"proxyless_cpu", 4361648, 439243864},
                             {"proxyless_gpu", 7119848, 465260160},
                             {"proxyless_mobile", 4080512, 320427584},
                             {"proxyless_mobile_14", 6857568, 580883408},
                             {"proxyless_w0.25_r112", 569600, 10691008}};
  for (const Published& entry : table) {
    INFO(entry.name);
    const NetworkConfig network = network::load_network(config_path(entry.name));
    CHECK(network::parameter_count(network) == entry.parameters);
    CHECK(network::mac_count(network) == entry.macs);
  }
}

TEST_CASE("a network is written as it was read", "[model]") {
  for (const char* name : {"proxyless_cpu", "proxyless_mobile_14", "proxyless_w0.3_28px", "mcu_28px"}) {
    INFO(name);
    const std::string text = base::read_text(config_path(name));
    CHECK(network::to_text(network::load_network(config_path(name))) == text);
  }
}

TEST_CASE("other projects' file is read and its content kept", "[model]") {
  SKIP_WITHOUT_SHARED();
  const std::string path = test::shared_data_dir() + "/nas/proxyless-w0.25-r112.json";
  const NetworkConfig network = network::load_network(path);
  const auto theirs = nlohmann::json::parse(base::read_text(path));
  CHECK(nlohmann::json::parse(network::to_text(network)) == theirs);
  CHECK(network::to_text(network) == base::read_text(config_path("proxyless_w0.25_r112")));
}

TEST_CASE("squeeze-and-excitation, middle channels and both block names are read", "[model]") {
  auto json = small();
  auto& operation = json["blocks"][2]["mobile_inverted_conv"];
  operation["mid_channels"] = 40;
  operation["use_se"] = true;
  operation["act_func"] = "h_swish";
  const NetworkConfig network = network::read_network(json, "n.json");
  CHECK(network.blocks[2].as<network::MBConvLayer>()->expanded_channels() == 40);
  CHECK(nlohmann::json::parse(network::to_text(network)) == json);
  const auto before = network::parameter_count(network::read_network(small(), "n.json"));
  // 40 instead of 48 in the middle: two pointwise of 16, depthwise 9, two batch norms of 2. Squeezed to 16: a
  // quarter of 40 is 10, and 8 would be under 90 % of it.
  CHECK(network::parameter_count(network) ==
        before - 8 * (16 + 16 + 9 + 4) + (40 * 16 + 16) + (16 * 40 + 40));

  operation["name"] = "MBConvLayer";
  json["blocks"][2]["name"] = "ResidualBlock";
  json["blocks"][2]["conv"] = operation;
  json["blocks"][2].erase("mobile_inverted_conv");
  CHECK(network::to_text(network::read_network(json, "n.json")) == network::to_text(network));
  json["blocks"][2]["mobile_inverted_conv"] = json["blocks"][2]["conv"];  // of both names the long one
  json["blocks"][2]["conv"]["mid_channels"] = 48;
  CHECK(network::to_text(network::read_network(json, "n.json")) == network::to_text(network));
}

TEST_CASE("width multipliers round like MobileNet's rule", "[model]") {
  CHECK(network::make_divisible(8, 8) == 8);
  CHECK(network::make_divisible(10, 8) == 16);  // 8 would be under 90 %
  CHECK(network::make_divisible(20, 8) == 24);
  CHECK(network::make_divisible(1, 8) == 8);
  network::CompactNetwork compact;
  compact.blocks = "3e1w16 | 5e3s2w32 3e3";
  compact.stem = 32;
  compact.width_multiplier = 0.25;
  const NetworkConfig network = network::expand(compact, "test");
  CHECK(network.first_conv.out_channels == 8);
  CHECK(network.blocks[1].as<network::MBConvLayer>()->out_channels == 8);
  CHECK(network.blocks[2].shortcut);
}

TEST_CASE("a wrong network is refused with its place", "[model]") {
  auto json = small();
  json["blocks"][1]["mobile_inverted_conv"]["in_channels"] = 24;
  CHECK(error_of(json).find("n.json:/blocks/1/mobile_inverted_conv/inverted_bottleneck: takes 24 channels") !=
        std::string::npos);

  json = small();
  json["blocks"][1]["mobile_inverted_conv"]["kernel_sise"] = 3;
  json["blocks"][1]["mobile_inverted_conv"].erase("kernel_size");
  CHECK(error_of(json).find("did you mean 'kernel_sise'") != std::string::npos);

  json = small();
  json["blocks"][1]["mobile_inverted_conv"]["mid_chanels"] = 3;
  CHECK(error_of(json).find("unknown key 'mid_chanels'") != std::string::npos);

  json = small();
  json["blocks"][2]["mobile_inverted_conv"]["name"] = "MBInvertedConvLayr";
  CHECK(error_of(json).find("did you mean 'MBInvertedConvLayer'") != std::string::npos);

  json = small();
  json["first_conv"]["out_channels"] = "8";
  CHECK(error_of(json).find("n.json:/first_conv/out_channels: must be a whole number") != std::string::npos);

  json = small();
  json["first_conv"]["act_func"] = "relu7";
  CHECK(error_of(json).find("unknown activation 'relu7'") != std::string::npos);

  json = small();
  json["blocks"][1]["shortcut"] = {{"name", "IdentityLayer"}};
  CHECK(error_of(json).find("/blocks/1: has a shortcut") != std::string::npos);

  json = small();
  json["blocks"] = 3;
  CHECK(error_of(json).find("n.json:/blocks: must be a list") != std::string::npos);
  CHECK(error_of(nlohmann::json::array()).find("must be an object") != std::string::npos);
  CHECK(error_of(small()) == "accepted");
}

TEST_CASE("a compact line that cannot be read says which block", "[model]") {
  for (const char* line :
       {"", "3e3", "Z", "3e3w8 |", "| 3e3w8", "4e3w8", "3e3w8 3f3", "3e3w8 3e3s", "3e-1w8", "3e3w0"}) {
    INFO(line);
    network::CompactNetwork compact;
    compact.blocks = line;
    CHECK_THROWS_AS(network::expand(compact, "test"), base::UserError);
  }
}
