// Numbers as reports print them: a decimal for people beside the hex that is exact.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "oracle/finding.h"

namespace exactloss {

/// The shortest decimal that reads back as this number of the dtype: "0.1", "-0", "1e-45", "inf".
std::string Decimal(Dtype dtype, double value);

/// "0x3dcccccd": as many digits as the dtype has.
std::string BitsText(Dtype dtype, std::uint64_t bits);

/// "0x1.99999ap-4 (0.1)"
std::string NumberText(Dtype dtype, double value);

/// An ulp or a ratio: "0.50", "12.3", "8.39e+06", "inf"; "-" for NaN, which is "does not apply".
std::string ErrorText(double error);

/// What the subject returned, "no answer" if it did not.
std::string GotText(const Finding& finding);

/// The truth to 30 digits; "[lower, upper]" where it is a set; "not proven".
std::string TruthText(const Finding& finding);

/// "3 roundings of the formula; 3 u gauge = 1.79e-07": how far off the answer may be, and why.
std::string BoundText(const Finding& finding);

/// What would have been right, in numbers of the dtype: the nearest one; "[lower, upper]" where it is a set.
std::string WantText(const Finding& finding);

/// The text, or its beginning and its length where it is longer than `most` characters.
std::string Shortened(std::string_view text, std::size_t most);

/// "1 element", "2 elements"
std::string Counted(std::uint64_t count, std::string_view noun);

}  // namespace exactloss
