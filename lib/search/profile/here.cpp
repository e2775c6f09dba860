#include "search/profile/here.h"

#include "search/profile/device.h"

namespace frugal::search {

std::optional<double> measured_here(const LatencyTable& table, const network::NetworkConfig& network) {
  if (table.style != KeyStyle::own || table.host != host_name() || table.device != processor_name())
    return {};
  DeviceConfig config;
  config.threads = table.threads;
  config.batch = table.batch;
  if (!table.runtime.empty()) config.runtime = table.runtime;
  std::optional<double> ms;
  open_device(config, table.reference_ms)->measure({network}, [&](std::size_t, const Measured& measured) {
    ms = measured.ms;
  });
  return ms;
}

}  // namespace frugal::search
