#include "oracle/host_subject.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <thread>

#include "oracle/host_process.h"

namespace exactloss {
namespace {

using namespace std::chrono_literals;

constexpr SubjectOptions kPatient{.timeout = 20s};
constexpr SubjectOptions kHasty{.timeout = 300ms};

std::string BadHost(const std::string& arguments = "") {
  return "exec:python3 " EXACTLOSS_SOURCE_DIR "/tests/oracle/hosts/bad_host.py " + arguments;
}

Problem Mse(double input) {
  return ParseProblem("mse f64 none input=" + FormatHex(input) + ",0 target=3,-0.5");
}

std::vector<double> ValuesOf(const Answer& answer, std::size_t output) {
  std::vector<double> values;
  for (const std::uint64_t bits : answer.outputs.at(output).bits) {
    values.push_back(FromBits(answer.outputs[output].dtype, bits));
  }
  return values;
}

void ExpectRight(const Answer& answer, double input) {
  ASSERT_EQ(answer.status, AnswerStatus::kOk) << answer.message;
  ASSERT_EQ(answer.outputs.size(), 3U);
  EXPECT_EQ(ValuesOf(answer, 0), (std::vector<double>{(input - 3) * (input - 3), 0.25}));
  EXPECT_EQ(ValuesOf(answer, 1), (std::vector<double>{2 * (input - 3), 1}));
  EXPECT_EQ(ValuesOf(answer, 2), (std::vector<double>{-2 * (input - 3), -1}));
}

struct Misbehaviour {
  const char* name;
  double input;  ///< what bad_host.py takes as the sign to begin
  AnswerStatus status;
  std::string message;
};

void PrintTo(const Misbehaviour& bad, std::ostream* out) { *out << bad.name; }

class BadHosts : public testing::TestWithParam<std::tuple<Misbehaviour, const char*>> {};

TEST_P(BadHosts, CostOneProblemOnly) {
  const auto& [bad, arguments] = GetParam();
  const bool hangs = bad.status == AnswerStatus::kTimeout;
  const auto subject = MakeSubject(BadHost(arguments), hangs ? kHasty : kPatient);
  const std::vector<double> inputs = {1, 2, bad.input, 4, 5};
  std::vector<Problem> problems;
  for (const double input : inputs) problems.push_back(Mse(input));

  const std::vector<Answer> answers = subject->Run(problems);
  ASSERT_EQ(answers.size(), inputs.size());
  EXPECT_EQ(answers[2].status, bad.status);
  EXPECT_EQ(answers[2].message, bad.message);
  EXPECT_TRUE(answers[2].status == AnswerStatus::kOk || answers[2].outputs.empty());
  for (const std::size_t i : {0, 1, 3, 4}) ExpectRight(answers[i], inputs[i]);
  ExpectRight(subject->Run({&problems[0], 1})[0], inputs[0]);
}

constexpr auto kCrash = AnswerStatus::kCrash;
constexpr auto kTimeout = AnswerStatus::kTimeout;
constexpr auto kProtocol = AnswerStatus::kProtocol;
const Misbehaviour kMisbehaviours[] = {
    {"Crash", 1001, kCrash, "the host was killed by SIGSEGV"},
    {"Exit", 1002, kCrash, "the host exited with status 3; its last words: \"about to leave\""},
    {"Hang", 1003, kTimeout, "it did not answer within 0.3 s"},
    {"Garbage", 1004, kProtocol, "a frame is a line of JSON, and it sent \"loss = 0.25\""},
    {"HalfAFrame", 1005, kCrash,
     R"(the host exited with status 0 after half a frame, "{\x22type\x22:\x22answer\x22,\x22id\x22:")"},
    {"HalfAPayload", 1006, kCrash, "the host exited with status 0 after 3 of the 8 bytes that it announced"},
    {"ClosedOutput", 1007, kCrash, "the host closed its standard output"},
    {"FloodOfOutput", 1008, kProtocol,
     "a frame is a line of JSON of at most 1048576 bytes, and it sent \"" + std::string(60, 'x') + "...\""},
    {"FloodOfErrors", 1009, AnswerStatus::kOk, ""},
    {"DeepJson", 1010, kProtocol,
     "a frame is a line of JSON, and it sent \"" + std::string(60, '[') + "...\""},
    {"AnotherRun", 1011, kProtocol, "it answers problem 0 of run -1 instead of problem 2 of run 1"},
    {"WrongType", 1012, kProtocol, "its frame has a wrong \"status\""},
    {"HugePayload", 1013, kProtocol, "it announces 99999999999 bytes where its outputs take at most 48"},
    {"BinaryGarbage", 1014, kProtocol, R"(a frame is a line of JSON, and it sent "\xff\xfe\x00")"},
    {"NanPayload", 1020, AnswerStatus::kOk, ""},
    {"WrongShape", 1021, kProtocol, "its output \"grad:input\" has shape [7] instead of [2]"},
    {"WrongName", 1022, kProtocol, "it answers an output \"los\" that nobody asked for"},
    {"WrongDtype", 1023, kProtocol, "its output \"loss\" has a dtype that is none of f64, f32, bf16, f16"},
    {"NoOutputs", 1024, kProtocol, "its answer lacks the output \"loss\""},
    {"OutputTwice", 1025, kProtocol, "its output \"loss\" comes twice, or out of order"},
    {"LossAlone", 1026, AnswerStatus::kOk, ""},
};

INSTANTIATE_TEST_SUITE_P(HostSubject, BadHosts,
                         testing::Combine(testing::ValuesIn(kMisbehaviours), testing::Values("", "--shared")),
                         [](const auto& test) {
                           const bool shared = *std::get<1>(test.param) != '\0';
                           return std::get<0>(test.param).name + std::string(shared ? "InSharedMemory" : "");
                         });

TEST(HostSubject, PayloadsOfNansSurvive) {
  const auto subject = MakeSubject(BadHost());
  const Problem problem = Mse(1020);
  const Answer answer = subject->Run({&problem, 1})[0];
  for (const std::uint64_t bits : answer.outputs.at(0).bits) EXPECT_EQ(bits, 0xFFF8000000ABCDEF);
}

TEST(HostSubject, WhatAHostDoesNotWriteIsNan) {
  const auto subject = MakeSubject(BadHost("--shared"));
  const Problem right = Mse(1), unwritten = Mse(1030);
  ExpectRight(subject->Run({&right, 1})[0], 1);
  const Answer answer = subject->Run({&unwritten, 1})[0];
  ASSERT_EQ(answer.status, AnswerStatus::kOk) << answer.message;
  for (const double value : ValuesOf(answer, 0)) EXPECT_TRUE(std::isnan(value)) << value;
}

TEST(HostSubject, OutputsThatAHostLeavesOut) {
  const auto subject = MakeSubject(BadHost());
  const Problem problem = Mse(1026);
  const Answer answer = subject->Run({&problem, 1})[0];
  ASSERT_EQ(answer.outputs.size(), 1U);
  EXPECT_EQ(answer.outputs[0].name, "loss");
}

TEST(HostSubject, ACrashThatDoesNotHappenAgainIsFlaky) {
  const std::filesystem::path mark = testing::TempDir() + "exactloss_crashed_" + std::to_string(getpid());
  const auto subject = MakeSubject(BadHost("--once " + mark.string()), kPatient);
  const Problem problem = Mse(1001);
  const Answer answer = subject->Run({&problem, 1})[0];
  std::filesystem::remove(mark);
  EXPECT_EQ(answer.status, kCrash);
  EXPECT_EQ(answer.message,
            "the host was killed by SIGSEGV; flaky: asked again, alone, a fresh host answered");
}

TEST(HostSubject, ManyProblemsWithCrashesAmongThem) {
  for (const char* arguments : {"", "--shared"}) {
    const auto subject = MakeSubject(BadHost(arguments), kPatient);
    std::vector<Problem> problems;
    for (int i = 0; i < 300; ++i) problems.push_back(Mse(i % 100 == 50 ? 1001 : i));
    const std::vector<Answer> answers = subject->Run(problems);
    ASSERT_EQ(answers.size(), problems.size());
    for (int i = 0; i < 300; ++i) {
      const Answer& answer = answers[static_cast<std::size_t>(i)];
      if (i % 100 == 50) {
        EXPECT_EQ(answer.status, kCrash) << i;
      } else {
        ExpectRight(answer, i);
      }
    }
  }
}

TEST(HostSubject, LayoutsMakeNoDifference) {
  for (const char* arguments : {"", "--shared"}) {
    const auto subject = MakeSubject(BadHost(arguments), kPatient);
    for (const Layout layout : kAllLayouts) {
      Problem problem = ParseProblem("mse f64 none input=[2,2]:1,2,1,2 target=[2,2]:0,5,0,5");
      problem.inputs[0]->layout = problem.inputs[1]->layout = layout;
      const Answer answer = subject->Run({&problem, 1})[0];
      ASSERT_EQ(answer.status, AnswerStatus::kOk) << answer.message;
      EXPECT_EQ(ValuesOf(answer, 1), (std::vector<double>{2, -6, 2, -6})) << Name(layout);
    }
  }
}

TEST(HostSubject, AFrameLargerThanThePipe) {
  Problem problem = Mse(0);
  const std::size_t size = 300'000;
  for (auto& input : problem.inputs) {
    input->shape = {static_cast<std::int64_t>(size)};
    input->values.assign(size, 2);
  }
  problem.inputs[0]->values.back() = 7;
  for (const char* arguments : {"", "--shared"}) {
    const Answer answer = MakeSubject(BadHost(arguments), kPatient)->Run({&problem, 1})[0];
    ASSERT_EQ(answer.status, AnswerStatus::kOk) << answer.message;
    EXPECT_EQ(ValuesOf(answer, 0).size(), size);
    EXPECT_EQ(ValuesOf(answer, 0).back(), 25);
  }
}

TEST(HostSubject, SaysWhatItIs) {
  const auto subject = MakeSubject(BadHost());
  EXPECT_EQ(subject->info().name, BadHost());
  EXPECT_EQ(subject->info().version, "0");
  EXPECT_EQ(subject->info().details.at("host"), "bad");
}

TEST(HostSubject, TheExampleComputesMse) {
  const auto subject = MakeSubject("exec:python3 " EXACTLOSS_SOURCE_DIR "/examples/python_host.py");
  const std::vector<Problem> problems = {ParseProblem("mse f32 mean input=2.5,0 target=3,-0.5"),
                                         ParseProblem("mse bf16 mean input=2.5,0 target=3,-0.5"),
                                         ParseProblem("l1 f32 mean input=2.5,0 target=3,-0.5")};
  const std::vector<Answer> answers = subject->Run(problems);
  EXPECT_EQ(ValuesOf(answers[0], 0), std::vector<double>{0.25});
  EXPECT_EQ(ValuesOf(answers[0], 1), (std::vector<double>{-0.5, 0.5}));
  EXPECT_EQ(answers[1].status, AnswerStatus::kUnsupported);
  EXPECT_EQ(answers[2].message, "no l1 for f32 here");
}

/// The message of the UsageError that making the subject must throw.
std::string WhyNot(const std::string& name) {
  try {
    MakeSubject(name, kPatient);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "it is one";
}

TEST(Subject, ExecOfWhatIsNoHost) {
  const std::string page = "; docs/protocol.md says what a host answers";
  EXPECT_EQ(WhyNot("exec:true"), "exec:true: no host: the host exited with status 0" + page);
  EXPECT_EQ(WhyNot("exec:kill -SEGV $$"),
            "exec:kill -SEGV $$: no host: the host was killed by SIGSEGV" + page);
  EXPECT_EQ(WhyNot("exec:cat"), "exec:cat: no host: its frame has no \"name\"" + page);
  EXPECT_EQ(WhyNot("exec:echo hi"),
            "exec:echo hi: no host: a frame is a line of JSON, and it sent \"hi\"" + page);
  const std::string missing = WhyNot("exec:/no/such/host");
  EXPECT_TRUE(
      missing.starts_with("exec:/no/such/host: no host: the host exited with status 127; its last words:"))
      << missing;
  EXPECT_TRUE(missing.find("not found") != std::string::npos) << missing;
}

TEST(Subject, NamesThatAreNone) {
  EXPECT_TRUE(WhyNot("torch").starts_with("no subject 'torch'; there are: ")) << WhyNot("torch");
  EXPECT_TRUE(WhyNot("exec:").starts_with("no subject 'exec:'")) << WhyNot("exec:");
  EXPECT_TRUE(WhyNot("libtorchx").starts_with("no subject 'libtorchx'")) << WhyNot("libtorchx");
  EXPECT_EQ(WhyNot("libtorch+fast"),
            "subject libtorch+fast: '+fast' is no environment setting, which is +NAME=VALUE");
}

TEST(Subject, LibTorchWithoutAHost) {
  setenv("EXACTLOSS_HOSTS", "/no/such/folder", 1);
  EXPECT_EQ(WhyNot("libtorch-9.9"),
            "subject libtorch-9.9: no host is built for it (there is none); make one with ./dev build, or "
            "with ./dev "
            "build --torch DIR for another LibTorch");
  const std::vector<std::string> names = SubjectNames();
  EXPECT_EQ(std::count(names.begin(), names.end(), "libtorch"), 0);
  unsetenv("EXACTLOSS_HOSTS");
}

bool IsAlive(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  return status >> number >> name >> state && state != "Z";
}

// The host and its child hang and ignore what can be ignored; their auditor is killed in the hard way.
TEST(HostProcess, DoesNotOutliveItsAuditor) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t auditor = fork();
  if (auditor == 0) {
    HostProcess host({{"/bin/sh", "-c", "trap '' TERM HUP PIPE; sleep 1000 & echo $$ $!; wait"}, {}, -1});
    std::string pids;
    host.ReadLine(&pids, 100, 20s);
    pids += '\n';
    if (write(pipe_ends[1], pids.data(), pids.size()) > 0) raise(SIGKILL);
    _exit(1);
  }
  close(pipe_ends[1]);
  std::ifstream pids("/proc/self/fd/" + std::to_string(pipe_ends[0]));
  pid_t host = 0, child = 0;
  pids >> host >> child;
  close(pipe_ends[0]);
  waitpid(auditor, nullptr, 0);
  ASSERT_GT(host, 0);
  ASSERT_GT(child, 0);
  for (int i = 0; i < 200 && (IsAlive(host) || IsAlive(child)); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_FALSE(IsAlive(host));
  EXPECT_FALSE(IsAlive(child));
}

TEST(HostProcess, IsKilledWithAllItStarted) {
  std::string line;
  {
    HostProcess host({{"/bin/sh", "-c", "sleep 1000 & echo $!; wait"}, {}, -1});
    ASSERT_EQ(host.ReadLine(&line, 100, 20s), HostProcess::Event::kRead);
    EXPECT_TRUE(IsAlive(std::stoi(line)));
  }
  for (int i = 0; i < 200 && IsAlive(std::stoi(line)); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_FALSE(IsAlive(std::stoi(line)));
}

std::set<std::string> Words(const std::string& text) {
  std::istringstream words(text);
  return {std::istream_iterator<std::string>(words), {}};
}

TEST(HostProcess, HasItsEnvironmentAndNoDescriptorOfOurs) {
  const std::string list = "ls /proc/self/fd | tr '\\n' ' '; echo";
  const HostProcess another({{"/bin/sleep", "1000"}, {}, -1});
  HostProcess host({{"/bin/sh", "-c", "echo $EXACTLOSS_TEST; " + list}, {{"EXACTLOSS_TEST", "set"}}, -1});
  std::string line;
  ASSERT_EQ(host.ReadLine(&line, 100, 20s), HostProcess::Event::kRead);
  EXPECT_EQ(line, "set");
  ASSERT_EQ(host.ReadLine(&line, 100, 20s), HostProcess::Event::kRead);
  const std::filesystem::path expected =
      testing::TempDir() + "exactloss_descriptors_" + std::to_string(getpid());
  ASSERT_EQ(std::system(("(" + list + ") >" + expected.string()).c_str()), 0);
  std::string plain;
  std::getline(std::ifstream(expected), plain);
  std::filesystem::remove(expected);
  const std::set<std::string> ours = Words(plain);
  for (const std::string& descriptor : Words(line)) {
    EXPECT_TRUE(ours.contains(descriptor)) << descriptor << ", and without a host " << plain;
  }
}

}  // namespace
}  // namespace exactloss
