// The whole effective config as JSON.
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "config/config.h"

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

}  // namespace

void print_with(const std::function<void(Visitor&)>& visit, Json& out) {
  Printer printer(out);
  visit(printer);
}

std::string to_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}
std::string hash(const Json& json) {
  return base::hash_hex(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace frugal::config
