// What `scalefit predict`, `plan`, `compare` and `design` share: the fit that they start from, scales as a
// user writes them, and scales and estimates in the JSON that is printed, which the pages read.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "fit/law/expression_law.h"
#include "fit/surface/surface.h"
#include "report/html.h"

namespace frugal::fit {

struct ReadFit {
  std::unique_ptr<Surface> surface;
  std::string group, cost;
  double coverage = 0.95;
};

// group: empty where the file holds one fit only. Errors: UserError with origin and JSON path.
ReadFit read_fit(const nlohmann::json& json, const std::string& origin, const std::string& group);

// "1e21", "70B", "7.9 %": a number > 0. Errors: UserError at `place`.
double parse_number(const std::string& text, const std::string& place);

// "size=1e9,data=2e10" (also N=, D=, …). Errors: UserError with what is wrong.
std::map<std::string, double> parse_scale(const std::string& text);
// Rows of a table as scales of this fit: its columns go by their names, as in `scalefit fit`. Errors:
// UserError for a scale that the fit does not have; columns that are no scale are ignored.
std::vector<std::map<std::string, double>> read_scales(const std::string& path, const Surface& surface);
// Errors: UserError at `place` for a variable that the fit does not have.
void check_variables(const std::map<std::string, double>& at, const Surface& surface,
                     const std::string& place);

// Errors: UserError for a variable of the surface that has no value, and for a value of none of its
// variables.
RunScale to_scale(const std::map<std::string, double>& at, const Surface& surface);
nlohmann::ordered_json to_json(const RunScale& scale, const Surface& surface);  // the surface's variables
// All of the surface's variables but one.
nlohmann::ordered_json held_json(const RunScale& held, const Surface& surface, const std::string& but);
RunScale scale_in(const nlohmann::ordered_json& json);

double number_in(const nlohmann::ordered_json& json);  // a value without end is printed as null
Estimate estimate_in(const nlohmann::ordered_json& json);
std::string text_of(const nlohmann::ordered_json& scale);  // "size 1e+09, data 2e+10"

// configured: empty where the fit's own cost holds. place: of the config's key, for errors.
Cost cost_of(const std::string& configured, const ReadFit& fit, const std::string& place = "cost");
report::Page start_page(const char* title, const nlohmann::ordered_json& result);

}  // namespace frugal::fit
