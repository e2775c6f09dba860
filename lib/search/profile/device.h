// Where times come from: this machine (torch, deployment form), ONNX Runtime or another machine through a
// runner. One interface, so that the profiler does not care.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "search/profile/meter.h"

namespace frugal::search {

struct DeviceConfig {
  std::string name;  // for people; empty: the processor's own name
  std::int64_t threads = 1, batch = 1;
  bool channels_last = true;
  bool within_networks = true;  // where the profiler knows networks: operations are timed inside them
  MeterConfig meter;
  std::string runtime = "libtorch";  // or "onnxruntime": what runs the network where it is used
  std::string runner;                // command of a device elsewhere; empty: this machine
  double runner_timeout_s = 120;

  void visit(config::Visitor& v);
};

class Device {
 public:
  virtual ~Device() = default;
  // In their order, milliseconds for the whole batch. `done` is called with every result as soon as it is
  // known, so that what was measured is kept whatever happens next.
  using Done = std::function<void(std::size_t index, const Measured& measured)>;
  virtual void measure(const std::vector<Piece>& pieces, const Done& done) = 0;
  virtual void measure(const std::vector<network::NetworkConfig>& networks, const Done& done) = 0;
  // Each piece as it runs inside these networks, all of which are made of `pieces` and what is free. A device
  // elsewhere knows no such thing: piece by piece.
  virtual void measure_within(const std::vector<network::NetworkConfig>& /*networks*/,
                              const std::vector<Piece>& pieces, const Done& done) {
    measure(pieces, done);
  }
  virtual double reference_ms() const = 0;  // 0 where the device has none
};

// reference_ms: of the table that is resumed, else 0. Throws UserError for a clock that does not fit the
// threads.
std::unique_ptr<Device> open_device(const DeviceConfig& config, double reference_ms);

// The command that measures with ONNX Runtime on this machine: scripts/latency-runner-onnxruntime beside the
// build or in share/frugal. UserError where it is in neither.
std::string onnxruntime_runner();

std::string processor_name();
std::string host_name();

// Answers operation lines of standard input, one by one, until it ends: what a runner does.
void serve(const DeviceConfig& config);

}  // namespace frugal::search
