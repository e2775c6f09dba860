// The whole effective config as JSON, and as one line of help a field.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "config/config.h"
#include "config/internal.h"

namespace frugal::config {
namespace {

using Json = nlohmann::json;

class Printer final : public Visitor {
 public:
  explicit Printer(Json& out) : out_(out) { out_ = Json::object(); }
  void field(const char* name, bool& value, const char*) override { out_[name] = value; }
  void field(const char* name, std::int64_t& value, const Range&, const char*) override {
    out_[name] = value;
  }
  void field(const char* name, double& value, const Range&, const char*) override { out_[name] = value; }
  void field(const char* name, std::optional<double>& value, const Range&, const char*) override {
    out_[name] = value ? Json(*value) : Json();
  }
  void field(const char* name, std::string& value, const char*) override { out_[name] = value; }
  void field(const char* name, std::vector<std::int64_t>& values, const Range&, const char*) override {
    out_[name] = values;
  }
  void field(const char* name, std::vector<double>& values, const Range&, const char*) override {
    out_[name] = values;
  }
  void field(const char* name, std::vector<std::string>& values, const char*) override {
    out_[name] = values;
  }
  void field(const char* name, std::map<std::string, std::string>& values, const char*) override {
    out_[name] = values;
  }
  void field(const char* name, std::map<std::string, double>& values, const Range&, const char*) override {
    out_[name] = values;
  }
  void choice(const char* name, std::string& value, const std::vector<std::string>&, const char*) override {
    out_[name] = value;
  }

 protected:
  void object_of(const char* name, const VisitOne& visit, const char*) override {
    Printer inner(out_[name]);
    visit(inner);
  }
  void list_of(const char* name, const std::function<std::size_t()>& size,
               const std::function<void(std::size_t)>&,
               const std::function<void(std::size_t, Visitor&)>& visit, const char*) override {
    Json& list = out_[name] = Json::array();
    for (std::size_t i = 0; i < size(); ++i) {
      list.push_back(Json::object());
      Printer inner(list.back());
      visit(i, inner);
    }
  }

 private:
  Json& out_;
};

// One line a field, for --help-config and the documentation.
class Describer final : public Visitor {
 public:
  explicit Describer(std::string& out, std::string path = "") : out_(out), path_(std::move(path)) {}
  void field(const char* name, bool& value, const char* help) override { line(name, Json(value), "", help); }
  void field(const char* name, std::int64_t& value, const Range& range, const char* help) override {
    line(name, Json(value), range.text(), help);
  }
  void field(const char* name, double& value, const Range& range, const char* help) override {
    line(name, Json(value), range.text(), help);
  }
  void field(const char* name, std::optional<double>& value, const Range& range, const char* help) override {
    line(name, value ? Json(*value) : Json(), range.text(), help);
  }
  void field(const char* name, std::string& value, const char* help) override {
    line(name, Json(value), "", help);
  }
  void field(const char* name, std::vector<std::int64_t>& values, const Range& each,
             const char* help) override {
    line(name, Json(values), each.text(), help);
  }
  void field(const char* name, std::vector<double>& values, const Range& each, const char* help) override {
    line(name, Json(values), each.text(), help);
  }
  void field(const char* name, std::vector<std::string>& values, const char* help) override {
    line(name, Json(values), "", help);
  }
  void field(const char* name, std::map<std::string, std::string>& values, const char* help) override {
    line(name, Json(values), "", help);
  }
  void field(const char* name, std::map<std::string, double>& values, const Range& each,
             const char* help) override {
    line(name, Json(values), each.text(), help);
  }
  void choice(const char* name, std::string& value, const std::vector<std::string>& choices,
              const char* help) override {
    line(name, Json(value), fmt::format("one of {}", fmt::join(choices, ", ")), help);
  }

 protected:
  void object_of(const char* name, const VisitOne& visit, const char*) override {
    Describer inner(out_, path_ + name + ".");
    visit(inner);
  }
  void list_of(const char* name, const std::function<std::size_t()>&, const std::function<void(std::size_t)>&,
               const std::function<void(std::size_t, Visitor&)>&, const char* help) override {
    line(name, Json::array(), "a list of objects", help);
  }

 private:
  void line(const char* name, const Json& value, const std::string& range, const char* help) {
    out_ += fmt::format("  {:<34} {:<14} {}{}\n", path_ + name, value.dump(), help,
                        range.empty() ? "" : " (" + range + ")");
  }
  std::string& out_;
  std::string path_;
};

}  // namespace

void print_with(const std::function<void(Visitor&)>& visit, Json& out) {
  Printer printer(out);
  visit(printer);
}

std::string describe_with(const std::function<void(Visitor&)>& visit) {
  std::string text;
  Describer describer(text);
  visit(describer);
  return text;
}

std::string to_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}
std::string hash(const Json& json) {
  return base::hash_hex(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace frugal::config
