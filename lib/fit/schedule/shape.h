// A schedule in words: "cosine:peak=3e-4,warmup=500,steps=20000,final=3e-5". Of runs that did not log their
// learning rates, and of runs to predict.
#pragma once

#include <string>

#include "fit/schedule/rates.h"

namespace frugal::fit {

// What may follow the shape's name: peak and steps must; warmup (steps of a linear rise from 0), final (the
// last rate; cosine and linear: 0 where it is not given) and, of wsd, decay (its last steps, or a share of
// them below 1: 0.2 where it is not given; the fall is linear).
//   constant | cosine | linear | wsd
// Errors: UserError at `place` with what is wrong and an example.
Rates read_shape(const std::string& text, const std::string& place);

// "continue:run=a,steps=500,final=0": a run that was measured goes on, its rate falling in a straight line
// from where it is to `final`; without `final` it stays.
struct Continuation {
  std::string run;  // empty: the only one
  double steps = 0;
  bool falls = false;
  double final_rate = 0;
};
bool is_continuation(const std::string& text);
Continuation read_continuation(const std::string& text, const std::string& place);
// from: the step at which the run goes on, at its last point.
Rates continued(const Rates& rates, const Continuation& how);

}  // namespace frugal::fit
