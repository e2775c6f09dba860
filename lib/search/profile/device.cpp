#include "search/profile/device.h"

#include <fmt/format.h>
#include <torch/torch.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/stop.h"
#include "config/config.h"
#include "config/json_node.h"
#include "search/cost/operation.h"
#include "search/profile/module.h"
#include "search/profile/runner_device.h"
#include "tensor/device.h"

namespace frugal::search {
namespace {

using Work = std::function<void()>;

class ThisMachine : public Device {
 public:
  ThisMachine(const DeviceConfig& config, double reference_ms)
      : config_(config), meter_(start(config), reference_ms, config.channels_last) {}

  void measure(const std::vector<Piece>& pieces, const Done& done) override {
    in_groups(
        pieces.size(),
        [&](std::size_t i) { return work_of(deployed(pieces[i], config_.channels_last), pieces[i].in); },
        done);
  }

  void measure(const std::vector<network::NetworkConfig>& networks, const Done& done) override {
    in_groups(
        networks.size(),
        [&](std::size_t i) {
          const network::NetworkConfig& network = networks[i];
          return work_of(deployed(network, config_.channels_last),
                         {network.input_channels(), network.resolution, network.resolution});
        },
        done);
  }

  void measure_within(const std::vector<network::NetworkConfig>& networks, const std::vector<Piece>& pieces,
                      const Done& done) override {
    std::map<std::string, std::size_t> index;  // by key
    for (std::size_t i = 0; i < pieces.size(); ++i) index[key_of(pieces[i], KeyStyle::own).value()] = i;
    const c10::InferenceMode inference;
    std::map<std::string, Forward> forwards;  // an operation has other weights in each block
    const auto x = std::make_shared<torch::Tensor>();
    std::vector<Meter::Chain> chains;
    for (const network::NetworkConfig& network : networks) {
      const torch::Tensor input =
          made_up_input({network.input_channels(), network.resolution, network.resolution}, config_.batch,
                        config_.channels_last);
      Meter::Chain chain{[x, input] { *x = input; }, {}};
      for (const Piece& piece : pieces_of(network)) {
        if (piece.is_free()) continue;
        const std::string key = key_of(piece, KeyStyle::own).value();
        Forward& forward = forwards[piece.name + " " + key];
        if (!forward) forward = deployed(piece, config_.channels_last);
        chain.steps.push_back({index.at(key), [x, forward] { *x = forward(*x); }});
      }
      chains.push_back(std::move(chain));
    }
    const std::vector<Measured> measured = meter_.measure_within(chains, pieces.size());
    for (std::size_t i = 0; i < measured.size(); ++i) done(i, measured[i]);
  }

  double reference_ms() const override { return meter_.reference_ms(); }

 private:
  static const MeterConfig& start(const DeviceConfig& config) {
    if (config.meter.clock == "cpu" && config.threads != 1) {
      throw base::UserError("meter.clock",
                            fmt::format("processor time is no latency with {} threads", config.threads),
                            "use the wall clock, or one thread");
    }
    tensor::set_threads(static_cast<int>(config.threads));
    tensor::seed_torch(0);
    return config.meter;
  }

  Work work_of(Forward forward, const network::Shape& shape) const {
    const torch::Tensor input = made_up_input(shape, config_.batch, config_.channels_last);
    return [forward = std::move(forward), input] { forward(input); };
  }

  // Groups bound the memory and what a kill loses.
  void in_groups(std::size_t count, const std::function<Work(std::size_t)>& make, const Done& done) {
    constexpr std::size_t group = 24;
    for (std::size_t from = 0; from < count; from += group) {
      const c10::InferenceMode inference;
      std::vector<Work> work;
      for (std::size_t i = from; i < std::min(count, from + group); ++i) work.push_back(make(i));
      const std::vector<Measured> measured = meter_.measure(work);
      for (std::size_t i = 0; i < measured.size(); ++i) done(from + i, measured[i]);
    }
  }

  DeviceConfig config_;
  Meter meter_;
};

}  // namespace

void DeviceConfig::visit(config::Visitor& v) {
  v.field("device", name, "a name of the device for people; empty: the processor's");
  v.field("threads", threads, config::between(1, 1024), "threads that an inference uses");
  v.field("batch", batch, config::between(1, 65536), "images of an inference; times are of the whole batch");
  v.field("channels_last", channels_last, "memory order NHWC");
  v.field("within_networks", within_networks,
          "time operations inside networks of the space, with caches as in use; false: each alone");
  v.object("meter", meter, "how times are taken");
  v.choice("runtime", runtime, {"libtorch", "onnxruntime"}, "what runs the network where it is used");
  v.field("runner", runner, "command that measures elsewhere: operation lines in, latency lines out");
  v.field("runner_timeout_s", runner_timeout_s, config::greater_than(0), "longest wait for one answer");
}

std::unique_ptr<Device> open_device(const DeviceConfig& config, double reference_ms) {
  if (!config.runner.empty()) return open_runner(config);
  if (config.runtime == "onnxruntime") {
    DeviceConfig here = config;
    here.runner = onnxruntime_runner();
    return open_runner(here);
  }
  return std::make_unique<ThisMachine>(config, reference_ms);
}

std::string processor_name() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    if (line.starts_with("model name")) return line.substr(std::min(line.size(), line.find(':') + 2));
  }
  return "cpu";
}

std::string host_name() {
  char host[256] = "unknown";
  gethostname(host, sizeof host - 1);
  return host;
}

void serve(const DeviceConfig& config) {
  DeviceConfig own = config;
  own.runner.clear();
  std::unique_ptr<Device> device;
  for (std::string line; std::getline(std::cin, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    base::stop_if_requested();
    nlohmann::ordered_json answer;
    try {
      const nlohmann::json json = config::parse(line, "operation");
      const config::JsonNode question(json, "operation");
      answer["id"] = question.integer_or("id", 0);
      // What the other side asks for counts, where it says so.
      const auto threads = question.integer_or("threads", own.threads, config::between(0, 4096));
      const auto batch = question.integer_or("batch", own.batch, config::between(1, 65536));
      if (!device || threads != own.threads || batch != own.batch) {
        own.threads = threads;
        own.batch = batch;
        device = open_device(own, 0);
      }
      const auto done = [&](std::size_t, const Measured& measured) { answer["ms"] = measured.ms; };
      if (question.text_or("kind", "") == "network") {
        device->measure(std::vector{network::read_network(question["network"].json(), "network")}, done);
      } else {
        device->measure(std::vector{read_operation(json, "operation")}, done);
      }
    } catch (const base::UserError& error) {
      answer["error"] = error.what();
    }
    std::cout << answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
  }
}

}  // namespace frugal::search
