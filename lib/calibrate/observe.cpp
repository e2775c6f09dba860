#include "calibrate/observe.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "ir/integer_scale.h"
#include "ir/model.h"
#include "quant/ordered.h"
#include "quant/program.h"

namespace frugal::calibrate {
namespace {

using ir::index;
using ir::TensorId;

constexpr std::size_t observed_at_once = 16;

// Runs `visit(place of the first, examples)` over the examples, some at a time.
template <typename Visit>
void by_batches(const std::vector<std::size_t>& which, const Visit& visit) {
  for (std::size_t first = 0; first < which.size(); first += observed_at_once)
    visit(first, std::span(which).subspan(first, std::min(observed_at_once, which.size() - first)));
}

// One image's int8 (or float) values of a tensor beside the float network's.
void compare(const quant::Program& program, const quant::Workspace& workspace, TensorId id,
             std::span<const float> real, Distance& sum) {
  const ir::Tensor& tensor = program.graph().tensor(id);
  const auto add = [&](double x, double y) {
    sum.signal += x * x;
    sum.noise += (x - y) * (x - y);
    ++sum.count;
  };
  if (tensor.type == ir::DataType::float32) {
    const std::vector<float> given = program.get<float>(workspace, id);
    for (std::size_t i = 0; i < real.size(); ++i) add(real[i], given[i]);
    return;
  }
  if (!tensor.quantization) {  // token numbers
    for (const float x : real) add(x, x);
    return;
  }
  const std::vector<std::int8_t> given = program.get<std::int8_t>(workspace, id);
  const double scale = ir::scale_of(tensor), zero = static_cast<double>(ir::zero_point_of(tensor));
  const double low = (-128.5 - zero) * scale, high = (127.5 - zero) * scale;
  for (std::size_t i = 0; i < real.size(); ++i) {
    add(real[i], scale * (given[i] - zero));
    sum.clipped += real[i] < low || real[i] > high ? 1 : 0;
  }
}

}  // namespace

std::vector<quant::ValueRange> ranges_of(const FloatNetwork& network, const ir::Graph& folded,
                                         const std::vector<quant::StoredLayer>& layers,
                                         const adapt::Examples& examples,
                                         const std::vector<std::size_t>& which,
                                         const quant::CalibrationChoice& choice, const std::string& origin) {
  const TensorId image = folded.inputs.front();
  std::vector<bool> wanted(folded.tensors.size(), false);
  for (const TensorId id : quant::values_with_a_range(folded, layers)) wanted[index(id)] = true;
  const auto known = examples.range();
  if (known) wanted[index(image)] = false;

  std::vector<quant::Extremes> extremes(wanted.size());
  const auto see_all = [&](auto& what) {
    by_batches(which, [&](std::size_t, std::span<const std::size_t> part) {
      network.run(examples, part, wanted,
                  [&](TensorId id, const std::vector<float>& numbers) { what.at(index(id)).add(numbers); });
    });
  };
  see_all(extremes);
  std::map<std::size_t, quant::Histogram> seen;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (extremes[i].not_finite > 0)
      throw base::UserError(
          origin + ": " + folded.tensors[i].name,
          "gives numbers that are not finite on " + std::to_string(which.size()) + " calibration images",
          "its weights or batch norm are damaged, or data.mean and data.std are not those "
          "of its training");
    if (wanted[i]) seen.emplace(i, extremes[i]);
  }
  see_all(seen);
  std::vector<quant::ValueRange> ranges(wanted.size());
  if (known) ranges[index(image)] = {known->first, known->second};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i]) ranges[i] = quant::choose_range(seen.at(i), choice);
  }
  return ranges;
}

std::vector<Distance> distances_of(const FloatNetwork& network, const ir::Graph& folded,
                                   const quant::Int8Network& made, const adapt::Examples& examples,
                                   const std::vector<std::size_t>& which, const quant::Samples& samples,
                                   std::size_t threads, const std::string& origin) {
  const quant::Program program(made.model, origin, quant::Program::Memory::keep_all);
  const quant::Parameters parameters(made.model, program.layouts());
  std::vector<quant::Workspace> workspaces;
  for (std::size_t i = 0; i < std::max<std::size_t>(1, threads); ++i)
    workspaces.emplace_back(program, parameters);

  // What is compared with what, and the float values of a batch.
  std::vector<TensorId> given{made.model.graph.inputs.front()};
  std::vector<std::size_t> place(folded.tensors.size(), 0);
  std::vector<bool> wanted(folded.tensors.size(), false);
  wanted[index(folded.inputs.front())] = true;
  for (const quant::Int8Layer& layer : made.layers) {
    place[index(layer.step.value)] = given.size();
    wanted[index(layer.step.value)] = true;
    given.push_back(layer.value);
  }
  std::vector<Distance> sums(given.size());
  by_batches(which, [&](std::size_t first, std::span<const std::size_t> part) {
    std::vector<std::vector<float>> real(given.size());
    network.run(examples, part, wanted, [&](TensorId id, std::vector<float> numbers) {
      real[place[index(id)]] = std::move(numbers);
    });
    const std::size_t size = part.size();
    std::vector<std::vector<Distance>> of_image(size);
    quant::in_order(
        size, workspaces.size(),
        [&](std::size_t item, std::size_t worker) {
          quant::Workspace& workspace = workspaces[worker];
          program.put_bytes(workspace, given[0], samples.image(first + item));
          program.run(workspace, ir::whole(program.graph()));
          of_image[item].resize(given.size());
          for (std::size_t i = 0; i < given.size(); ++i) {
            const std::size_t each = real[i].size() / size;
            compare(program, workspace, given[i], std::span(real[i]).subspan(item * each, each),
                    of_image[item][i]);
          }
        },
        [&](std::size_t item, std::size_t) {
          for (std::size_t i = 0; i < given.size(); ++i) {
            sums[i].signal += of_image[item][i].signal;
            sums[i].noise += of_image[item][i].noise;
            sums[i].clipped += of_image[item][i].clipped;
            sums[i].count += of_image[item][i].count;
          }
        });
  });
  return sums;
}

}  // namespace frugal::calibrate
