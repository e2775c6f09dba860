// Our batch norm with its clip against the same in double precision, on one process and on two.
#include "model/kernels/batch_norm.h"

#include <torch/torch.h>

#include <barrier>
#include <limits>
#include <thread>
#include <vector>

#include "support/test.h"
#include "tensor/layout.h"

using namespace frugal;

namespace {

constexpr double momentum = 0.1, eps = 1e-3;
constexpr float infinity = std::numeric_limits<float>::infinity();

struct Results {
  torch::Tensor y, dx, d_weight, d_bias, mean, var;
};

struct Problem {
  torch::Tensor x, weight, bias, running_mean, running_var, dy;
  float low = 0, high = 6;
};

// Channels far from zero and of different spread, as an untrained network has them.
Problem problem(std::int64_t batch, std::int64_t channels, std::int64_t height, std::int64_t width) {
  torch::manual_seed(static_cast<std::uint64_t>(channels));
  Problem p;
  const auto per_channel = [&](double low, double high) {
    return torch::empty({channels}).uniform_(low, high);
  };
  p.x = torch::randn({batch, channels, height, width}) * per_channel(0.1, 3).view({1, channels, 1, 1}) +
        per_channel(-4, 4).view({1, channels, 1, 1});
  p.weight = per_channel(0.5, 2);
  p.bias = per_channel(-1, 3);
  p.running_mean = per_channel(-1, 1);
  p.running_var = per_channel(0.5, 2);
  p.dy = torch::randn_like(p.x);
  return p;
}

Results ours(const Problem& p, const model::SumOverProcesses& sum = {}) {
  const torch::Tensor x = p.x.detach().clone().requires_grad_();
  const torch::Tensor weight = p.weight.clone().requires_grad_(), bias = p.bias.clone().requires_grad_();
  Results r;
  r.mean = p.running_mean.clone();
  r.var = p.running_var.clone();
  r.y = model::batch_norm_clip(x, {weight, bias, r.mean, r.var}, {momentum, eps, p.low, p.high}, sum);
  r.y.backward(p.dy);
  r.dx = x.grad();
  r.d_weight = weight.grad();
  r.d_bias = bias.grad();
  return r;
}

Results exact(const Problem& p) {
  const torch::Tensor x = p.x.to(torch::kFloat64).requires_grad_();
  const torch::Tensor weight = p.weight.to(torch::kFloat64).requires_grad_();
  const torch::Tensor bias = p.bias.to(torch::kFloat64).requires_grad_();
  Results r;
  r.mean = p.running_mean.to(torch::kFloat64);
  r.var = p.running_var.to(torch::kFloat64);
  const torch::Tensor z = torch::batch_norm(x, weight, bias, r.mean, r.var, true, momentum, eps, false);
  r.y = torch::clamp(z, static_cast<double>(p.low), static_cast<double>(p.high));
  r.y.backward(p.dy.to(torch::kFloat64));
  r.dx = x.grad();
  r.d_weight = weight.grad();
  r.d_bias = bias.grad();
  return r;
}

double relative(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a.to(torch::kFloat64) - b).abs().max() / b.abs().max()).item<double>();
}

void check(const Results& got, const Results& want) {
  CHECK(relative(got.y.detach(), want.y.detach()) < 2e-6);
  CHECK(relative(got.dx, want.dx) < 1e-5);
  CHECK(relative(got.d_weight, want.d_weight) < 1e-5);
  CHECK(relative(got.d_bias, want.d_bias) < 1e-5);
  CHECK(relative(got.mean, want.mean) < 1e-6);
  CHECK(relative(got.var, want.var) < 1e-6);
}

}  // namespace

TEST_CASE("batch norm with a clip is that of double precision", "[model]") {
  for (const std::int64_t channels : {1, 3, 8, 33, 40}) {
    for (const bool nhwc : {true, false}) {
      for (const float high : {6.0F, infinity}) {
        INFO(channels << " channels, " << (nhwc ? "NHWC" : "NCHW") << ", clipped at " << high);
        Problem p = problem(5, channels, 9, 7);
        p.high = high;
        if (high == infinity && channels == 33) p.low = -infinity;  // no activation
        const Results want = exact(p);
        if (nhwc) p.x = tensor::channels_last(p.x);
        check(ours(p), want);
      }
    }
  }
}

TEST_CASE("two processes share the statistics of the whole batch", "[model]") {
  for (const std::int64_t channels : {3, 33}) {
    INFO(channels << " channels");
    const Problem whole = problem(6, channels, 8, 5);
    const Results want = exact(whole);
    // Uneven shares, as the last batch of an epoch has them.
    const std::vector<std::pair<std::int64_t, std::int64_t>> shares = {{0, 4}, {4, 6}};
    std::vector<Results> got(2);
    std::vector<double> sums;
    std::barrier meet(2);
    std::mutex mutex;
    const auto process = [&](std::size_t rank) {
      const model::SumOverProcesses sum = [&](double* values, std::int64_t count) {
        {
          const std::lock_guard lock(mutex);
          if (sums.empty()) sums.assign(static_cast<std::size_t>(count), 0.0);
          for (std::int64_t i = 0; i < count; ++i) sums[static_cast<std::size_t>(i)] += values[i];
        }
        meet.arrive_and_wait();
        std::copy(sums.begin(), sums.end(), values);
        meet.arrive_and_wait();
        if (rank == 0) sums.clear();
        meet.arrive_and_wait();
      };
      Problem p = whole;
      p.x = whole.x.slice(0, shares[rank].first, shares[rank].second);
      p.dy = whole.dy.slice(0, shares[rank].first, shares[rank].second);
      got[rank] = ours(p, sum);
    };
    std::thread other(process, 1);
    process(0);
    other.join();
    CHECK(torch::equal(got[0].mean, got[1].mean));
    CHECK(torch::equal(got[0].var, got[1].var));
    Results joined = got[0];
    joined.y = torch::cat({got[0].y.detach(), got[1].y.detach()});
    joined.dx = torch::cat({got[0].dx, got[1].dx});
    joined.d_weight = got[0].d_weight + got[1].d_weight;  // the optimiser's sum over processes
    joined.d_bias = got[0].d_bias + got[1].d_bias;
    check(joined, want);
  }
}
