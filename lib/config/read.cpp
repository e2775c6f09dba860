// Reading a struct's fields out of JSON.
#include <nlohmann/json.hpp>

#include "config/config.h"
#include "config/json_node.h"

namespace frugal::config {
namespace {

// Reads fields out of one JSON object; finish() refuses the keys that no field took. A null is a value here:
// an optional number's absence.
class Reader final : public Visitor {
 public:
  explicit Reader(JsonNode node) : node_(std::move(node)) { node_.must_be_object(); }
  void finish() const { node_.refuse_unknown(); }

  void field(const char* name, bool& value, const char*) override {
    if (const auto found = node_.given(name)) value = found->flag();
  }
  void field(const char* name, std::int64_t& value, const Range& range, const char*) override {
    if (const auto found = node_.given(name)) value = found->integer(range);
  }
  void field(const char* name, double& value, const Range& range, const char*) override {
    if (const auto found = node_.given(name)) value = found->number(range);
  }
  void field(const char* name, std::optional<double>& value, const Range& range, const char*) override {
    if (const auto found = node_.given(name)) {
      value = found->is_null() ? std::nullopt : std::optional(found->number(range));
    }
  }
  void field(const char* name, std::string& value, const char*) override {
    if (const auto found = node_.given(name)) value = found->text();
  }
  void field(const char* name, std::vector<std::int64_t>& values, const Range& each, const char*) override {
    if (const auto found = node_.given(name)) values = found->integers(each);
  }
  void field(const char* name, std::vector<double>& values, const Range& each, const char*) override {
    if (const auto found = node_.given(name)) values = found->numbers(each);
  }
  void field(const char* name, std::vector<std::string>& values, const char*) override {
    if (const auto found = node_.given(name)) values = found->texts();
  }
  void field(const char* name, std::map<std::string, std::string>& values, const char*) override {
    if (const auto found = node_.given(name)) {
      values.clear();
      for (const auto& [key, value] : found->members()) values[key] = value.text();
    }
  }
  void field(const char* name, std::map<std::string, double>& values, const Range& each,
             const char*) override {
    if (const auto found = node_.given(name)) {
      values.clear();
      for (const auto& [key, value] : found->members()) values[key] = value.number(each);
    }
  }
  void choice(const char* name, std::string& value, const std::vector<std::string>& choices,
              const char*) override {
    if (const auto found = node_.given(name)) value = found->one_of(choices);
  }

 protected:
  void object_of(const char* name, const VisitOne& visit, const char*) override {
    if (const auto found = node_.given(name)) read_one(*found, visit);
  }
  void list_of(const char* name, const std::function<std::size_t()>&,
               const std::function<void(std::size_t)>& resize,
               const std::function<void(std::size_t, Visitor&)>& visit, const char*) override {
    const auto found = node_.given(name);
    if (!found) return;
    const std::size_t size = found->size();
    resize(0);
    resize(size);
    for (std::size_t i = 0; i < size; ++i) {
      read_one((*found)[i], [&](Visitor& inner) { visit(i, inner); });
    }
  }

 private:
  static void read_one(const JsonNode& node, const VisitOne& visit) {
    Reader inner(node);
    visit(inner);
    inner.finish();
  }

  JsonNode node_;
};

}  // namespace

void read_with(const std::function<void(Visitor&)>& visit, const Source& source) {
  Reader reader{JsonNode(source)};
  visit(reader);
  reader.finish();
}

}  // namespace frugal::config
