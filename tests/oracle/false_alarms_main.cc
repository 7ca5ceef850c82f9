// false_alarms [--problems N] [--seed S] [--jobs J]: exit status 1 if a correct subject is found wrong.
#include <charconv>
#include <cstring>
#include <iostream>
#include <map>
#include <string>

#include "tests/oracle/false_alarms.h"

int main(int argc, char** argv) {
  std::map<std::string, std::uint64_t> flags = {{"--problems", 1'000'000}, {"--seed", 1}, {"--jobs", 1}};
  for (int i = 1; i < argc; i += 2) {
    const auto flag = flags.find(argv[i]);
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    const char* end = value + std::strlen(value);
    if (flag == flags.end() || std::from_chars(value, end, flag->second).ptr != end || *value == '\0') {
      std::cerr << "usage: false_alarms [--problems N] [--seed S] [--jobs J]\n";
      return 4;
    }
  }
  const auto result =
      exactloss::CountFalseAlarms(flags["--problems"], flags["--seed"], static_cast<int>(flags["--jobs"]));
  for (const std::string& alarm : result.alarms) std::cout << alarm << '\n';
  for (const std::string& doubt : result.doubts) std::cout << doubt << '\n';
  std::cout << result.problems << " problems, " << result.elements << " elements judged, " << result.undecided
            << " undecided, " << result.count << " false alarms\n";
  return result.count == 0 ? 0 : 1;
}
