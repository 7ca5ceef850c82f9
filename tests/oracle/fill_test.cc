#include "oracle/fill.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "oracle/fill_draw.h"
#include "reference/text.h"

namespace exactloss {
namespace {

constexpr std::uint64_t kSeed = 7;

using Visit = std::function<void(const Fill&, const Problem&)>;

/// Calls visit for the first `count` problems of every fill, loss, dtype and reduction.
void ForEachProblem(std::uint64_t count, const Visit& visit) {
  for (const Fill& fill : Fills()) {
    for (const LossSpec& loss : Catalogue()) {
      for (const Dtype dtype : kAllDtypes) {
        for (const Reduction reduction : loss.reductions) {
          for (std::uint64_t i = 0; i < count; ++i) {
            visit(fill, FillProblem(fill, loss, dtype, reduction, kSeed, i));
          }
        }
      }
    }
  }
}

/// Bits, shapes, layouts and parameters of a problem as one number.
std::uint64_t DigestOf(const Problem& problem) {
  std::string text;
  for (const double parameter : problem.parameters) text += FormatHex(parameter) + " ";
  for (const auto& tensor : problem.inputs) {
    text += "|";
    if (!tensor) continue;
    text += Concat(ShapeText(tensor->shape), Name(tensor->layout), tensor->source);
    for (const double value : tensor->values) text += " " + FormatHex(value);
  }
  return HashOf(text);
}

std::string CheckedText(const Problem& problem) {
  try {
    CheckProblem(problem);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(Fill, NamesAreFoundAndUnique) {
  std::set<std::string_view> names;
  for (const Fill& fill : Fills()) {
    EXPECT_EQ(FindFill(fill.name), &fill);
    EXPECT_TRUE(fill.why.ends_with('.')) << fill.name;
    names.insert(fill.name);
  }
  EXPECT_EQ(names.size(), Fills().size());
  EXPECT_EQ(FindFill("no_such_fill"), nullptr);
}

TEST(Fill, EveryProblemIsValid) {
  ForEachProblem(20, [](const Fill& fill, const Problem& problem) {
    ASSERT_EQ(CheckedText(problem), "") << fill.name << ": " << FormatProblem(problem);
  });
}

TEST(Fill, ALineMakesTheSameBits) {
  std::uint64_t named = 0;
  ForEachProblem(5, [&](const Fill& fill, const Problem& problem) {
    const std::string line = FormatProblem(problem);
    ASSERT_LT(line.size(), 8000U) << fill.name;
    named += line.find('#') != std::string::npos;
    ASSERT_EQ(DigestOf(ParseProblem(line, FillTensor)), DigestOf(problem)) << line;
  });
  EXPECT_GT(named, 1000U);
}

TEST(Fill, LongTensorsAreNamedAndShortOnesSpelledOut) {
  ForEachProblem(3, [](const Fill& fill, const Problem& problem) {
    for (const auto& tensor : problem.inputs) {
      if (!tensor) continue;
      ASSERT_EQ(!tensor->source.empty(), tensor->size() > 64);
      if (tensor->source.empty()) continue;
      ASSERT_TRUE(tensor->source.starts_with(Concat(fill.name, "#", kSeed, "."))) << tensor->source;
    }
  });
}

TEST(Fill, NoCellRepeatsAnother) {
  std::set<std::uint64_t> digests;
  std::uint64_t problems = 0, repeated = 0;
  ForEachProblem(3, [&](const Fill&, const Problem& problem) {
    std::string text;
    const std::vector<double>& first = problem.inputs[0]->values;
    const std::set<double> distinct(first.begin(), first.end());
    if (distinct.size() < 8) return;  // few values do coincide by chance
    for (const double value : first) text += FormatHex(value) + " ";
    ++problems;
    repeated += !digests.insert(HashOf(text)).second;
  });
  EXPECT_GT(problems, 4000U);
  EXPECT_EQ(repeated, 0U);
}

TEST(Fill, DependsOnSeedAndIndexAlone) {
  const LossSpec& loss = *FindLoss("cross_entropy");
  const auto digest = [&](std::uint64_t seed, std::uint64_t index) {
    return DigestOf(FillProblem(*FindFill("normal"), loss, Dtype::kF32, Reduction::kMean, seed, index));
  };
  const std::uint64_t once = digest(1, 2);
  digest(5, 5);
  EXPECT_EQ(digest(1, 2), once);
  EXPECT_NE(digest(1, 3), once);
  EXPECT_NE(digest(2, 2), once);
  EXPECT_NE(digest(2, 1), once);
}

// An element of an elementwise fill comes from its counters alone, whatever the length.
TEST(Fill, AShapeOfALineTakesTheSameElements) {
  const auto values = [](const std::string& line) {
    return ParseProblem(line, FillTensor).inputs[0]->values;
  };
  const std::vector<double> few = values("mse f32 mean input=normal#7.3[5] target=0,0,0,0,0");
  const std::vector<double> many = values("mse f32 mean input=normal#7.3[100000] target=normal#7.3[100000]");
  ASSERT_EQ(many.size(), 100000U);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
}

TEST(Fill, RelationsHoldBesideValuesThatAPersonWrote) {
  const Problem ties = ParseProblem("l1 f32 sum input=1.5*40 target=ties#1.2[40]", FillTensor);
  const std::vector<double>& target = ties.input("target")->values;
  EXPECT_GT(std::count(target.begin(), target.end(), 1.5), 10);
  EXPECT_LT(std::count(target.begin(), target.end(), 1.5), 30);
  // What they wrote may be anything.
  for (const Fill& fill : Fills()) {
    const std::string source = Concat("=", fill.name, "#1.0");
    const auto parse = [&](const std::string& start, const std::string& end) {
      return CheckedText(ParseProblem(Concat(start, source, end), FillTensor));
    };
    EXPECT_EQ(parse("bce_with_logits f32 none input=nan,inf,-inf,0x1.fffffep+127,-0 target", "[5]"), "");
    EXPECT_EQ(parse("iou f32 none input=[1,4]:nan,inf,-inf,0x1.fffffep+127 target", "[1,4]"), "");
    EXPECT_EQ(parse("nll f32 none ignore_index=0 input=[1,1]:0 target", "[1]"), "");
    EXPECT_EQ(parse("nll f32 mean ignore_index=9 input=[1,2]:0,0 target=9 weight", "[2]"), "");
    EXPECT_THROW(parse("nll f32 mean input=[1,2]:0,0 target=7 weight", "[2]"), UsageError);
  }
}

std::string Refusal(const std::string& line) {
  try {
    ParseProblem(line, FillTensor);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(Fill, AnUnknownFillIsNamed) {
  EXPECT_EQ(Refusal("mse f32 none input=norml#1.1[3] target=0,0,0"),
            "unknown fill 'norml'; did you mean normal, subnormal?");
  EXPECT_EQ(Refusal("mse f32 none input=normal#1.1[3] target=0,0,0"), "");
  const Problem problem = ParseProblem("mse f32 none input=0 target=0");
  for (const char* source : {"normal", "normal#", "normal#1", "normal#1.", "normal#1.x", "normal#.1"}) {
    EXPECT_THROW(FillTensor(problem, 0, source), UsageError) << source;
  }
}

TEST(Fill, EveryParameterAndOptionalInputVaries) {
  std::set<std::string> seen;
  for (const LossSpec& loss : Catalogue()) {
    for (std::uint64_t index = 0; index < 40; ++index) {
      const Problem problem =
          FillProblem(*FindFill("normal"), loss, Dtype::kF32, loss.reductions[0], kSeed, index);
      for (std::size_t i = 0; i < loss.parameters.size(); ++i) {
        const bool is_default = problem.parameters[i] == loss.parameters[i].default_value;
        seen.insert(Concat(loss.name, " ", loss.parameters[i].name, is_default ? " default" : " other"));
      }
      for (std::size_t i = 0; i < loss.inputs.size(); ++i) {
        seen.insert(Concat(loss.name, " ", loss.inputs[i].name, problem.inputs[i] ? " given" : " left out"));
      }
    }
  }
  const auto expect = [&](const std::string& what) { EXPECT_TRUE(seen.contains(what)) << what; };
  for (const LossSpec& loss : Catalogue()) {
    for (const ParameterSpec& spec : loss.parameters) {
      expect(Concat(loss.name, " ", spec.name, " default"));
      expect(Concat(loss.name, " ", spec.name, " other"));
    }
    for (const InputSpec& spec : loss.inputs) {
      expect(Concat(loss.name, " ", spec.name, " given"));
      if (spec.optional) expect(Concat(loss.name, " ", spec.name, " left out"));
    }
  }
}

// The published answers of Philox4x64-10 (Random123, kat_vectors).
TEST(Fill, DrawsArePhilox) {
  Draw zeros({0, 0, 0}, Purpose::kElement, 0, 0);
  for (const std::uint64_t want :
       {0x16554d9eca36314cU, 0xdb20fe9d672d0fdcU, 0xd7e772cee186176bU, 0x7e68b68aec7ba23bU}) {
    EXPECT_EQ(zeros.Bits(), want);
  }
}

TEST(Fill, PortableFunctionsAreNearTheLibrarys) {
  constexpr int kSteps = 3927;  // from where exp vanishes to where it overflows
  for (int i = 0; i < kSteps; ++i) {
    const double x = -744 + 0.37 * i;
    const double tolerance = 8 * UnitRoundoff(Dtype::kF64) * std::exp(x) + MinSubnormal(Dtype::kF64);
    EXPECT_NEAR(PortableExp(x), std::exp(x), tolerance) << x;
    if (x > -700) {
      EXPECT_NEAR(PortableLog(PortableExp(x)), x, 8 * UnitRoundoff(Dtype::kF64) * (1 + std::fabs(x))) << x;
    }
  }
  EXPECT_EQ(PortableExp(0), 1);
  EXPECT_EQ(PortableLog(1), 0);
  EXPECT_EQ(PortableSigmoid(0), 0.5);
  EXPECT_EQ(PortableExp(1000), HUGE_VAL);
  EXPECT_EQ(PortableExp(-1000), 0);
}

// Bits that must never change unnoticed: repro lines of others name tensors by them.
struct Golden {
  const char* fill;
  const char* loss;
  std::uint64_t digest;  ///< of the first ten problems of each dtype
};

const Golden kGolden[] = {
    {"uniform", "mse", 0x5ee2a91a58578011},
    {"normal", "cross_entropy", 0x233e6565627c4099},
    {"bits", "bce", 0x7661f7f12ea0ecf1},
    {"extreme", "huber", 0x1d78fef6e17e1368},
    {"ties", "triplet_margin", 0x1a67377f0f451fd5},
    {"ties", "iou", 0xe7222da78d6abcf7},
    {"saturated", "sigmoid_focal", 0x717281081c344231},
    {"saturated", "giou", 0xb33b814eba554c68},
    {"near_kink", "smooth_l1", 0xfaae42fb8e7ad2f1},
    {"cancelling", "kl_div", 0xf2695afee72ec10c},
    {"cancelling", "ciou", 0x36279296bfee882e},
    {"ill_conditioned", "dice", 0x35de7dfef3e42385},
    {"ill_conditioned", "diou", 0x391b281a20ccf872},
    {"subnormal", "nll", 0xe180cf660fb0fc4f},
    {"special", "bce_with_logits", 0x49d2df5a1e1f1bb5},
    {"lengths", "detection", 0x9ef00cd7c9d8d6ab},
    {"many_classes", "cross_entropy", 0x83ba036a31a2a2fb},
    {"long_sums", "bce_dice", 0xc992310ad5cee560},
};

TEST(Fill, GoldenDigests) {
  for (const Golden& golden : kGolden) {
    std::string text;
    for (const Dtype dtype : kAllDtypes) {
      for (std::uint64_t i = 0; i < 10; ++i) {
        text += Concat(DigestOf(FillProblem(*FindFill(golden.fill), *FindLoss(golden.loss), dtype,
                                            Reduction::kMean, kSeed, i)),
                       " ");
      }
    }
    EXPECT_EQ(HashOf(text), golden.digest) << golden.fill << " " << golden.loss;
  }
}

TEST(Fill, GoldenLines) {
  const auto line = [](const char* fill, const char* loss, Dtype dtype) {
    return FormatProblem(FillProblem(*FindFill(fill), *FindLoss(loss), dtype, Reduction::kMean, 1, 0));
  };
  EXPECT_EQ(line("normal", "mse", Dtype::kF32),
            "mse f32 mean input=[1,4]:0x1.bd5042p+0,-0x1.3a11d4p+0,0x1.476c78p+0,-0x1.a616a8p+2 "
            "target=[1,4]:0x1.1778bep+3,-0x1.edbf3cp+0,0x1.8433aap+0,0x1.73ca4p+0");
  EXPECT_EQ(line("ties", "ciou", Dtype::kF16),
            "ciou f16 mean "
            "input=[3,4]:0x0p+0,0x1.cp+2,0x1.4p+2,0x1.2p+3,0x0p+0,0x1.8p+2,0x1p+1,0x1.2p+3,0x1p+0,0x1p+2,0x1."
            "8p+1,0x1p+3 "
            "target=[3,4]:0x1.4p+1,0x1p+3,0x1.4p+1,0x1.4p+3,0x0p+0,0x1.ep+2,0x1p+1,0x1.5p+3,0x1.8p+1,0x1p+2,"
            "0x1.4p+2,0x1p+3");
  EXPECT_EQ(line("many_classes", "cross_entropy", Dtype::kBF16),
            "cross_entropy bf16 mean label_smoothing=0x1p+0 input=many_classes#1.0[641] "
            "target_probabilities=many_classes#1.0[641]");
  EXPECT_EQ(line("special", "bce_with_logits", Dtype::kF64),
            "bce_with_logits f64 mean input=[]:0x0p+0 target=[]:0x1.2511a47585f4ep-2 "
            "weight=[]:0x1.d32db9ee557cfp-5");
}

}  // namespace
}  // namespace exactloss
