#include "reports/annotations.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <string>

#include "reports/meaning.h"
#include "reports/numbers.h"

namespace exactloss {
namespace {

constexpr std::size_t kLongestLine = 1000;

/// As the runner wants it: the value of a property has no ':' and ',' either.
std::string ForCommand(std::string_view text, bool is_property) {
  std::string escaped;
  for (const char c : text) {
    const bool is_special = c == '%' || c == '\r' || c == '\n' || (is_property && (c == ':' || c == ','));
    escaped += is_special ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  return escaped;
}

}  // namespace

void WriteAnnotations(const Report& report, std::ostream& out) {
  std::vector<Cause> causes = report.WorstFirst();
  causes.resize(std::min(causes.size(), kMostAnnotations));
  for (const Cause& cause : causes) {
    const Finding& worst = cause.worst;
    const std::string title = fmt::format("{} {} {} {}: {}", worst.subject, worst.loss, Name(worst.dtype),
                                          worst.output, ClassText(worst.verdict, worst.divergence));
    const std::string text = fmt::format(
        "It {}: {}, up to {} ulp.\ngot {}, want {}\nexactloss run '{}'",
        Meaning(worst.verdict, worst.divergence), Counted(cause.elements, "element"), ErrorText(worst.ulp),
        GotText(worst), WantText(worst), Shortened(worst.line, kLongestLine));
    fmt::print(out, "::{} title={}::{}\n", worst.verdict == Verdict::kDivergent ? "error" : "warning",
               ForCommand(title, true), ForCommand(text, false));
  }
}

}  // namespace exactloss
