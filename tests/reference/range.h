// The ends of an enclosure as exact numbers, to compare engines with.
#pragma once

#include <string>

#include "reference/interval.h"
#include "reference/truth.h"
#include "tests/reference/point.h"

namespace exactloss {

struct Range {
  explicit Range(const Enclosure& e);
  explicit Range(const Interval& x);
  Range(mpfr_srcptr lower_, mpfr_srcptr upper_);

  Point::Number lower, upper;
};

/// Exactly that number, whatever its precision.
Point::Number Exactly(mpfr_srcptr x);
Point::Number Exactly(const Extended& x);

bool IsNan(const Range& x);
bool Intersect(const Range& x, const Range& y);
bool IsInside(const Range& inner, const Range& outer);
bool Contains(const Range& x, const Point::Number& number);

/// Known to `bits` bits, or so near to 0 or so large that no dtype sees the rest.
bool IsNarrow(const Range& x, int bits);

std::string ToString(const Point::Number& x);
std::string ToString(const Range& x);

}  // namespace exactloss
