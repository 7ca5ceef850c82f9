#include "reports/cause_list.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "reports/numbers.h"

namespace exactloss {

void WriteCauseList(const Report& report, std::ostream& out) {
  const std::vector<Cause> causes = report.WorstFirst();
  for (const SubjectInfo& subject : report.run.subjects) {
    const auto is_of_subject = [&](const Cause& cause) { return cause.worst.subject == subject.name; };
    const auto count = static_cast<std::uint64_t>(std::count_if(causes.begin(), causes.end(), is_of_subject));
    const auto known = std::count_if(causes.begin(), causes.end(), [&](const Cause& cause) {
      return is_of_subject(cause) && !cause.worst.known.empty();
    });
    fmt::print(out, "\n{} {}: {}{}\n", subject.name, VersionText(subject), Counted(count, "cause"),
               known == 0 ? "" : fmt::format(", {} of them known", known));
    for (const Cause& cause : causes) {
      if (!is_of_subject(cause)) continue;
      const Finding& worst = cause.worst;
      const std::string_view range = Name(RangeOf(worst));
      fmt::print(out, "  {} {} {}: {}{}{}, {} in {}{}\n", worst.loss, Name(worst.dtype), worst.output,
                 ClassText(worst), range.empty() ? "" : fmt::format(" of a truth that is {}", range),
                 std::isnan(worst.ulp) ? "" : fmt::format(", >= {} ulp", ErrorText(worst.ulp)),
                 Counted(cause.elements, "element"), Counted(cause.findings, "problem"),
                 worst.known.empty() ? "" : fmt::format(", known: {}", worst.known));
      fmt::print(out, "    {}\n", cause.simplest.line);
      if (!cause.simplest.message.empty()) fmt::print(out, "    {}\n", cause.simplest.message);
    }
  }
}

}  // namespace exactloss
