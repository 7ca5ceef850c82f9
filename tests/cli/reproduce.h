// Every line of a report must give its finding again.
#pragma once

#include <string>
#include <vector>

namespace exactloss {

/// Audits the subjects with these further arguments, runs each line of the findings, and compares. Expects
/// as many failures among them.
void ExpectReproducible(const std::vector<std::string>& subjects, const std::vector<std::string>& arguments,
                        std::size_t failures);

}  // namespace exactloss
