#include <fmt/format.h>
#include <gtest/gtest.h>

#include "oracle/fill.h"
#include "oracle/naive.h"
#include "reference/loss_spec.h"
#include "tests/cli/program.h"

namespace exactloss {
namespace {

std::string List(const std::vector<std::string>& what) {
  std::vector<std::string> arguments = {"list"};
  arguments.insert(arguments.end(), what.begin(), what.end());
  const Ran ran = Exactloss(arguments);
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err, "");
  return fmt::format("\n{}", ran.out);
}

void Has(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
}

TEST(List, HasEveryLossWithWhatItTakes) {
  const std::string text = List({"losses"});
  EXPECT_EQ(List({}), text);
  for (const LossSpec& loss : Catalogue()) {
    Has(text, fmt::format("\n{}\n  formula     {}\n", loss.name, loss.formula));
  }
  Has(text, "\n  inputs      input in [0, 1] (d); target in [0, 1] (d); weight (optional)\n");
  Has(text, "\n  parameters  beta=1 in [0, inf)\n");
  Has(text, "\n  parameters  delta=1 in (0, inf)\n");
  Has(text, "\n  parameters  log_target=false\n");
  Has(text, "\n  reductions  none; mean; sum; batchmean\n");
  Has(text, "\n  LibTorch    mse_loss\n");
}

TEST(List, HasEveryFillWithItsReason) {
  const std::string text = List({"fills"});
  for (const Fill& fill : Fills()) {
    Has(text, fmt::format("\n{} ", fill.name));
    Has(text, std::string(fill.why));
  }
}

TEST(List, HasEverySubject) {
  const std::string text = List({"subjects"});
  for (const std::string& form : NaiveForms()) Has(text, fmt::format("\nnaive/{}\n", form));
  Has(text, "\nexec:COMMAND\n");
}

TEST(List, HasEveryDtype) {
  const std::string text = List({"dtypes"});
  Has(text,
      "\nbf16  16 bits, 8 of precision, largest 0x1.fep+127, smallest normal 0x1p-126, subnormal 0x1p-133\n");
  EXPECT_EQ(LinesOf(text).size(), 5U);
}

}  // namespace
}  // namespace exactloss
