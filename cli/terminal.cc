#include "cli/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string_view>
#include <utility>

namespace exactloss {
namespace {

bool IsDumb() {
  const char* terminal = std::getenv("TERM");
  return terminal == nullptr || std::string_view(terminal) == "dumb";
}

}  // namespace

bool WantsColour() {
  const char* no_colour = std::getenv("NO_COLOR");
  const bool forbidden = no_colour != nullptr && *no_colour != '\0';
  return !forbidden && !IsDumb() && isatty(STDOUT_FILENO) != 0;
}

std::string ProgressText(std::uint64_t done, std::uint64_t total, std::string_view noun,
                         std::chrono::duration<double> elapsed) {
  const double share = total == 0 ? 1 : static_cast<double>(done) / static_cast<double>(total);
  std::string text = fmt::format("{}/{} {}, {:.0f} %", done, total, noun, 100 * share);
  if (done == 0) return text;
  const auto left = static_cast<std::int64_t>(elapsed.count() * (1 - share) / share);
  return text + fmt::format(", {}:{:02} left", left / 60, left % 60);
}

Progress::Progress(std::string noun)
    : noun_(std::move(noun)), is_on_(!IsDumb() && isatty(STDERR_FILENO) != 0) {}

void Progress::Show(std::uint64_t done, std::uint64_t total) {
  constexpr std::chrono::milliseconds kPause{100};
  if (!is_on_ || Clock::now() < next_) return;
  next_ = Clock::now() + kPause;
  const std::string text = ProgressText(done, total, noun_, Clock::now() - start_);
  std::cerr << '\r' << fmt::format("{:<{}}", text, width_) << std::flush;
  width_ = text.size();
}

void Progress::Clear() {
  if (width_ == 0) return;
  std::cerr << '\r' << std::string(width_, ' ') << '\r' << std::flush;
  width_ = 0;
}

}  // namespace exactloss
