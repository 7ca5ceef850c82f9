// Words of messages to people: whatever they quote, they stay one line.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include "reference/tensor.h"

namespace exactloss {

inline void AppendText(std::string& text, std::string_view part) { text += part; }

/// An integer in decimal, a real number in the shortest decimal that reads back as itself.
template <class Number>
requires std::integral<Number> || std::floating_point<Number>
void AppendText(std::string& text, Number number) {
  char buffer[32];
  text.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr);
}

template <class... Parts>
std::string Concat(const Parts&... parts) {
  std::string text;
  (AppendText(text, parts), ...);
  return text;
}

/// 'text': cut when long, bytes that are not printable ASCII as \x0a.
std::string Quoted(std::string_view text);

/// "a, b, c"
std::string Listed(const std::vector<std::string_view>& names);

/// "[2,3]", as in a repro line.
std::string ShapeText(const Shape& shape);

/// "did you mean mse?": the names that `wrong` comes near to, nearest first; else "there are ..." and all of
/// them.
std::string Suggestion(std::string_view wrong, const std::vector<std::string_view>& names);

}  // namespace exactloss
