// Text inside Markdown, whatever stands in it.
#pragma once

#include <string>
#include <string_view>

namespace exactloss {

/// For a table's cell; a subject's name may be any shell command.
std::string Escaped(std::string_view text);

/// A code span, in a table, too.
std::string Code(std::string_view text);

}  // namespace exactloss
