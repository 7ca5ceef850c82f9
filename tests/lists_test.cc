// Every loss of the catalogue stands in every list. What is missing is named, with what to write where.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "reference/loss_spec.h"

namespace exactloss {
namespace {

const std::filesystem::path kTree = EXACTLOSS_SOURCE_DIR;

/// A place where every loss must be: a file of its own, or its quoted name in a source, or in one of a
/// folder.
struct Place {
  std::string what;
  std::string where;        ///< a file that must be there if it holds "<loss>", else what to search
  std::string instruction;  ///< "<loss>" stands for the name
};

const std::vector<Place>& Places() {
  static const std::vector<Place> places = {
      {"no formula", "reference/losses/<loss>.h",
       "write reference/losses/<loss>.h and list it in reference/catalogue.cc"},
      {"not on the legs of gradients", "reference/replay.h", "add a row to the table of reference/replay.h"},
      {"no golden values", "tests/golden/<loss>.in",
       "write tests/golden/<loss>.in: repro lines and published or hand-derived values"},
      {"not in the LibTorch host", "oracle/hosts/torch", "add a row to the table of oracle/hosts/torch"},
      {"no kernel", "optimized/<loss>.cc",
       "write optimized/<loss>.cc and list it in optimized/CMakeLists.txt and optimized/losses.h"},
      {"no contract", "optimized",
       "state it at the foot of optimized/<loss>.cc and list it in optimized/kernels.h"},
      {"not among our own subjects", "oracle/highway.cc", "add a row to the table of oracle/highway.cc"},
      {"no independent oracle", "tests/arb", "add its textbook formula to the table of tests/arb"},
  };
  return places;
}

std::string With(std::string text, std::string_view loss) {
  constexpr std::string_view kHole = "<loss>";
  for (auto at = text.find(kHole); at != std::string::npos; at = text.find(kHole)) {
    text.replace(at, kHole.size(), loss);
  }
  return text;
}

std::string ReadSources(const std::filesystem::path& where) {
  std::ostringstream text;
  if (std::filesystem::is_regular_file(where)) text << std::ifstream(where).rdbuf();
  if (!std::filesystem::is_directory(where)) return text.str();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(where)) {
    if (entry.path().extension() == ".cc") text << std::ifstream(entry.path()).rdbuf();
  }
  return text.str();
}

bool IsThere(const Place& place, std::string_view loss) {
  const std::string where = With(place.where, loss);
  if (where != place.where) return std::filesystem::exists(kTree / where);
  return ReadSources(kTree / where).find('"' + std::string(loss) + '"') != std::string::npos;
}

std::vector<std::string> Missing(std::string_view loss) {
  std::vector<std::string> missing;
  for (const Place& place : Places()) {
    if (!IsThere(place, loss)) {
      missing.push_back(std::string(loss) + ": " + place.what + ": " + With(place.instruction, loss));
    }
  }
  return missing;
}

TEST(Lists, EveryLossIsInEveryList) {
  ASSERT_FALSE(Catalogue().empty());
  for (const LossSpec& loss : Catalogue()) {
    for (const std::string& message : Missing(loss.name)) ADD_FAILURE() << message;
  }
}

TEST(Lists, ALossThatIsNowhereIsMissedEverywhere) {
  const std::vector<std::string> missing = Missing("no_such_loss");
  ASSERT_EQ(missing.size(), Places().size());
  EXPECT_EQ(missing[0],
            "no_such_loss: no formula: write reference/losses/no_such_loss.h and list it in "
            "reference/catalogue.cc");
}

}  // namespace
}  // namespace exactloss
