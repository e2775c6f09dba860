// A search's folder as a report: search.json, events.jsonl, and what `nas-search profile --check` answered.
#pragma once

#include <string>
#include <vector>

#include "search/run/report.h"

namespace frugal::search {

struct SearchReportFiles {
  std::string folder;                 // of a search: search.json, events.jsonl
  std::string trained;                // result.json of `nas-search train` on what was found; empty: none
  std::string check;                  // answer of `nas-search profile --check`; empty: none
  std::vector<std::string> networks;  // JSONL: {"series", "name", "latency_ms", "accuracy"} a line
};

// One page a target of the search (one for each device), in order. Throws UserError naming file and key.
std::vector<std::string> search_pages(const SearchReportFiles& files);

}  // namespace frugal::search
