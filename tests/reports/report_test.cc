// What people read: the last line, report.md and the console.
#include "reports/report.h"

#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "reports/console.h"
#include "reports/markdown.h"
#include "tests/reports/hand_made.h"

namespace exactloss {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string MarkdownOf(const Report& report) {
  std::ostringstream out;
  WriteMarkdown(report, out);
  return out.str();
}

std::string ConsoleOf(const Report& report, const ConsoleOptions& options = {}) {
  std::ostringstream out;
  WriteConsole(report, options, out);
  return out.str();
}

class ReportTest : public testing::Test {
 protected:
  ReportTest() {
    report_.run.program = "exactloss 0";
    report_.run.command = "exactloss audit --loss 'mse|l1'";
    report_.run.selection = "profile gate, seed 7";
    report_.run.cpu = "A CPU";
    report_.run.subjects = {{"libtorch", "2.13.0", {{"capability", "AVX512"}}}};
  }

  void Write(const Finding& finding) { Collector(report_, {}).Write(finding); }

  void Has(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
  }
  void HasNot(const std::string& text, const std::string& part) {
    EXPECT_EQ(text.find(part), std::string::npos) << part << "\nis in\n" << text;
  }

  Report report_;
};

TEST_F(ReportTest, TheLastLineCounts) {
  EXPECT_EQ(report_.LastLine(), "0 passed, 0 failed");
  Write(HandMade());
  Write(Diverged(Divergence::kNan, kInfinity));
  EXPECT_EQ(report_.LastLine(), "1 passed, 1 failed");
  Finding undecided = HandMade(), unsupported = HandMade(), mistrusted = HandMade();
  undecided.verdict = Verdict::kUndecided;
  unsupported.verdict = Verdict::kUnsupported;
  mistrusted.mistrusted = true;
  for (const Finding& finding : {undecided, unsupported, mistrusted}) Write(finding);
  report_.run.interrupted = true;
  EXPECT_EQ(report_.LastLine(), "interrupted, 1 mistrusted, 1 undecided, 1 unsupported, 2 passed, 1 failed");
}

TEST_F(ReportTest, PitfallsCountApart) {
  report_.run.pitfalls = {"naive/a"};
  report_.run.subjects.push_back({"naive/a", "", {}});
  Finding failed = Diverged(Divergence::kOverflow, kInfinity, "naive/a", "bce");
  failed.line = "bce f32 none input=0x0p+0 target=0x1p+0";
  failed.count = 3;
  Write(failed);
  Write(HandMade("naive/a", "bce"));
  Finding another_loss = HandMade("naive/a", "l1");
  another_loss.verdict = Verdict::kUnsupported;
  Write(another_loss);
  EXPECT_EQ(report_.LastLine(), "3 failed in pitfalls, 0 passed, 0 failed");
  const std::string markdown = MarkdownOf(report_);
  Has(markdown, "| naive/a | `bce` | 4 | 75.0 % | inf | overflow (3) |");
  Has(markdown, "  ```\n  bce f32 none input=0x0p+0 target=0x1p+0\n  ```");
  Has(ConsoleOf(report_), "naive/a                               75.0 % of 4");
}

TEST_F(ReportTest, MarkdownSaysWhatWasAuditedWithWhat) {
  Write(HandMade());
  const std::string markdown = MarkdownOf(report_);
  Has(markdown, "| program | exactloss 0 |");
  Has(markdown, "| command | `exactloss audit --loss 'mse\\|l1'` |");
  Has(markdown, "| selection | profile gate, seed 7 |");
  Has(markdown, "| CPU | A CPU |");
  Has(markdown, "| libtorch | 2.13.0, capability AVX512 |");
  Has(markdown, "Nothing fails.");
  HasNot(markdown, "Interrupted");
  HasNot(markdown, "## Pitfalls");
  report_.run.interrupted = true;
  Has(MarkdownOf(report_), "**Interrupted**");
}

TEST_F(ReportTest, MarkdownHasATableAndTheCauses) {
  Finding exact = HandMade("libtorch", "mse", Dtype::kF64);
  exact.ulp = 0.25;
  Write(exact);
  Finding wrong = Diverged(Divergence::kUnderflow, 8388608);
  wrong.output = "grad:input";
  wrong.index = 4;
  wrong.message = "why | not";
  Write(wrong);
  const std::string markdown = MarkdownOf(report_);
  Has(markdown, "**libtorch**: 1 of 2 output elements fail, from 1 cause; the defaults of `torch.testing");
  Has(markdown, "| loss | output | f64 | f32 |");
  Has(markdown, "| `mse` | loss | 0.25 exact |  |");
  Has(markdown, "| `mse` | grad:input |  | **8.39e+06 underflow** |");
  Has(markdown,
      "- **f32 grad:input: underflow**, the truth ordinary (1 element in 1 problem): trains wrong, by ");
  Has(markdown,
      " ordinary ones. Worst 8.39e+06 ulp: element 4 is "
      "`0x0p+0 (0)`, the truth 1, to f32 `0x1p+0 (1)`. assert_close does not see it. why \\| not.");
  Has(markdown, "  ```\n  mse f32 none input=0x1p+0 target=0x0p+0\n  ```");
}

TEST_F(ReportTest, ConsoleHasColourOnlyWhenAsked) {
  Write(Diverged(Divergence::kNan, kInfinity));
  HasNot(ConsoleOf(report_), "\x1b");
  Has(ConsoleOf(report_, {.colour = true}), "\x1b[31m");
}

TEST_F(ReportTest, ConsoleIsNoFlood) {
  for (const LossSpec& loss : Catalogue()) {
    for (const Dtype dtype : kAllDtypes) {
      for (const Divergence divergence : {Divergence::kNan, Divergence::kOverflow, Divergence::kUnderflow}) {
        Write(Diverged(divergence, 5, "libtorch", std::string(loss.name), dtype));
      }
    }
  }
  const std::string text = ConsoleOf(report_), causes = std::to_string(4 * Catalogue().size());
  Has(text, "\n  nan: " + causes + " elements from " + causes +
                " causes, up to 5.00 ulp, in mse, l1, smooth_l1, huber, bce, bce_with_logits and " +
                std::to_string(Catalogue().size() - 6) + " more; assert_close does not see the worst of " +
                causes + "\n    l1 f64 none input=0x1p+0 target=0x0p+0\n");
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), static_cast<std::ptrdiff_t>(Catalogue().size() + 20));
}

TEST_F(ReportTest, TheExampleIsTheSimplestLine) {
  for (const char* input : {"inf", "0x1.8p+0,0x1.8p+0", "0x1.8p+0"}) {
    Finding finding = Diverged(Divergence::kNan, kInfinity, "libtorch", "mse", Dtype::kF16);
    finding.output = std::string("grad:") + input;
    finding.line = std::string("mse f16 none input=") + input;
    Write(finding);
  }
  Has(ConsoleOf(report_), "\n    mse f16 none input=0x1.8p+0\n");
}

TEST_F(ReportTest, ALongLineIsCutOnTheConsoleAndWholeInMarkdown) {
  Finding finding = Diverged(Divergence::kNan, kInfinity);
  finding.line += std::string(1000, '1');
  Write(finding);
  HasNot(ConsoleOf(report_), finding.line);
  Has(MarkdownOf(report_), "  ```\n  " + finding.line + "\n  ```");
}

}  // namespace
}  // namespace exactloss
