#include "search/profile/runner_device.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/error.h"
#include "base/stop.h"
#include "network/float_onnx.h"
#include "network/lower.h"
#include "search/cost/operation.h"
#include "search/cost/runner.h"

namespace frugal::search {
namespace {

using Ordered = nlohmann::ordered_json;

Ordered network_json(const network::NetworkConfig& network) {
  return {{"id", 0}, {"kind", "network"}, {"network", network::to_json(network)}};
}

// What the nodes of a piece are called in the model: the last one is the model's output.
Ordered node_names(const std::vector<Piece>& pieces) {
  Ordered names = Ordered::object();
  for (const Piece& piece : pieces) names[piece.name] = {piece.name};
  names[pieces.back().name].push_back("logits");
  return names;
}

class RunnerDevice : public Device {
 public:
  explicit RunnerDevice(const DeviceConfig& config)
      : config_(config), runner_(config.runner, config.runner_timeout_s) {}

  void measure(const std::vector<Piece>& pieces, const Done& done) override {
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      Ordered question = operation_json(pieces[i]);
      // Read again, the piece has a graph of its own.
      if (sends_models()) put_model(*read_operation(nlohmann::json(question), "operation").graph, question);
      done(i, {ask(std::move(question)).ms, 0, 0, 0});
    }
  }

  void measure(const std::vector<network::NetworkConfig>& networks, const Done& done) override {
    for (std::size_t i = 0; i < networks.size(); ++i) {
      Ordered question = network_json(networks[i]);
      if (sends_models()) put_model(*network::lower(networks[i]).graph, question);
      done(i, {ask(std::move(question)).ms, 0, 0, 0});
    }
  }

  void measure_within(const std::vector<network::NetworkConfig>& networks, const std::vector<Piece>& pieces,
                      const Done& done) override {
    if (!sends_models()) return measure(pieces, done);
    std::map<std::string, std::vector<double>> samples;  // by key
    for (const network::NetworkConfig& network : networks) {
      const std::vector<Piece> parts = pieces_of(network);
      Ordered question = network_json(network);
      put_model(*network::lower(network).graph, question);
      question["pieces"] = node_names(parts);
      const Runner::Answer answer = ask(std::move(question));
      for (const Piece& part : parts) {
        const auto found = answer.pieces.find(part.name);
        if (part.is_free() || found == answer.pieces.end()) continue;
        samples[key_of(part, KeyStyle::own).value()].push_back(std::max(found->second, least_ms));
      }
    }
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      std::vector<double>& of_piece = samples[key_of(pieces[i], KeyStyle::own).value()];
      if (of_piece.empty()) {
        measure({pieces[i]}, [&](std::size_t, const Measured& measured) { done(i, measured); });
        continue;
      }
      std::sort(of_piece.begin(), of_piece.end());
      const std::size_t n = of_piece.size();
      done(i, {of_piece[n / 2], of_piece[n / 4], of_piece[n - 1 - n / 4], static_cast<std::int64_t>(n)});
    }
  }

  double reference_ms() const override { return 0; }

 private:
  static constexpr double least_ms = 1e-6;  // of a node that was merged with another one's

  bool sends_models() const { return config_.runtime == "onnxruntime"; }

  static void put_model(const ir::Graph& graph, Ordered& question) {
    question["onnx"] = base::base64(network::made_up_onnx(graph));
  }

  Runner::Answer ask(Ordered question) {
    base::stop_if_requested();
    question["batch"] = config_.batch;
    question["threads"] = config_.threads;
    if (sends_models() && config_.meter.clock == "cpu") question["clock"] = "cpu";
    return runner_.answer(std::move(question));
  }

  DeviceConfig config_;
  Runner runner_;
};

}  // namespace

std::unique_ptr<Device> open_runner(const DeviceConfig& config) {
  if (config.runtime == "onnxruntime" && config.meter.clock == "cpu" && config.threads != 1) {
    throw base::UserError("meter.clock",
                          fmt::format("processor time is no latency with {} threads", config.threads),
                          "use the wall clock, or one thread");
  }
  return std::make_unique<RunnerDevice>(config);
}

std::string onnxruntime_runner() {
  namespace fs = std::filesystem;
  constexpr const char* name = "latency-runner-onnxruntime";
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& folder : {program / "../../scripts", program / "../share/frugal"}) {
    const fs::path script = folder / name;
    if (!fs::exists(script, error)) continue;
    std::string quoted = fs::canonical(script, error).string();
    for (std::size_t at = 0; (at = quoted.find('\'', at)) != std::string::npos; at += 4)
      quoted.replace(at, 1, "'\\''");
    const char* python = std::getenv("FRUGAL_PYTHON");
    return fmt::format("{} '{}'", python != nullptr && *python != '\0' ? python : "python3", quoted);
  }
  throw base::UserError(
      "--runtime", fmt::format("scripts/{} is not beside this program", name),
      fmt::format("give --runner with its path, for example --runner 'frugal/scripts/{}'", name));
}

}  // namespace frugal::search
