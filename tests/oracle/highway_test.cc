// Our kernels against the proven truth: every SIMD target of this machine, both modes, all dtypes and
// parameters.
#include "oracle/highway.h"

#include <gtest/gtest.h>

#include <string>

#include "oracle/audit.h"
#include "oracle/fill.h"
#include "reference/text.h"

namespace exactloss {
namespace {

/// Keeps what breaks a contract.
class Breaches final : public Sink {
 public:
  void Write(const Finding& finding) override {
    // At a truth that lies within 2^-32 ulp of a midpoint the enclosure does not tell which neighbour is
    // nearest.
    const bool rounded = finding.subject.ends_with("/exact") && finding.dtype != Dtype::kF64;
    if (finding.verdict == Verdict::kUnsupported) return;
    if (!Passes(finding) || (rounded && finding.ulp > 0.5 + 0x1p-30)) {
      text += Concat(finding.subject, " ", finding.output, "[", finding.index, "] ", finding.ulp,
                     " ulp: ", finding.line.substr(0, 200), "\n");
    }
  }
  std::string text;
};

TEST(Highway, KernelsKeepTheirContracts) {
  Selection selection;
  for (const LossSpec& loss : Catalogue()) selection.losses.push_back(&loss);
  selection.problems_per_cell = 1;
  AuditOptions options;
  for (const std::string& kernels : HighwayKernels()) options.subjects.push_back("highway/" + kernels);
  Breaches breaches;
  const AuditSummary summary = Audit(selection, options, {&breaches});
  EXPECT_GT(summary.passed, 100'000U);
  EXPECT_EQ(summary.failed, 0U);
  EXPECT_EQ(breaches.text, "");
}

}  // namespace
}  // namespace exactloss
