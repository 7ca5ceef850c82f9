#include "tests/cli/reproduce.h"

#include <gtest/gtest.h>

#include "oracle/naive.h"

namespace exactloss {
namespace {

TEST(Reproduce, FindingsOfTheNaiveForms) {
  std::vector<std::string> subjects;
  for (const std::string& form : NaiveForms()) subjects.push_back("naive/" + form);
  ExpectReproducible(subjects, {"--profile", "smoke"}, 100);
}

}  // namespace
}  // namespace exactloss
