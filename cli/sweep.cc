// exactloss sweep: every number of an input, and a certificate of what was found.
#include "oracle/sweep.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <thread>

#include "cli/command.h"
#include "cli/flags.h"
#include "cli/interrupt.h"
#include "cli/sweep_plan.h"
#include "cli/terminal.h"
#include "reference/text.h"
#include "reports/atomic_file.h"
#include "reports/certificate_file.h"
#include "reports/report.h"

namespace exactloss {
namespace {

namespace fs = std::filesystem;

struct SweepFlags {
  SweepWords words;
  std::string shard = "1/1", certificate;
  bool resume = false;
  SubjectFlags subject;
};

/// What makes the whole, however it was cut: no jobs, shard, file or resumption.
std::string CanonicalCommand(const SweepFlags& flags) {
  std::string command =
      fmt::format("exactloss sweep --loss {} --dtype {}", flags.words.loss, flags.words.dtype);
  for (const std::string& name : flags.words.vary) command += " --vary " + name;
  for (const std::string& text : flags.words.fix) command += " --fix " + text;
  for (const std::string& text : flags.words.parameters) command += " --param " + text;
  if (flags.words.stride > 1) command += fmt::format(" --stride {}", flags.words.stride);
  for (const std::string& name : flags.subject.names) {
    command +=
        name.find(' ') == std::string::npos ? " --subject " + name : fmt::format(" --subject '{}'", name);
  }
  return command;
}

/// What an earlier run has done, if it may be gone on with.
Certificate Resumed(const SweepFlags& flags, const fs::path& saved, Certificate fresh) {
  if (!fs::exists(saved)) return fresh;
  if (!flags.resume) {
    throw UsageError(Concat(saved.string(),
                            " holds what an earlier run has done; --resume goes on with it, or delete it"));
  }
  Certificate certificate = ReadCertificate(saved);
  if (const std::string difference = DifferenceOf(certificate, fresh); !difference.empty()) {
    throw UsageError(Concat(saved.string(), " is of another sweep: ", difference));
  }
  return certificate;
}

double CpuSeconds() {
  double seconds = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage = {};
    getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
      seconds += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    }
  }
  return seconds;
}

ExitStatus RunSweep(SweepFlags& flags) {
  if (flags.certificate.empty()) throw UsageError("where to? Give --certificate FILE");
  if (flags.subject.names.empty()) flags.subject.names = {"libtorch"};
  const SweepPlan plan = PlanOf(flags.words);
  const Shard shard = ShardNamed(flags.shard);
  const AuditOptions common = flags.subject.Options();
  Certificate certificate = NewCertificate(plan, flags.subject.names, common.subject);
  certificate.program = ProgramName();
  certificate.command = CanonicalCommand(flags);
  certificate.cpu = CpuName();
  const fs::path path = flags.certificate, saved = path.string() + ".progress";
  certificate = Resumed(flags, saved, std::move(certificate));
  { const AtomicFile probe(path); }  // a folder that is not there is told before, not after

  Progress progress("points");
  SweepOptions options;
  options.subjects = flags.subject.names;
  options.subject = common.subject;
  options.jobs = common.jobs;
  options.shard = shard.number;
  options.shards = shard.of;
  options.progress = [&](std::uint64_t done, std::uint64_t total) { progress.Show(done, total); };
  options.save = [&](const Certificate& done) { SaveCertificate(done, saved); };
  CatchInterrupts();
  options.interrupted = common.interrupted;
  const auto start = std::chrono::steady_clock::now();
  bool was_interrupted = false;
  try {
    was_interrupted = Sweep(plan, options, &certificate);
  } catch (const SweepError& error) {
    throw SweepError(
        Concat(error.what(), "; ", saved.string(), " holds what was done, and --resume goes on with it"));
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  progress.Clear();
  if (was_interrupted) {
    std::cout << fmt::format("interrupted: {} of {} chunks are in {}; --resume goes on\n",
                             certificate.done.Count(), certificate.chunks, saved.string());
    return kInterrupted;
  }
  SaveCertificate(certificate, path);
  fs::remove(saved);
  WriteCertificateText(certificate, std::cout);
  std::cout << fmt::format("{:.1f} s, {:.1f} s of CPU, {} jobs; {}{}\n", wall.count(), CpuSeconds(),
                           options.jobs, DigestOf(certificate),
                           certificate.IsComplete() ? "" : ": a shard, for exactloss merge");
  return kOk;
}

}  // namespace

Action AddSweep(CLI::App& app) {
  const auto flags = std::make_shared<SweepFlags>();
  flags->subject.jobs = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 64U));
  app.add_option("--loss", flags->words.loss, "an elementwise loss");
  app.add_option("--dtype", flags->words.dtype, "f32, bf16 or f16")->capture_default_str();
  AddNames(app, "--vary", flags->words.vary,
           "the input that takes every value, or two of bf16 or f16: input,target");
  app.add_option(
         "--fix", flags->words.fix,
         fmt::format("NAME=VALUE,...: an input held at each of these; {} if not said", kDefaultTargets))
      ->allow_extra_args(false);
  app.add_option("--param", flags->words.parameters, "NAME=VALUE,...: a parameter, else at its default")
      ->allow_extra_args(false);
  app.add_option("--stride", flags->words.stride, "only every so many points: a sample")
      ->capture_default_str();
  app.add_option("--shard", flags->shard, "part i of n parts, for exactloss merge")->capture_default_str();
  app.add_flag("--resume", flags->resume, "go on with what an interrupted or killed run has done");
  app.add_option("--certificate", flags->certificate, "write what was found to this file");
  flags->subject.AddSubjects(app);
  app.footer(
      "The loss and its gradients along what varies are judged at every point. The exit status is 0 whatever "
      "was found.");
  return [flags] { return RunSweep(*flags); };
}

}  // namespace exactloss
