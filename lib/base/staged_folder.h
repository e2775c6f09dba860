// A folder that appears whole or not at all. It is written aside (NAME.part beside it) and renamed into
// place, so that a program that dies leaves what was there before. What lies aside is locked while it is
// written: a second process on the same output is refused, and what a killed one left is cleared by the next.
//
// A folder of that name may be there already where it holds nothing but `replaceable` files, those that an
// earlier write says it wrote: it is exchanged in one step. Anything else in it is the user's, and is
// refused, not deleted.
#pragma once

#include <set>
#include <string>

namespace frugal::base {

class StagedFolder {
 public:
  // UserError: `folder` holds other files, or another process writes it. Failure: no place beside it.
  explicit StagedFolder(const std::string& folder, const std::set<std::string>& replaceable = {});
  ~StagedFolder();  // without commit(): nothing is left
  StagedFolder(const StagedFolder&) = delete;
  StagedFolder& operator=(const StagedFolder&) = delete;

  const std::string& path() const { return aside_; }  // write here
  std::set<std::string> files() const;                // written so far, relative to path()
  void commit();

 private:
  void lock();
  void discard();
  void refuse_foreign() const;

  std::string folder_, aside_;
  std::set<std::string> replaceable_;
  int descriptor_ = -1;
};

}  // namespace frugal::base
