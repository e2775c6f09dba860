// Which of several processes makes a run: one claims it, by a locked file of its name in FOLDER/.claims, and
// the others pass it over. The lock goes with the process and the trainer that it started, however they
// end, so that a run of those that were killed is free again. What failed stays noted in the file, so that
// each run is tried once, not once by every process.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace frugal::campaign {

class Claims {
 public:
  // Of these runs it is noted now how often they have failed.
  Claims(const std::string& folder, const std::vector<std::string>& ids);
  ~Claims();
  Claims(const Claims&) = delete;
  Claims& operator=(const Claims&) = delete;

  enum class Taken {
    ours,
    others,
    failed_since
  };  // failed_since: another process made it meanwhile, and failed
  Taken take(const std::string& id);
  // For the program that makes the run: inherited, it holds the claim though this process is killed.
  int descriptor(const std::string& id) const { return held_.at(id); }
  void worked(const std::string& id);
  void failed(const std::string& id);
  void let_go(const std::string& id);  // as if it had never been taken

 private:
  std::string path(const std::string& id) const;

  std::string folder_;
  std::map<std::string, std::string> before_;  // what the file said
  std::map<std::string, int> held_;            // descriptors
};

}  // namespace frugal::campaign
