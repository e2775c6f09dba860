// The papers whose laws a fit takes, as one cites them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace frugal::fit {

// Of a law of the table or of a learning curve; empty for the user's own.
std::string_view citation_of(std::string_view law);
// Of several laws, each paper once, in their order.
std::vector<std::string> citations_of(const std::vector<std::string>& laws);

}  // namespace frugal::fit
