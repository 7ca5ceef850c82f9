// The repro line: what is printed reads back as itself, and no line, however spoilt, does harm.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "reference/problem.h"
#include "tests/reference/any_problem.h"

namespace exactloss {
namespace {

TEST(ProblemText, EveryProblemReadsBack) {
  std::set<std::string> seen;
  EXPECT_TRUE(rc::check("what is printed reads back", [&] {
    constexpr int kProblems = 100;
    const auto seed = *rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint64_t>());
    for (int i = 0; i < kProblems; ++i) {
      const Problem problem = AnyProblem(seed + static_cast<std::uint64_t>(i));
      CheckProblem(problem);
      const std::string line = FormatProblem(problem);
      const Problem read = ParseProblem(line);
      if (!SameProblem(problem, read)) RC_FAIL(line + "\nreads back as\n" + FormatProblem(read));
      RC_ASSERT(FormatProblem(read) == line);
      seen.insert(std::string(problem.loss->name) + " " + std::string(Name(problem.dtype)));
      for (const auto& tensor : problem.inputs) {
        if (tensor) seen.insert(std::string(Name(tensor->layout)));
      }
    }
  }));
  EXPECT_EQ(seen.size(), Catalogue().size() * std::size(kAllDtypes) + std::size(kAllLayouts));
}

TEST(ProblemText, CanonicalForm) {
  const struct {
    const char *typed, *printed;
  } table[] = {
      {"mse f32 none input=20 target=1", "mse f32 none input=0x1.4p+4 target=0x1p+0"},
      {"mse f32 none target=1 input=20", "mse f32 none input=0x1.4p+4 target=0x1p+0"},
      {"huber f32 mean input=1,2 target=0,0 delta=1",
       "huber f32 mean input=0x1p+0,0x1p+1 target=0x0p+0,0x0p+0"},
      {"huber f32 mean delta=0.1 input=1 target=0",
       "huber f32 mean delta=0x1.999999999999ap-4 input=0x1p+0 target=0x0p+0"},
      {"mse f16 sum input=[2,2]:1,1,1,2 target=[2,2]:-0,inf,-inf,nan",
       "mse f16 sum input=[2,2]:0x1p+0*3,0x1p+1 target=[2,2]:-0x0p+0,inf,-inf,nan"},
      {"mse f32 none input=[]:1 target=[]:2", "mse f32 none input=[]:0x1p+0 target=[]:0x1p+1"},
      {"mse f32 none input=[1]:1 target@misaligned=2", "mse f32 none input=0x1p+0 target@misaligned=0x1p+1"},
      {"mse f32 none input=0*2,0*2 target=1*4", "mse f32 none input=0x0p+0*4 target=0x1p+0*4"},
      {"kl_div f32 batchmean log_target=1 input=[1,1]:0 target=[1,1]:-1",
       "kl_div f32 batchmean log_target=true input=[1,1]:0x0p+0 target=[1,1]:-0x1p+0"},
      {"nll bf16 sum ignore_index=7 input=[2,2]:0*4 target=7,1",
       "nll bf16 sum ignore_index=7 input=[2,2]:0x0p+0*4 target=7,1"},
      {"bce f64 none log_clamp=-inf input=0x.8p0 target=1",
       "bce f64 none log_clamp=-inf input=0x1p-1 target=0x1p+0"},
  };
  for (const auto& row : table) EXPECT_EQ(FormatProblem(ParseProblem(row.typed)), row.printed) << row.typed;
}

TEST(ProblemText, RoundedDecimalsAreNoted) {
  std::vector<std::string> notes;
  ParseProblem("huber f16 none delta=0.1 input=0.3,0.7 target=0.5,0.25", {}, &notes);
  EXPECT_EQ(notes, (std::vector<std::string>{
                       "delta: decimals are rounded to f64, the first, '0.1', to 0x1.999999999999ap-4",
                       "input: decimals are rounded to f16, the first, '0.3', to 0x1.334p-2"}));
}

TEST(ProblemText, TensorsOfFills) {
  const std::string line = "mse f32 none input=normal#7.3[2] target=0x1p+0,0x1p+1";
  const auto source = [](const Problem& problem, std::size_t input, std::string_view name) {
    EXPECT_EQ(name, "normal#7.3");
    EXPECT_EQ(input, 0u);
    EXPECT_EQ(problem.inputs[1]->values, (std::vector<double>{1, 2}));
    return std::vector<double>{3, 4};
  };
  const Problem problem = ParseProblem(line, source);
  EXPECT_EQ(problem.inputs[0]->values, (std::vector<double>{3, 4}));
  EXPECT_EQ(FormatProblem(problem), line);
  EXPECT_THROW(ParseProblem(line), UsageError);
}

/// One line of the pool, spoilt in a few places.
class Spoiler {
 public:
  Spoiler() {
    constexpr std::uint64_t kLines = 300;
    for (std::uint64_t seed = 0; seed < kLines; ++seed) pool_.push_back(FormatProblem(AnyProblem(seed)));
  }

  std::string Next() {
    std::string line = AnyLine();
    for (std::uint64_t i = 1 + Below(3); i > 0; --i) Spoil(line);
    return line;
  }

 private:
  std::uint64_t Below(std::uint64_t n) { return random_() % n; }
  const std::string& AnyLine() { return pool_[Below(pool_.size())]; }
  std::size_t Place(const std::string& line) { return Below(line.size() + 1); }

  void Spoil(std::string& line) {
    static const std::vector<std::string> pieces = {" ",
                                                    "  ",
                                                    "=",
                                                    ",",
                                                    ",,",
                                                    "*",
                                                    "*0",
                                                    "*-1",
                                                    "*268435457",
                                                    "[",
                                                    "]",
                                                    "[]:",
                                                    "[0]",
                                                    "[-1]:",
                                                    "[2,2]:",
                                                    ":",
                                                    "#",
                                                    "x#1.2[3]",
                                                    "@",
                                                    "inf",
                                                    "-nan",
                                                    "-inf",
                                                    "nan",
                                                    "0x",
                                                    "0x1p",
                                                    "1e999999",
                                                    "1e-999999",
                                                    "-",
                                                    ".",
                                                    "1.5",
                                                    "99999999999999999999",
                                                    "target=",
                                                    "input=1",
                                                    "weight=1",
                                                    "beta=-1",
                                                    "@expanded=",
                                                    "true",
                                                    "f16",
                                                    "none",
                                                    "\t",
                                                    "\n",
                                                    std::string(1, '\0')};
    const std::size_t at = Place(line);
    switch (Below(5)) {
      case 0:
        line.erase(at, 1 + Below(4));
        break;
      case 1:
        line.insert(at, 1, static_cast<char>(Below(256)));
        break;
      case 2:
        line.insert(at, pieces[Below(pieces.size())]);
        break;
      case 3:
        if (at < line.size()) line[at] = static_cast<char>(Below(2) ? ' ' + Below(95) : Below(256));
        break;
      default: {
        const std::string& other = AnyLine();
        line = line.substr(0, at) + other.substr(Place(other));
      }
    }
  }

  std::mt19937_64 random_{20260};
  std::vector<std::string> pool_;
};

bool IsOneLineOfText(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

TEST(ProblemText, SpoiltLinesDoNoHarm) {
  constexpr int kLines = 100'000;
  Spoiler spoiler;
  int refused = 0;
  for (int i = 0; i < kLines; ++i) {
    const std::string line = spoiler.Next();
    try {
      const Problem problem = ParseProblem(line);
      const std::string printed = FormatProblem(problem);
      ASSERT_TRUE(SameProblem(ParseProblem(printed), problem)) << line;
    } catch (const UsageError& error) {
      ++refused;
      ASSERT_TRUE(IsOneLineOfText(error.what())) << error.what();
    }
  }
  // Both ways are taken often.
  EXPECT_GT(refused, kLines / 4);
  EXPECT_LT(refused, kLines - kLines / 100);
}

}  // namespace
}  // namespace exactloss
