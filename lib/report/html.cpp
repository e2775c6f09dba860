#include "report/html.h"

#include <fmt/format.h>

namespace frugal::report {
namespace {

constexpr const char* style = R"(
body { font: 15px/1.5 Helvetica, Arial, sans-serif; color: #1b1b1b; background: #fff; max-width: 60em;
       margin: 2em auto; padding: 0 1.2em; }
h1 { font-size: 1.6em; margin-bottom: 0; } h2 { font-size: 1.2em; margin: 1.8em 0 .5em; border-bottom: 1px solid #ccc; }
p.subtitle { color: #444; margin-top: .2em; }
table { border-collapse: collapse; margin: .6em 0; font-size: .92em; }
caption { text-align: left; color: #333; padding-bottom: .3em; }
th, td { padding: .25em .8em; text-align: right; border-bottom: 1px solid #ddd; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; }
td:first-child, td:last-child { overflow-wrap: anywhere; min-width: 6em; } th { border-bottom: 2px solid #888; }
div.table { overflow-x: auto; max-width: 100%; }
p, li, caption, figcaption { overflow-wrap: anywhere; }
figure { margin: 1em 0; } figcaption { color: #333; font-size: .92em; } svg { max-width: 100%; height: auto; }
pre { background: #f6f6f6; padding: .8em; overflow-x: auto; font-size: .85em; }
li { margin: .2em 0; }
@media (max-width: 700px) {
  body { padding: 0 .6em; margin: .8em auto; } th, td { padding: .2em .35em; }
  table.wide tr:first-child { display: none; } table.wide, table.wide caption, table.wide tbody { display: block; }
  table.wide tr { display: block; border-bottom: 2px solid #888; padding: .3em 0; }
  table.wide td { display: block; border: 0; text-align: left; padding: .05em .35em; overflow-wrap: anywhere; }
  table.wide td:empty { display: none; }
  table.wide td[data-label]::before { content: attr(data-label) ": "; color: #777; }
}
@media (prefers-color-scheme: dark) {
  body { color: #e4e4e4; background: #181818; } h2 { border-color: #555; }
  p.subtitle, caption, figcaption { color: #b8b8b8; } th, td { border-color: #444; }
  pre { background: #242424; } a { color: #8ab4f8; } svg { background: #fff; border-radius: 4px; }
}
@media print { body { margin: 0; max-width: none; } details { display: none; } }
)";

}  // namespace

std::string escape(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Page::Page(std::string title, std::string subtitle)
    : title_(std::move(title)), subtitle_(std::move(subtitle)) {}

Page& Page::section(const std::string& heading) {
  body_ += fmt::format("<h2>{}</h2>\n", escape(heading));
  return *this;
}
Page& Page::paragraph(const std::string& text) {
  body_ += fmt::format("<p>{}</p>\n", escape(text));
  return *this;
}
Page& Page::list(const std::vector<std::string>& items) {
  body_ += "<ul>\n";
  for (const std::string& item : items) body_ += fmt::format("<li>{}</li>\n", escape(item));
  body_ += "</ul>\n";
  return *this;
}
Page& Page::table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows,
                  const std::string& caption) {
  // On a phone each row of many columns becomes a card, its cells named.
  const bool wide = header.size() > 4;
  body_ += fmt::format("<div class=\"table\"><table{}>\n", wide ? " class=\"wide\"" : "");
  if (!caption.empty()) body_ += fmt::format("<caption>{}</caption>\n", escape(caption));
  body_ += "<tr>";
  for (const std::string& cell : header) body_ += fmt::format("<th>{}</th>", escape(cell));
  body_ += "</tr>\n";
  for (const auto& row : rows) {
    body_ += "<tr>";
    for (std::size_t k = 0; k < row.size(); ++k) {
      const bool named = wide && k < header.size() && !header[k].empty();
      body_ += fmt::format("<td{}>{}</td>", named ? fmt::format(" data-label=\"{}\"", escape(header[k])) : "",
                           escape(row[k]));
    }
    body_ += "</tr>\n";
  }
  body_ += "</table></div>\n";
  return *this;
}
Page& Page::figure(const std::string& svg, const std::string& caption) {
  body_ += "<figure>\n" + svg;
  if (!caption.empty()) body_ += fmt::format("<figcaption>{}</figcaption>\n", escape(caption));
  body_ += "</figure>\n";
  return *this;
}
Page& Page::details(const std::string& summary, const std::string& preformatted) {
  body_ += fmt::format("<details><summary>{}</summary><pre>{}</pre></details>\n", escape(summary),
                       escape(preformatted));
  return *this;
}

std::string Page::text() const {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title><style>{}</style></head><body>\n<h1>{}</h1>\n{}{}</body></html>\n",
      escape(title_), style, escape(title_),
      subtitle_.empty() ? "" : fmt::format("<p class=\"subtitle\">{}</p>\n", escape(subtitle_)), body_);
}

}  // namespace frugal::report
