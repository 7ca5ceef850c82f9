// exactloss sweep and merge: every number of an input, and a certificate of what was found.
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
#include "cli/terminal.h"
#include "reference/number_text.h"
#include "reference/text.h"
#include "reports/atomic_file.h"
#include "reports/certificate_file.h"
#include "reports/report.h"

namespace exactloss {
namespace {

namespace fs = std::filesystem;

/// What the target is fixed at when nobody says.
constexpr const char* kTargets = "target=0x0p+0,0x1p-1,0x1p+0";

struct SweepFlags {
  std::string loss, dtype = "f32", shard = "1/1", certificate;
  std::vector<std::string> vary, fix, parameters;
  std::uint64_t stride = 1;
  bool resume = false;
  SubjectFlags subject;
};

/// "name=1,0x1p-1" as a name and its values.
struct Fixed {
  std::string name;
  std::vector<double> values;
};

/// Hex or decimal, rounded to the dtype; none where it is neither.
std::optional<double> NumberOf(Dtype dtype, const std::string& word) {
  if (const auto hex = ReadHex(dtype, word)) return RoundTo(dtype, hex->below);
  if (const auto decimal = ReadDecimal(dtype, word)) return decimal->value;
  return ReadSpecial(word);
}

Fixed FixedAt(const std::string& flag, const std::string& text, Dtype dtype) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) {
    throw UsageError(Concat(flag, ": ", Quoted(text), " is no NAME=VALUE[,VALUE...]"));
  }
  Fixed fixed{text.substr(0, equals), {}};
  std::string rest = text.substr(equals + 1) + ',';
  for (std::size_t end = rest.find(','); end != std::string::npos; end = rest.find(',')) {
    const std::string word = rest.substr(0, end);
    const auto number = NumberOf(dtype, word);
    if (!number) throw UsageError(Concat(flag, ": ", Quoted(word), " of ", fixed.name, " is no number"));
    fixed.values.push_back(*number);
    rest.erase(0, end + 1);
  }
  return fixed;
}

template <class Spec>
std::size_t IndexNamed(const std::string& flag, const std::vector<Spec>& specs, const std::string& name,
                       std::string_view loss) {
  std::vector<std::string_view> names;
  for (const Spec& spec : specs) names.push_back(spec.name);
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  throw UsageError(Concat(flag, ": ", loss, " has no ", Quoted(name), "; ",
                          names.empty() ? "it has none" : Suggestion(name, names)));
}

/// Each case once for each value.
template <class Set>
void Multiply(std::vector<SweepCase>& cases, const std::vector<double>& values, Set set) {
  std::vector<SweepCase> all;
  for (const double value : values) {
    for (const SweepCase& one : cases) set(all.emplace_back(one), value);
  }
  cases = std::move(all);
}

SweepPlan PlanOf(const SweepFlags& flags) {
  if (flags.loss.empty())
    throw UsageError("which loss? Give --loss; `exactloss list losses` says which there are");
  SweepPlan plan;
  plan.loss = LossesNamed({flags.loss})[0];
  plan.dtype = DtypesNamed({flags.dtype})[0];
  plan.stride = flags.stride;
  const LossSpec& loss = *plan.loss;
  SweepCase defaults;
  for (const ParameterSpec& parameter : loss.parameters)
    defaults.parameters.push_back(parameter.default_value);
  defaults.inputs.resize(loss.inputs.size());
  plan.cases = {defaults};
  plan.varied = {0};
  CheckPlan({plan.loss, plan.dtype, plan.varied, {}, 1});  // before its inputs are named
  if (!flags.vary.empty()) plan.varied.clear();
  for (const std::string& name : flags.vary)
    plan.varied.push_back(IndexNamed("--vary", loss.inputs, name, loss.name));
  std::sort(plan.varied.begin(), plan.varied.end());
  if (std::unique(plan.varied.begin(), plan.varied.end()) != plan.varied.end() || plan.varied.size() > 2) {
    throw UsageError("--vary: one input, or two different ones");
  }
  std::vector<std::string> fix = flags.fix;
  const auto is_varied = [&](std::size_t k) {
    return std::find(plan.varied.begin(), plan.varied.end(), k) != plan.varied.end();
  };
  const bool names_target =
      std::any_of(fix.begin(), fix.end(), [](const std::string& f) { return f.starts_with("target="); });
  if (!is_varied(1) && !names_target) fix.emplace_back(kTargets);
  std::vector<bool> is_fixed(loss.inputs.size());
  for (const std::string& text : fix) {
    const Fixed fixed = FixedAt("--fix", text, plan.dtype);
    const std::size_t k = IndexNamed("--fix", loss.inputs, fixed.name, loss.name);
    if (is_varied(k)) throw UsageError(Concat("--fix: ", fixed.name, " varies"));
    if (is_fixed[k]) throw UsageError(Concat("--fix: ", fixed.name, " is fixed twice; give it a list"));
    is_fixed[k] = true;
    Multiply(plan.cases, fixed.values, [k](SweepCase& one, double value) { one.inputs[k] = value; });
  }
  if (!is_varied(0) && !is_fixed[0]) throw UsageError("--fix: input is neither fixed nor varied");
  for (const std::string& text : flags.parameters) {
    const Fixed fixed = FixedAt("--param", text, Dtype::kF64);
    const std::size_t i = IndexNamed("--param", loss.parameters, fixed.name, loss.name);
    Multiply(plan.cases, fixed.values, [i](SweepCase& one, double value) { one.parameters[i] = value; });
  }
  CheckPlan(plan);
  return plan;
}

/// What makes the whole, however it was cut: no jobs, shard, file or resumption.
std::string CanonicalCommand(const SweepFlags& flags) {
  std::string command = fmt::format("exactloss sweep --loss {} --dtype {}", flags.loss, flags.dtype);
  for (const std::string& name : flags.vary) command += " --vary " + name;
  for (const std::string& text : flags.fix) command += " --fix " + text;
  for (const std::string& text : flags.parameters) command += " --param " + text;
  if (flags.stride > 1) command += fmt::format(" --stride {}", flags.stride);
  for (const std::string& name : flags.subject.names) {
    command +=
        name.find(' ') == std::string::npos ? " --subject " + name : fmt::format(" --subject '{}'", name);
  }
  return command;
}

void Save(const Certificate& certificate, const fs::path& path) {
  AtomicFile file(path);
  WriteCertificate(certificate, file.out());
  file.Commit();
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
  const SweepPlan plan = PlanOf(flags);
  const Shard shard = ShardNamed(flags.shard);
  const AuditOptions common = flags.subject.Options();
  Certificate certificate = NewCertificate(plan, flags.subject.names, common.subject);
  certificate.program = ProgramName();
  certificate.command = CanonicalCommand(flags);
  certificate.cpu = CpuName();
  const fs::path path = flags.certificate, saved = path.string() + ".progress";
  certificate = Resumed(flags, saved, std::move(certificate));
  AtomicFile{path};  // a folder that is not there is told before, not after

  Progress progress("points");
  SweepOptions options;
  options.subjects = flags.subject.names;
  options.subject = common.subject;
  options.jobs = common.jobs;
  options.shard = shard.number;
  options.shards = shard.of;
  options.progress = [&](std::uint64_t done, std::uint64_t total) { progress.Show(done, total); };
  options.save = [&](const Certificate& done) { Save(done, saved); };
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
  Save(certificate, path);
  fs::remove(saved);
  WriteCertificateText(certificate, std::cout);
  std::cout << fmt::format("{:.1f} s, {:.1f} s of CPU, {} jobs; {}{}\n", wall.count(), CpuSeconds(),
                           options.jobs, DigestOf(certificate),
                           certificate.IsComplete() ? "" : ": a shard, for exactloss merge");
  return kOk;
}

struct MergeFlags {
  std::vector<std::string> files;
  std::string certificate;
};

ExitStatus RunMerge(const MergeFlags& flags) {
  if (flags.files.empty()) throw UsageError("which? Give the certificates of the shards");
  if (flags.certificate.empty()) throw UsageError("where to? Give --certificate FILE");
  Certificate whole = ReadCertificate(flags.files[0]);
  for (std::size_t i = 1; i < flags.files.size(); ++i) {
    const Certificate part = ReadCertificate(flags.files[i]);
    try {
      Merge(part, &whole);
    } catch (const UsageError& error) {
      throw UsageError(Concat(flags.files[i], ": ", error.what()));
    }
  }
  Save(whole, flags.certificate);
  WriteCertificateText(whole, std::cout);
  const std::uint64_t missing = whole.chunks - whole.done.Count();
  std::cout << DigestOf(whole)
            << (missing == 0 ? "" : fmt::format(": {} of {} chunks are missing", missing, whole.chunks))
            << '\n';
  return kOk;
}

}  // namespace

Action AddSweep(CLI::App& app) {
  const auto flags = std::make_shared<SweepFlags>();
  flags->subject.jobs = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 64U));
  app.add_option("--loss", flags->loss, "an elementwise loss");
  app.add_option("--dtype", flags->dtype, "f32, bf16 or f16")->capture_default_str();
  AddNames(app, "--vary", flags->vary,
           "the input that takes every value, or two of bf16 or f16: input,target");
  app.add_option("--fix", flags->fix,
                 fmt::format("NAME=VALUE,...: an input held at each of these; {} if not said", kTargets))
      ->allow_extra_args(false);
  app.add_option("--param", flags->parameters, "NAME=VALUE,...: a parameter, else at its default")
      ->allow_extra_args(false);
  app.add_option("--stride", flags->stride, "only every so many points: a sample")->capture_default_str();
  app.add_option("--shard", flags->shard, "part i of n parts, for exactloss merge")->capture_default_str();
  app.add_flag("--resume", flags->resume, "go on with what an interrupted or killed run has done");
  app.add_option("--certificate", flags->certificate, "write what was found to this file");
  flags->subject.AddSubjects(app);
  app.footer(
      "The loss and its gradients along what varies are judged at every point. The exit status is 0 whatever "
      "was found.");
  return [flags] { return RunSweep(*flags); };
}

Action AddMerge(CLI::App& app) {
  const auto flags = std::make_shared<MergeFlags>();
  app.add_option("certificates", flags->files, "of the shards of one sweep");
  app.add_option("--certificate", flags->certificate, "write the whole to this file");
  return [flags] { return RunMerge(*flags); };
}

}  // namespace exactloss
