// Text that stands in Markdown as it is.
#pragma once

#include <string>
#include <string_view>

namespace exactloss {

/// For a table's cell; a subject's name may be any shell command.
std::string Escaped(std::string_view text);

/// A code span, whatever stands in it. In a table even a code span's bars end the cell.
std::string Code(std::string_view text);

}  // namespace exactloss
