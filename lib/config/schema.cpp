// A config described: for people (--help-config) and as a JSON Schema (--schema), from one list of its
// fields.
#include "config/schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "config/internal.h"

namespace frugal::config {
namespace {

using Json = nlohmann::json;
using Ordered = nlohmann::ordered_json;

enum class Type { flag, whole, number, text, object };
enum class Shape { one, optional, list, dictionary };

struct Field {
  std::string name;
  Type type = Type::object;
  Shape shape = Shape::one;
  Json otherwise;  // the default
  Range range;
  std::vector<std::string> choices;  // of a text; empty: any
  std::string help;
  std::vector<Field> members;  // of an object, or of each object of a list
};

// Collects the fields of a config that holds its defaults.
class Collector final : public Visitor {
 public:
  std::vector<Field> fields;

  void field(const char* name, bool& value, const char* help) override {
    add(name, Type::flag, Shape::one, value, help);
  }
  void field(const char* name, std::int64_t& value, const Range& range, const char* help) override {
    add(name, Type::whole, Shape::one, value, help).range = range;
  }
  void field(const char* name, double& value, const Range& range, const char* help) override {
    add(name, Type::number, Shape::one, value, help).range = range;
  }
  void field(const char* name, std::optional<double>& value, const Range& range, const char* help) override {
    add(name, Type::number, Shape::optional, value ? Json(*value) : Json(), help).range = range;
  }
  void field(const char* name, std::string& value, const char* help) override {
    add(name, Type::text, Shape::one, value, help);
  }
  void field(const char* name, std::vector<std::int64_t>& values, const Range& each,
             const char* help) override {
    add(name, Type::whole, Shape::list, values, help).range = each;
  }
  void field(const char* name, std::vector<double>& values, const Range& each, const char* help) override {
    add(name, Type::number, Shape::list, values, help).range = each;
  }
  void field(const char* name, std::vector<std::string>& values, const char* help) override {
    add(name, Type::text, Shape::list, values, help);
  }
  void field(const char* name, std::map<std::string, std::string>& values, const char* help) override {
    add(name, Type::text, Shape::dictionary, values, help);
  }
  void field(const char* name, std::map<std::string, double>& values, const Range& each,
             const char* help) override {
    add(name, Type::number, Shape::dictionary, values, help).range = each;
  }
  void choice(const char* name, std::string& value, const std::vector<std::string>& choices,
              const char* help) override {
    add(name, Type::text, Shape::one, value, help).choices = choices;
  }

 protected:
  void object_of(const char* name, const VisitOne& visit, const char* help) override {
    Collector inner;
    visit(inner);
    add(name, Type::object, Shape::one, Json(), help).members = std::move(inner.fields);
  }
  void list_of(const char* name, const std::function<std::size_t()>& size,
               const std::function<void(std::size_t)>& resize,
               const std::function<void(std::size_t, Visitor&)>& visit, const char* help) override {
    const std::size_t count = size();
    Json elements = Json::array();
    for (std::size_t i = 0; i < count; ++i) {
      print_with([&](Visitor& v) { visit(i, v); }, elements.emplace_back());
    }
    resize(count + 1);  // a fresh element has its type's defaults
    Collector inner;
    visit(count, inner);
    resize(count);
    add(name, Type::object, Shape::list, std::move(elements), help).members = std::move(inner.fields);
  }

 private:
  Field& add(const char* name, Type type, Shape shape, Json otherwise, const char* help) {
    Field& field = fields.emplace_back();
    field.name = name;
    field.type = type;
    field.shape = shape;
    field.otherwise = std::move(otherwise);
    field.help = help;
    return field;
  }
};

std::vector<Field> fields_of(const std::function<void(Visitor&)>& visit) {
  Collector collector;
  visit(collector);
  return std::move(collector.fields);
}

// --- for people ---

constexpr std::size_t path_width = 34, page_width = 112;

std::string type_name(Type type, bool many) {
  const std::string s = many ? "s" : "";
  switch (type) {
    case Type::flag:
      return "true or false";
    case Type::whole:
      return "whole number" + s;
    case Type::number:
      return "number" + s;
    case Type::text:
      return "text" + s;
    case Type::object:
      break;
  }
  return "object" + s;
}

// "whole number in [1, 100]; default 10"
std::string facts(const Field& field) {
  const bool many = field.shape == Shape::list || field.shape == Shape::dictionary;
  std::string text = field.shape == Shape::list         ? "list of "
                     : field.shape == Shape::dictionary ? "object: names and "
                                                        : "";
  text += field.choices.empty() ? type_name(field.type, many)
                                : fmt::format("one of {}", fmt::join(field.choices, ", "));
  constexpr std::string_view must_be = "must be ";
  if (const std::string range = field.range.text(); !range.empty()) {
    text += (many ? ", each " : " ") + range.substr(must_be.size());
  }
  if (field.shape == Shape::optional) text += " or null";
  if (field.type == Type::object && field.shape == Shape::one) return text;
  return text + "; default " +
         (field.choices.empty() ? shown(field.otherwise) : field.otherwise.get<std::string>());
}

void add_wrapped(std::string& out, const std::string& text) {
  std::istringstream words(text);
  std::size_t column = 0;
  for (std::string word; words >> word;) {
    if (column > 0 && column + 1 + word.size() > page_width) {
      out += '\n';
      column = 0;
    }
    const std::string gap(column == 0 ? path_width : 1, ' ');
    out += gap + word;
    column += gap.size() + word.size();
  }
  out += '\n';
}

void add_lines(std::string& out, const std::vector<Field>& fields, const std::string& before) {
  for (const Field& field : fields) {
    const std::string path = before + field.name;
    std::string first = "  " + path;
    std::string rest;
    add_wrapped(rest, facts(field));
    if (first.size() + 2 <= path_width) {
      out += first + rest.substr(first.size());
    } else {
      out += first + "\n" + rest;
    }
    if (!field.help.empty()) add_wrapped(out, field.help);
    add_lines(out, field.members, path + (field.shape == Shape::list ? ".N." : "."));
  }
}

// --- as a schema ---

// Whole numbers stay whole: a minimum of 0, not 0.0.
Ordered number_json(double value) {
  if (value == std::floor(value) && std::fabs(value) < 9e15) return static_cast<std::int64_t>(value);
  return value;
}

Ordered object_schema(const std::vector<Field>& fields);

// One value of the field's type: of a list or dictionary each of its elements.
Ordered value_schema(const Field& field) {
  if (field.type == Type::object) return object_schema(field.members);
  constexpr const char* names[] = {"boolean", "integer", "number", "string"};
  const char* name = names[static_cast<int>(field.type)];
  Ordered schema;
  schema["type"] = field.shape == Shape::optional ? Ordered{name, "null"} : Ordered(name);
  if (!field.choices.empty()) schema["enum"] = field.choices;
  if (std::isfinite(field.range.low)) {
    schema[field.range.low_open ? "exclusiveMinimum" : "minimum"] = number_json(field.range.low);
  }
  if (std::isfinite(field.range.high)) {
    schema[field.range.high_open ? "exclusiveMaximum" : "maximum"] = number_json(field.range.high);
  }
  return schema;
}

Ordered field_schema(const Field& field) {
  Ordered schema = value_schema(field);
  if (field.shape == Shape::list) schema = {{"type", "array"}, {"items", std::move(schema)}};
  if (field.shape == Shape::dictionary) {
    schema = {{"type", "object"}, {"additionalProperties", std::move(schema)}};
  }
  if (field.type != Type::object || field.shape != Shape::one) schema["default"] = field.otherwise;
  if (!field.help.empty()) schema["description"] = field.help;
  return schema;
}

Ordered object_schema(const std::vector<Field>& fields) {
  Ordered properties = Ordered::object();
  for (const Field& field : fields) properties[field.name] = field_schema(field);
  return {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

}  // namespace

std::string describe_with(const std::function<void(Visitor&)>& visit) {
  std::string out =
      "Fields of the config; --set PATH=VALUE sets one (N: the place in a list, from 0).\n"
      "--print-config prints their values, --schema the same list as a JSON Schema.\n\n";
  add_lines(out, fields_of(visit), "");
  return out;
}

std::string schema_with(const std::function<void(Visitor&)>& visit, const std::string& title) {
  Ordered schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", title}};
  schema.update(object_schema(fields_of(visit)));
  return schema.dump(2, ' ', false, Ordered::error_handler_t::replace) + "\n";
}

}  // namespace frugal::config
