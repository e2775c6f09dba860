// One visit of a plain struct gives its reading, printing, defaults and help. A config is a struct with
// default values and `void visit(config::Visitor&)`, which names each field once with its range and help:
//
//   struct Optimizer {
//     double lr_peak = 0.05;
//     void visit(config::Visitor& v) { v.field("lr_peak", lr_peak, greater_than(0), "highest learning rate");
//     }
//   };
//
// Non-goals: inheritance between files, environment variables, expressions.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace frugal::config {

struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false, high_open = false;

  bool contains(double value) const;
  std::string text() const;  // "must be > 0", "must be in [0, 1)"
};
Range any_number();
Range at_least(double low);
Range greater_than(double low);
Range between(double low, double high);       // both ends included
Range between_open(double low, double high);  // neither end included
Range fraction();                             // [0, 1]

class Visitor {
 public:
  virtual ~Visitor() = default;

  virtual void field(const char* name, bool& value, const char* help) = 0;
  virtual void field(const char* name, std::int64_t& value, const Range& range, const char* help) = 0;
  virtual void field(const char* name, double& value, const Range& range, const char* help) = 0;
  virtual void field(const char* name, std::optional<double>& value, const Range& range,
                     const char* help) = 0;
  virtual void field(const char* name, std::string& value, const char* help) = 0;
  virtual void field(const char* name, std::vector<std::int64_t>& values, const Range& each,
                     const char* help) = 0;
  virtual void field(const char* name, std::vector<double>& values, const Range& each, const char* help) = 0;
  virtual void field(const char* name, std::vector<std::string>& values, const char* help) = 0;
  virtual void field(const char* name, std::map<std::string, std::string>& values, const char* help) = 0;
  virtual void field(const char* name, std::map<std::string, double>& values, const Range& each,
                     const char* help) = 0;
  // One of a fixed list; anything else is refused with the nearest.
  virtual void choice(const char* name, std::string& value, const std::vector<std::string>& choices,
                      const char* help) = 0;

  template <class T>
  void object(const char* name, T& value, const char* help) {
    object_of(
        name, [&value](Visitor& v) { value.visit(v); }, help);
  }
  // A list of objects; reading replaces the default list.
  template <class T>
  void list(const char* name, std::vector<T>& values, const char* help) {
    list_of(
        name, [&values]() { return values.size(); }, [&values](std::size_t size) { values.resize(size); },
        [&values](std::size_t i, Visitor& v) { values[i].visit(v); }, help);
  }

 protected:
  using VisitOne = std::function<void(Visitor&)>;
  virtual void object_of(const char* name, const VisitOne& visit, const char* help) = 0;
  virtual void list_of(const char* name, const std::function<std::size_t()>& size,
                       const std::function<void(std::size_t)>& resize,
                       const std::function<void(std::size_t, Visitor&)>& visit, const char* help) = 0;
};

}  // namespace frugal::config
