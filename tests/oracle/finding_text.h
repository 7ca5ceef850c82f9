// A finding as one line, so that findings compare as a whole.
#pragma once

#include <string>

#include "oracle/finding.h"
#include "reference/problem.h"
#include "reference/text.h"

namespace exactloss {

inline std::string Text(const Finding& f) {
  std::string text =
      Concat(f.line, "|", f.fill, "|", f.subject, "|", f.loss, "|", Name(f.dtype), "|", Name(f.reduction),
             "|", f.output, "|", f.index, "|", Name(f.verdict), "|", Name(f.divergence), "|",
             FormatHex(f.ulp), "|", FormatHex(f.ratio), "|", FormatHex(f.allowed_ratio), "|",
             int{f.seen_by_assert_close}, "|", int{f.mistrusted}, "|", f.message, "|", f.count);
  if (f.got) text += Concat("|", Name(f.got_dtype), "|", *f.got);
  if (f.truth) text += Concat("|", ToDecimal(f.truth->value), "|", ToDecimal(f.truth->allowed));
  return text;
}

}  // namespace exactloss
