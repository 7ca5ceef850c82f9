// Bad input: one line that names what, where, and what would be right; the exit status; and nobody is asked.
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace exactloss {
namespace {

struct BadInput {
  const char* name;
  std::vector<std::string> arguments;
  std::string message;  ///< the one line, without "exactloss "; an end of "..." stands for the rest of it
  int status = 4;
};

void PrintTo(const BadInput& bad, std::ostream* out) { *out << bad.name; }

class Bad : public testing::TestWithParam<BadInput> {};

TEST_P(Bad, IsOneLineAndAStatus) {
  const BadInput& bad = GetParam();
  const Ran ran = Exactloss(bad.arguments);
  EXPECT_EQ(ran.status, bad.status) << ran.err;
  EXPECT_EQ(ran.out, "");
  ASSERT_EQ(LinesOf(ran.err).size(), 1U) << ran.err;
  std::string wanted = "exactloss" + bad.message, got = LinesOf(ran.err)[0];
  if (wanted.ends_with("...")) {
    wanted.resize(wanted.size() - 3);
    got.resize(wanted.size());
  }
  EXPECT_EQ(got, wanted);
}

std::vector<std::string> Run(const std::string& line) { return {"run", "--subject", "naive/none", line}; }

const BadInput kBad[] = {
    {"NoCommand",
     {},
     ": which command? There are list, run, audit, compare, gradcheck, sweep, merge, search, fuzz, serve, "
     "bench; --help says "
     "more"},
    {"UnknownCommand", {"audti"}, ": no command 'audti'; did you mean audit?"},
    {"UnknownFlag", {"audit", "--los=mse"}, " audit: no option '--los=mse'; did you mean --loss?"},
    {"FlagWithoutValue", {"audit", "--loss"}, ": --loss: 1 required TEXT missing"},
    {"StrayWord", {"audit", "mse"}, " audit: it takes no 'mse'; --help says what"},
    {"NoCases", {"fuzz", "--cases", "0"}, " fuzz: --cases: '0' is no number of cases; it is 1 or more"},
    {"NoTime",
     {"fuzz", "--time", "0s"},
     " fuzz: --time: '0s' is no time to spend; it is longer than 0, such as 500ms, 30s, 5m or 2h"},
    {"NoBudget",
     {"search", "--budget", "soon"},
     " search: --budget: 'soon' is no time to spend; it is longer than 0, such as 500ms, 30s, 5m or 2h"},
    {"UnknownLossOfAFuzz", {"fuzz", "--loss", "msee"}, " fuzz: --loss: no loss 'msee'; did you mean mse?"},
    {"NothingToFuzz",
     {"fuzz", "--loss", "mse", "--reduction", "batchmean", "--subject", "naive/none"},
     " fuzz: nothing is selected; `exactloss list losses` shows which reductions a loss has"},
    {"TwoSearches",
     {"search", "--order", "--against", "naive/none"},
     " search: --order and --against are two searches"},
    {"NoSubjectToServe", {"serve", "nobody"}, " serve: no subject 'nobody'; there are: ..."},
    {"UnknownList", {"list", "losess"}, " list: no list of 'losess'; did you mean losses?"},

    {"UnknownLoss", Run("msee f32 none input=1 target=0"),
     " run: repro line, column 1: unknown loss 'msee'; did you mean mse?"},
    {"UnknownDtype", Run("mse f31 none input=1 target=0"),
     " run: repro line, column 5: unknown dtype 'f31'; there are f64, f32, bf16, f16"},
    {"UnknownReduction", Run("mse f32 non input=1 target=0"),
     " run: repro line, column 9: mse has no reduction 'non'; it has none, mean, sum"},
    {"MissingInput", Run("mse f32 none input=1"),
     " run: repro line, column 1: mse needs target; write target=..."},
    {"MissingParameterValue", Run("huber f32 none delta= input=1 target=0"),
     " run: repro line, column 22: delta: '' is no number; write a hex float (0x1.8p-3), a decimal, inf, "
     "-inf "
     "or nan"},
    {"UnknownParameter", Run("huber f32 none beta=1 input=1 target=0"),
     " run: repro line, column 16: huber has no input or parameter 'beta'; inputs: input, target; "
     "parameters: "
     "delta"},
    {"NoNumberOfTheDtype", Run("mse f16 none input=0x1.001p+0 target=0"),
     " run: repro line, column 20: input: '0x1.001p+0' is no number of f16; its neighbours there are 0x1p+0 "
     "and "
     "0x1.004p+0"},
    {"Overflow", Run("mse f16 none input=1e6 target=0"),
     " run: repro line, column 20: input: '1e6' overflows f16, whose largest number is 0x1.ffcp+15; write "
     "that "
     "or inf"},
    {"ShapeDoesNotFit", Run("mse f32 none input=1,2,3 target=0,1"),
     " run: repro line, column 26: mse: target has shape [2]; it must be [3]"},
    {"ValuesDoNotFillTheShape", Run("mse f32 none input=[2,2]:1,2,3 target=0"),
     " run: repro line, column 20: 3 values for shape [2,2], which has 4"},
    {"ClassIndexOutOfRange", Run("cross_entropy f32 mean input=[1,3]:1,2,3 target=3"),
     " run: repro line, column 42: cross_entropy: target[0] is 3; a class index is 0 to 2, or ignore_index, "
     "-100"},
    {"OutsideTheDomain", Run("smooth_l1 f32 none beta=-1 input=1 target=0"),
     " run: repro line, column 20: smooth_l1: beta=-1 is outside its domain; it must be ..."},
    {"NoBatchFile",
     {"run", "--batch", "/no/such/file"},
     " run: --batch: /no/such/file cannot be read: No such file or directory"},
    {"BatchIsAFolder",
     {"run", "--batch", "/tmp"},
     " run: --batch: /tmp is a folder, not a file of repro lines"},
    {"NothingToRun",
     {"run"},
     " run: what? Give a repro line, such as 'mse f32 none input=1 target=0', or --batch FILE"},
    {"HostThatIsNone",
     {"run", "--subject", "exec:true", "mse f32 none input=1 target=0"},
     " run: exec:true: no host: the host exited with status 0; docs/protocol.md says what a host answers"},
    {"AuditOfAHostThatIsNone",
     {"audit", "--profile", "smoke", "--subject", "exec:echo hi"},
     " audit: exec:echo hi: no host: a frame is a line of JSON, and it sent \"hi\"; docs/protocol.md says "
     "what a "
     "host answers"},
    {"UnknownSubject",
     {"run", "--subject", "tensorflow", "mse f32 none input=1 target=0"},
     " run: no subject 'tensorflow'; there are: ..."},
    {"UnknownForm", {"run", "--subject", "naive/foo", "mse f32 none input=1 target=0"}, " run: ..."},

    {"AuditUnknownLoss", {"audit", "--loss", "mse,l2"}, " audit: --loss: no loss 'l2'; did you mean l1?"},
    {"AuditUnknownDtype",
     {"audit", "--dtype", "float32"},
     " audit: --dtype: no dtype 'float32'; there are f64, f32, bf16, f16"},
    {"AuditUnknownReduction",
     {"audit", "--reduction", "avg"},
     " audit: --reduction: no reduction 'avg'; there are none, mean, sum, batchmean"},
    {"UnknownFill",
     {"audit", "--fill", "normla"},
     " audit: --fill: no fill 'normla'; did you mean normal, subnormal?"},
    {"UnknownProfile",
     {"audit", "--profile", "gates"},
     " audit: --profile: no profile 'gates'; did you mean gate?"},
    {"ShardBeyondTheLast",
     {"audit", "--shard", "3/2"},
     " audit: --shard: '3/2' is no shard; write i/n with 1 <= i <= n, such as 2/3"},
    {"ShardZero",
     {"audit", "--shard", "0/2"},
     " audit: --shard: '0/2' is no shard; write i/n with 1 <= i <= n, such as 2/3"},
    {"ShardWord",
     {"audit", "--shard", "half"},
     " audit: --shard: 'half' is no shard; write i/n with 1 <= i <= n, such as 2/3"},
    {"JobsZero", {"audit", "--jobs", "0"}, ": --jobs: '0' is no number of jobs; it is 1 to 1024"},
    {"JobsWord", {"audit", "--jobs", "many"}, ": --jobs: 'many' is no number of jobs; it is 1 to 1024"},
    {"TimeoutZero",
     {"audit", "--timeout", "0"},
     ": --timeout: '0' is no timeout; it is 0.001 to 86400 seconds"},
    {"GradcheckUnknownLoss",
     {"gradcheck", "--loss", "msee"},
     " gradcheck: --loss: no loss 'msee'; did you mean mse?"},
    {"GradcheckBadLine",
     {"gradcheck", "--subject", "naive/none", "mse f32 none input=1"},
     " gradcheck: repro line, column 1: mse needs target; write target=..."},
    {"GradcheckNoProblems",
     {"gradcheck", "--problems", "0"},
     ": --problems: Value 0 not in range 1 to 1048576"},
    {"GradcheckOwnLossHasNoTruth",
     {"gradcheck", "--as", "my_loss", "mse f32 none input=1 target=0"},
     " gradcheck: --as: a loss of your own has no truth here; add --taylor, which needs none"},
    {"GradcheckUnknownSubject",
     {"gradcheck", "--subject", "tensorflow", "mse f32 none input=1 target=0"},
     " gradcheck: no subject 'tensorflow'; there are: ..."},
    {"GradcheckNothingSelected",
     {"gradcheck", "--loss", "mse", "--reduction", "batchmean", "--subject", "exec:true"},
     " gradcheck: nothing is selected; `exactloss list` shows which reductions a loss has",
     5},
    {"NothingSelected",
     {"audit", "--loss", "mse", "--reduction", "batchmean", "--subject", "exec:true"},
     " audit: nothing is selected; `exactloss list` shows which reductions a loss has",
     5},
    {"ReportBelowAFile",
     {"audit", "--subject", kPythonHost, "--report", "/dev/null/report"},
     " audit: /dev/null/report cannot be written: Not a directory",
     3},
    {"JsonIntoNoFolder",
     {"audit", "--subject", kPythonHost, "--json", "/no/such/folder/f"},
     " audit: /no/such/folder/f cannot be written: No such file or directory",
     3},
};

INSTANTIATE_TEST_SUITE_P(Input, Bad, testing::ValuesIn(kBad),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(BadBatch, EveryBadLineIsToldAndNobodyIsAsked) {
  const std::string batch = NewFolder("batch") + "/batch.txt";
  WriteFile(batch,
            "# a comment\n"
            "mse f32 none input=1 target=0   # a good one\n"
            "\n"
            "  msee f32 none input=1 target=0\n"
            "huber f32 none delta=one input=1 target=0\r\n");
  const Ran ran = Exactloss({"run", "--subject", "exec:kill -KILL $PPID", "--batch", batch, "--json", "-"});
  EXPECT_EQ(ran.status, 4);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(
      ran.err,
      "exactloss run: " + batch + ":4:3: unknown loss 'msee'; did you mean mse?\n" +
          "exactloss run: " + batch +
          ":5:22: delta: 'one' is no number; write a hex float (0x1.8p-3), a decimal, inf, -inf or nan\n");
}

TEST(BadBatch, AnEmptyOneSelectsNothing) {
  const Ran ran = Exactloss({"run", "--subject", "exec:true", "--batch", "-"}, {.in = "# nothing\n\n"});
  EXPECT_EQ(ran.status, 5);
  EXPECT_EQ(ran.err, "exactloss run: there is no problem in the batch\n");
}

TEST(BadSubject, LibTorchWithoutAHostIsSaid) {
  const Ran ran =
      Exactloss({"run", "mse f32 none input=1 target=0"}, {.set = {{"EXACTLOSS_HOSTS", "/no/folder"}}});
  EXPECT_EQ(ran.status, 4);
  EXPECT_EQ(ran.err,
            "exactloss run: subject libtorch: no host is built for it (there is none); make one with ./dev "
            "build, or with ./dev build --torch DIR for another LibTorch\n");
}

}  // namespace
}  // namespace exactloss
