// A device elsewhere, measured through a command of the user's: it reads one JSON object a line on standard
// input and answers one a line on standard output.
//
//   {"id": 3, "key": "mb_conv 16x…", "kind": "mb_conv", "in": [16, 28, 28], "out": [24, 14, 14],
//   "kernel_size": 3,
//    "stride": 2, "mid_channels": 48, …, "batch": 1, "threads": 1}      →  {"id": 3, "ms": 0.412}
//   {"id": 9, "kind": "network", "network": {…net.config…}, …}          →  {"id": 9, "ms": 8.31}
//
// Where the runtime is one that runs models, "onnx" is one of the operation or the network (base64). Of a
// network, "pieces" asks for the milliseconds of its parts too: {"blocks.3": ["blocks.3"], "classifier":
// ["classifier", "logits"]}, by what the names of their nodes begin with, and "pieces": {"blocks.3": 0.21, …}
// answers it.
//
// An answer {"id": 3, "error": "why"} is told as it is. `nas-search profile --serve` is such a command;
// scripts/latency-runner-ssh runs it on another machine.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace frugal::search {

class Runner {
 public:
  // Starts the command through the shell. timeout_s: the longest that one answer may take.
  Runner(const std::string& command, double timeout_s);
  ~Runner();  // closes its input and, where it does not end by itself, ends it
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Milliseconds. Throws UserError where the answer is no JSON, of another id, no positive number, an error
  // of the runner's, late, or where the command ended.
  double ask(nlohmann::ordered_json question);

  struct Answer {
    double ms = 0;
    std::map<std::string, double> pieces;  // what the runner says of them, at least 0
  };
  Answer answer(nlohmann::ordered_json question);

 private:
  std::string read_line();
  [[noreturn]] void died();

  std::string command_, buffer_;
  double timeout_s_;
  pid_t process_ = -1;
  int to_ = -1, from_ = -1;
  std::int64_t next_id_ = 0;
};

}  // namespace frugal::search
