// Numbers of any size as decimal text, by way of MPFR.
#include <string>

#include "reference/real.h"
#include "reference/text.h"
#include "reference/truth.h"

namespace exactloss {
namespace {

constexpr int kExactBits = 1280;  // a double of [1, 2) and any double tail

void Set(Real& x, const Extended& e) {
  mpfr_set_d(x.get(), e.head, MPFR_RNDN);
  mpfr_add_d(x.get(), x.get(), e.tail, MPFR_RNDN);
  mpfr_mul_2si(x.get(), x.get(), e.scale, MPFR_RNDN);
}

/// "-1.5e-45" from the digits "15" of a number 0.15 * 10^exponent; plain notation near 1.
std::string Notation(std::string digits, mpfr_exp_t exponent) {
  constexpr mpfr_exp_t kMostZeros = 5, kMostInteger = 21;
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  const auto count = static_cast<mpfr_exp_t>(digits.size());
  if (exponent <= 0 && exponent > -kMostZeros) {
    return Concat("0.", std::string(static_cast<std::size_t>(-exponent), '0'), digits);
  }
  if (exponent > 0 && exponent <= kMostInteger) {
    if (count <= exponent) return digits + std::string(static_cast<std::size_t>(exponent - count), '0');
    return digits.substr(0, static_cast<std::size_t>(exponent)) + "." +
           digits.substr(static_cast<std::size_t>(exponent));
  }
  return Concat(digits.substr(0, 1), count > 1 ? "." : "", digits.substr(1), "e", exponent - 1);
}

std::string ToDecimal(const Real& x, int digits) {
  if (mpfr_nan_p(x.get())) return "nan";
  const std::string sign = mpfr_signbit(x.get()) ? "-" : "";
  if (mpfr_inf_p(x.get())) return sign + "inf";
  if (mpfr_zero_p(x.get())) return sign + "0";
  mpfr_exp_t exponent = 0;
  char* text = mpfr_get_str(nullptr, &exponent, 10, static_cast<std::size_t>(digits), x.get(), MPFR_RNDN);
  const std::string mantissa = text + sign.size();
  mpfr_free_str(text);
  return sign + Notation(mantissa, exponent);
}

}  // namespace

std::string ToDecimal(const Extended& x, int digits) {
  Real number(kExactBits);
  Set(number, x);
  return ToDecimal(number, digits);
}

std::string ToDecimal(const Enclosure& e, int digits) {
  Real lower(kExactBits), upper(kExactBits);
  Set(lower, e.lower);
  Set(upper, e.upper);
  if (IsNan(e)) return "nan";
  if (mpfr_sgn(lower.get()) * mpfr_sgn(upper.get()) <= 0 && !mpfr_equal_p(lower.get(), upper.get()))
    return "0";
  if (!mpfr_equal_p(lower.get(), upper.get())) {
    mpfr_add(lower.get(), lower.get(), upper.get(), MPFR_RNDN);
    mpfr_div_2ui(lower.get(), lower.get(), 1, MPFR_RNDN);
  }
  return ToDecimal(lower, digits);
}

}  // namespace exactloss
