// What a target is: a function of bytes, whatever they are. libFuzzer calls it (./dev fuzz), and replay.cc
// does with the files of fuzz/corpus/ (ctest). It may refuse its bytes with the exceptions that the product
// documents; anything else that leaves it is a crash.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace exactloss::fuzz {

/// Each file of fuzz/ but this one's defines it.
void Run(std::string_view bytes);

/// A broken promise: says which, and ends the process as a crash does.
[[noreturn]] void Fail(const std::string& what);

/// A file with these bytes, in memory where the system has that, for parsers that read files. It lives as
/// long as the process and is written anew each time.
std::filesystem::path FileOf(std::string_view bytes);

/// A line may ask for 2^28 elements, which takes seconds and no parsing: targets leave out what has a number
/// of more than five digits.
bool HasLargeNumber(std::string_view bytes);

}  // namespace exactloss::fuzz
