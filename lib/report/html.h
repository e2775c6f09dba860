// A report page: one HTML file that needs no network, with its style and its plots inside. Text is escaped;
// only what svg() gives is put in as it is.
#pragma once

#include <string>
#include <vector>

namespace frugal::report {

std::string escape(const std::string& text);  // & < > "

class Page {
 public:
  explicit Page(std::string title, std::string subtitle = "");

  Page& section(const std::string& heading);
  Page& paragraph(const std::string& text);
  Page& list(const std::vector<std::string>& items);
  Page& table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows,
              const std::string& caption = "");
  Page& figure(const std::string& svg, const std::string& caption = "");
  // Folded away until asked for: a config, raw results.
  Page& details(const std::string& summary, const std::string& preformatted);

  std::string text() const;

 private:
  std::string title_, subtitle_, body_;
};

}  // namespace frugal::report
