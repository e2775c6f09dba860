// A search's folder, as `nas-search report` reads it: any files give a page a target, or a UserError.

#include "base/error.h"
#include "fuzz/folder.h"
#include "search/run/report_read.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static fuzz::Folder folder;
  folder.fill({reinterpret_cast<const char*>(bytes), size},
              {"search.json", "events.jsonl", "check.json", "networks.jsonl"});
  search::SearchReportFiles files;
  files.folder = folder.path();
  for (const bool with_check : {false, true}) {
    if (with_check) files.check = folder.path() + "/check.json";
    files.networks = {folder.path() + "/networks.jsonl"};
    try {
      for (const std::string& page : search::search_pages(files))
        FRUGAL_ASSERT(page.find("</html>") != std::string::npos, "a page has an end");
    } catch (const base::UserError&) {
    }
  }
  return 0;
}
