// What depends on whether a person looks on: colour and the progress line.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace exactloss {

/// Is standard output a terminal that wants colour? NO_COLOR and TERM=dumb say no.
bool WantsColour();

/// "1234/5678 problems, 21 %, 0:34 left", in place on standard error, if that is a terminal.
class Progress {
 public:
  explicit Progress(std::string noun = "problems");
  ~Progress() { Clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Show(std::uint64_t done, std::uint64_t total);
  void Clear();

 private:
  using Clock = std::chrono::steady_clock;
  const std::string noun_;
  const bool is_on_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = start_;
  std::size_t width_ = 0;  ///< of what stands there now
};

/// The text of the progress line; "" for the time left where nothing is known of it yet.
std::string ProgressText(std::uint64_t done, std::uint64_t total, std::string_view noun,
                         std::chrono::duration<double> elapsed);

}  // namespace exactloss
