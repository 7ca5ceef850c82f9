#include "reports/markdown_text.h"

#include <fmt/format.h>

namespace exactloss {

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|' || c == '\\' || c == '`' || c == '*' || c == '_' || c == '<' || c == '[') escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

// In a table even a code span's bars end the cell.
std::string Code(std::string_view text) {
  std::string code;
  for (const char c : text) {
    if (c == '|') code += '\\';
    code += c == '\n' ? ' ' : c;
  }
  return text.find('`') == std::string_view::npos ? fmt::format("`{}`", code) : fmt::format("`` {} ``", code);
}

}  // namespace exactloss
