#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <random>
#include <thread>

#include "oracle/highway.h"
#include "tests/cli/program.h"

namespace exactloss {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> Sweep(const std::string& certificate, std::vector<std::string> more = {}) {
  const std::vector<std::string> first = {"sweep",
                                          "--loss",
                                          "bce_with_logits",
                                          "--fix",
                                          "target=1",
                                          "--subject",
                                          "highway/" + HighwayKernels()[0],
                                          "--certificate",
                                          certificate};
  more.insert(more.begin(), first.begin(), first.end());
  return more;
}

TEST(Sweep, AWholeSmallDtypeIsCertified) {
  const std::string file = NewFolder("sweep") + "/bf16";
  const Ran ran = Exactloss(Sweep(file, {"--dtype", "bf16"}));
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("65536 points\n"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("loss: 65536 exact; within 0.5 ulp"), std::string::npos) << ran.out;
  EXPECT_NE(ReadFile(file).find("\"digest\": \"fnv1a:"), std::string::npos);
  EXPECT_FALSE(fs::exists(file + ".progress"));
}

TEST(Sweep, ASampleSaysSo) {
  const Ran ran =
      Exactloss({"sweep", "--loss", "mse", "--stride", "1000003", "--subject",
                 "highway/" + HighwayKernels()[1], "--certificate", NewFolder("sweep") + "/sample"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("4279 points, every 1000003th: a sample"), std::string::npos) << ran.out;
}

TEST(Sweep, FourShardsMergeToTheBitsOfTheWhole) {
  const std::string folder = NewFolder("sweep");
  const std::vector<std::string> sample = {"--stride", "1031", "--dtype", "f32"};
  ASSERT_EQ(Exactloss(Sweep(folder + "/whole", sample)).status, 0);
  std::vector<std::string> merge = {"merge", "--certificate", folder + "/merged"};
  for (const char* shard : {"3", "1", "4", "2"}) {
    std::vector<std::string> more = sample;
    more.insert(more.end(), {"--shard", std::string(shard) + "/4"});
    ASSERT_EQ(Exactloss(Sweep(folder + "/" + shard, more)).status, 0);
    merge.push_back(folder + "/" + shard);
  }
  const Ran ran = Exactloss(merge);
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ReadFile(folder + "/merged"), ReadFile(folder + "/whole"));
  merge.push_back(folder + "/whole");
  const Ran twice = Exactloss(merge);
  EXPECT_EQ(twice.status, 4);
  EXPECT_NE(twice.err.find("no point counts twice"), std::string::npos) << twice.err;
}

TEST(Sweep, KilledTwentyTimesItSaysTheSame) {
  const std::string folder = NewFolder("sweep");
  const std::vector<std::string> sample = {"--stride", "211", "--jobs", "2"};
  ASSERT_EQ(Exactloss(Sweep(folder + "/whole", sample)).status, 0);
  std::vector<std::string> more = sample;
  more.emplace_back("--resume");
  std::mt19937 random(1);
  int killed = 0, saved = 0;
  const std::string progress = folder + "/killed.progress";
  for (int i = 0; i < 20; ++i) {
    Running running(Sweep(folder + "/killed", more));
    // At any moment; on a machine so slow that none of these saves anything, the last time after it has.
    std::this_thread::sleep_for(std::chrono::milliseconds(10 + random() % 150));
    for (int waits = 0; i == 19 && saved == 0 && !fs::exists(progress) && waits < 6000; ++waits) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    kill(running.pid(), SIGKILL);
    if (running.Wait().status == 128 + SIGKILL) ++killed;
    if (fs::exists(progress)) ++saved;
  }
  EXPECT_GT(killed, 0);
  EXPECT_GT(saved, 0);
  const Ran ran = Exactloss(Sweep(folder + "/killed", more));
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ReadFile(folder + "/killed"), ReadFile(folder + "/whole"));
}

TEST(Sweep, WhatAnEarlierRunHasDoneIsNotLost) {
  const std::string file = NewFolder("sweep") + "/c";
  ASSERT_EQ(Exactloss(Sweep(file, {"--dtype", "bf16"})).status, 0);
  fs::rename(file, file + ".progress");
  const std::string saved = ReadFile(file + ".progress");
  Ran ran = Exactloss(Sweep(file, {"--dtype", "bf16"}));
  EXPECT_EQ(ran.status, 4);
  EXPECT_NE(ran.err.find("--resume goes on with it"), std::string::npos) << ran.err;
  ran = Exactloss(Sweep(file, {"--dtype", "f16", "--resume"}));
  EXPECT_EQ(ran.status, 4);
  EXPECT_NE(ran.err.find("is of another sweep: its dtype: bf16; the other's: f16"), std::string::npos)
      << ran.err;
  EXPECT_EQ(ReadFile(file + ".progress"), saved);
  EXPECT_EQ(Exactloss(Sweep(file, {"--dtype", "bf16", "--resume"})).status, 0);
  EXPECT_EQ(ReadFile(file), saved);
}

TEST(Sweep, AFullDiskIsALineAndAStatusAndNothingIsLost) {
  const std::string file = NewFolder("sweep") + "/c";
  fs::create_symlink("/dev/full", file);
  Ran ran = Exactloss(Sweep(file, {"--dtype", "bf16"}));
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(LinesOf(ran.err).size(), 1U) << ran.err;
  EXPECT_NE(ran.err.find("cannot be written"), std::string::npos) << ran.err;
  fs::remove(file);
  ran = Exactloss(Sweep(file, {"--dtype", "bf16", "--resume"}));
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ReadFile(file).find("\"points\": 65536"), std::string::npos);
}

TEST(Sweep, ASubjectThatDiesIsALineAndAStatus) {
  const std::string file = NewFolder("sweep") + "/c";
  const std::string host =
      R"(exec:python3 -c 'print("{\"exactloss\":1,\"type\":\"hello\",\"name\":\"dies\"}", flush=True); input(); input()')";
  const Ran ran =
      Exactloss({"sweep", "--loss", "mse", "--dtype", "f16", "--subject", host, "--certificate", file});
  EXPECT_EQ(ran.status, 3) << ran.err;
  EXPECT_EQ(LinesOf(ran.err).size(), 1U) << ran.err;
  EXPECT_NE(ran.err.find("gave no answer at target=0x"), std::string::npos) << ran.err;
}

struct BadSweep {
  std::vector<std::string> arguments;
  std::string says;
};

TEST(Sweep, BadInputIsOneLine) {
  const std::string folder = NewFolder("sweep");
  WriteFile(folder + "/old", R"({"format": "exactloss certificate 0"})");
  WriteFile(folder + "/half", "{\"format\": \"exac");
  const std::vector<BadSweep> bad = {
      {{"sweep"}, "which loss?"},
      {{"sweep", "--loss", "mse"}, "Give --certificate FILE"},
      {{"sweep", "--loss", "cross_entropy"}, "use `exactloss audit --loss cross_entropy`"},
      {{"sweep", "--loss", "mse", "--dtype", "f64"}, "f64 has 2^64 numbers"},
      {{"sweep", "--loss", "mse", "--vary", "input,target"}, "sweep pairs of bf16 or f16"},
      {{"sweep", "--loss", "mse", "--vary", "inptu"}, "did you mean input?"},
      {{"sweep", "--loss", "mse", "--stride", "0"}, "--stride: 0 leaves no point"},
      {{"sweep", "--loss", "mse", "--fix", "target=x"}, "'x' of target is no number"},
      {{"sweep", "--loss", "mse", "--fix", "target"}, "is no NAME=VALUE"},
      {{"sweep", "--loss", "mse", "--fix", "input=1"}, "input varies"},
      {{"sweep", "--loss", "bce", "--fix", "target=2"}, "target"},
      {{"sweep", "--loss", "mse", "--param", "beta=1"}, "mse has no 'beta'"},
      {{"sweep", "--loss", "mse", "--shard", "3/2"}, "is no shard"},
      {{"merge", "--certificate", folder + "/out"}, "which?"},
      {{"merge", folder + "/old", "--certificate", folder + "/out"}, "certificate of another version"},
      {{"merge", folder + "/half", "--certificate", folder + "/out"}, "it is no certificate"},
      {{"merge", folder + "/none", "--certificate", folder + "/out"}, "it cannot be read"},
  };
  for (BadSweep one : bad) {
    const bool needs_file = one.arguments[0] == "sweep" && one.says.find("certificate") == std::string::npos;
    if (needs_file) one.arguments.insert(one.arguments.end(), {"--certificate", folder + "/c"});
    if (one.arguments[0] == "sweep") {
      one.arguments.insert(one.arguments.end(), {"--subject", "highway/" + HighwayKernels()[0]});
    }
    const Ran ran = Exactloss(one.arguments);
    EXPECT_EQ(ran.status, 4) << one.says << ": " << ran.err;
    EXPECT_EQ(LinesOf(ran.err).size(), 1U) << ran.err;
    EXPECT_NE(ran.err.find(one.says), std::string::npos) << ran.err;
  }
}

}  // namespace
}  // namespace exactloss
