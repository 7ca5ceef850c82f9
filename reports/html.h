// report.html: one file without network that a person opens. The data stands in it once, as JSON; a script
// draws the plots from it as SVG when a loss is looked at, so that the file stays small and opens at once.
// The page's text, style and script are the files of reports/html/, put into the program at build time.
#pragma once

#include <ostream>

#include "reports/report.h"

namespace exactloss {

void WriteHtml(const Report& report, std::ostream& out);

}  // namespace exactloss
