#include "network/import/weights_file.h"

#include "base/error.h"
#include "ir/operator.h"

namespace frugal::network {

std::span<const unsigned char> stored_bytes(const checkpoint::SafetensorsFile& file, const std::string& name,
                                            checkpoint::DType type, const ir::Dims& shape) {
  const checkpoint::TensorInfo& info = file.at(name);
  if (info.dtype != type || info.shape != shape) {
    throw base::UserError(file.path() + ": " + name,
                          ir::words("is ", checkpoint::name_of(info.dtype), " ", info.shape, ", needs ",
                                    checkpoint::name_of(type), " ", shape));
  }
  return file.bytes(info);
}

}  // namespace frugal::network
