#include "checkpoint/strict.h"

#include <vector>

#include "base/error.h"

namespace frugal::checkpoint {

bool never_read(const std::string& name) { return name.ends_with("num_batches_tracked"); }

void refuse_others(const SafetensorsFile& file, const std::set<std::string>& wanted,
                   const std::string& prefix) {
  std::vector<std::string> absent;
  for (const std::string& name : wanted) {
    if (file.find(name) == nullptr) absent.push_back(name);
  }
  for (const TensorInfo& info : file.tensors()) {
    if (wanted.contains(info.name) || never_read(info.name) || !info.name.starts_with(prefix)) continue;
    throw base::UserError(
        file.path() + ":" + info.name, "is no tensor of this network",
        absent.empty() ? "are these the weights of another network?" : base::suggest(info.name, absent));
  }
}

}  // namespace frugal::checkpoint
