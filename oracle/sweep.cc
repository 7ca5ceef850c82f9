#include "oracle/sweep.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "oracle/sweep_judge.h"
#include "oracle/sweep_points.h"
#include "reference/text.h"

namespace exactloss {
namespace {

/// What is done is saved so often that this share of the time goes into it: a kill costs little, and so does
/// the disk.
constexpr int kTimesASave = 20;

/// A problem of `size` elements without values: what a subject is asked in place.
Problem FormOf(const SweepPlan& plan, const SweepCase& of, std::size_t size) {
  Problem form = MakeProblem(*plan.loss, plan.dtype, Reduction::kNone);
  form.parameters = of.parameters;
  for (std::size_t k = 0; k < of.inputs.size(); ++k) {
    const bool is_varied = std::find(plan.varied.begin(), plan.varied.end(), k) != plan.varied.end();
    if (of.inputs[k] || is_varied) form.inputs[k].emplace().shape = {static_cast<std::int64_t>(size)};
  }
  return form;
}

/// The loss, and the gradients along what is varied, as indices into OutputsOf.
std::vector<std::size_t> OutputsJudged(const SweepPlan& plan) {
  const std::vector<OutputSpec> specs = OutputsOf(FormOf(plan, plan.cases[0], 1));
  std::vector<std::size_t> outputs;
  for (std::size_t k = 0; k < specs.size(); ++k) {
    const bool is_varied =
        std::find(plan.varied.begin(), plan.varied.end(), specs[k].input) != plan.varied.end();
    if (specs[k].input == OutputSpec::kLoss || is_varied) outputs.push_back(k);
  }
  return outputs;
}

/// Throws UsageError unless the point of all zeros or ones is a problem.
void CheckCase(const SweepPlan& plan, const SweepCase& of) {
  Problem problem = FormOf(plan, of, 1);
  for (std::size_t k = 0; k < of.inputs.size(); ++k) {
    if (problem.inputs[k]) problem.inputs[k]->values = {of.inputs[k].value_or(0)};
  }
  CheckProblem(problem);
}

/// Asks and counts; one a thread.
class Worker {
 public:
  Worker(const SweepPlan& plan, const std::vector<std::size_t>& outputs, Subjects subjects)
      : plan_(plan),
        outputs_(outputs),
        subjects_(std::move(subjects)),
        source_(plan),
        results_(subjects_.size()) {
    const auto width = static_cast<std::size_t>(SizeInBytes(plan.dtype));
    for (auto& of_subject : results_)
      of_subject.assign(outputs.size(), std::vector<std::byte>(kPointsPerChunk * width));
  }

  /// Chunk `number` of all cases.
  CaseTally Run(std::uint64_t number) {
    const std::uint64_t of_case = ChunksOf(plan_);
    UseCase(number / of_case);
    CaseTally tally;
    tally.outputs.resize(subjects_.size() * outputs_.size());
    const PointSource::LeftOut left_out = source_.Read(number % of_case, &numbers_, &nans_);
    tally.outside = left_out.outside;
    tally.nans_left_out = left_out.nans;
    for (const Points* points : {&numbers_, &nans_}) {
      if (points->size() > 0) judge_->Count(*points, Ask(*points), &tally);
    }
    return tally;
  }

  void Prove(std::size_t case_index, std::size_t output, AnswersOfKind* answers) {
    UseCase(case_index);
    judge_->Prove(output / outputs_.size(), output % outputs_.size(), answers);
  }

 private:
  void UseCase(std::uint64_t index) {
    if (judge_ && case_ == index) return;
    case_ = index;
    const SweepCase& of = plan_.cases[index];
    judge_.emplace(plan_, of, outputs_, subjects_);
    fixed_.assign(of.inputs.size(), {});
    const auto width = static_cast<std::size_t>(SizeInBytes(plan_.dtype));
    for (std::size_t k = 0; k < of.inputs.size(); ++k) {
      if (!of.inputs[k]) continue;
      const std::uint64_t bits = ToBits(plan_.dtype, *of.inputs[k]);
      for (std::uint64_t i = 0; i < kPointsPerChunk; ++i) {
        const auto* bytes = reinterpret_cast<const std::byte*>(&bits);
        fixed_[k].insert(fixed_[k].end(), bytes, bytes + width);
      }
    }
  }

  std::vector<Answers> Ask(const Points& points) {
    const Problem form = FormOf(plan_, plan_.cases[case_], points.size());
    RawTensors raw;
    for (const auto& fixed : fixed_) raw.inputs.push_back(fixed.empty() ? nullptr : fixed.data());
    for (std::size_t k = 0; k < plan_.varied.size(); ++k) raw.inputs[plan_.varied[k]] = points.Bits(k);
    const std::vector<OutputSpec> specs = OutputsOf(form);
    std::vector<Answers> answers;
    for (std::size_t s = 0; s < subjects_.size(); ++s) {
      raw.outputs.assign(specs.size(), nullptr);
      for (std::size_t o = 0; o < outputs_.size(); ++o) raw.outputs[outputs_[o]] = results_[s][o].data();
      const Answer answer = subjects_[s]->RunRaw(form, raw);
      Answers& mine = answers.emplace_back();
      mine.status = answer.status;
      if (answer.status == AnswerStatus::kUnsupported) continue;
      const bool is_refusal = answer.status == AnswerStatus::kError && &points == &nans_;
      if (answer.status != AnswerStatus::kOk && !is_refusal) Give(*subjects_[s], points, answer);
      for (std::size_t o = 0; o < outputs_.size(); ++o) {
        const std::string& name = specs[outputs_[o]].name;
        const bool is_there = std::any_of(answer.outputs.begin(), answer.outputs.end(),
                                          [&](const Output& output) { return output.name == name; });
        mine.outputs.push_back(is_there ? results_[s][o].data() : nullptr);
      }
    }
    return answers;
  }

  [[noreturn]] void Give(const Subject& subject, const Points& points, const Answer& answer) const {
    std::string where = CaseText(plan_, plan_.cases[case_]);
    for (std::size_t k = 0; k < plan_.varied.size(); ++k) {
      const auto& values = points.inputs[k].values;
      where += Concat(where.empty() ? "" : " ", plan_.loss->inputs[plan_.varied[k]].name, " from ",
                      FormatHex(values.front()), " to ", FormatHex(values.back()));
    }
    throw SweepError(Concat(subject.info().name, " gave no answer at ", where, ": ", answer.message));
  }

  const SweepPlan& plan_;
  const std::vector<std::size_t>& outputs_;
  const Subjects subjects_;
  const PointSource source_;
  std::vector<std::vector<std::vector<std::byte>>> results_;  ///< of each subject, for each output
  std::optional<SweepJudge> judge_;                           ///< of the case
  std::uint64_t case_ = 0;
  std::vector<std::vector<std::byte>> fixed_;  ///< the case's inputs, as long as a chunk
  Points numbers_, nans_;
};

/// Threads that do chunks, and what they have found.
class Pool {
 public:
  Pool(const SweepPlan& plan, const SweepOptions& options, Certificate* certificate)
      : plan_(plan), options_(options), certificate_(*certificate), outputs_(OutputsJudged(plan)) {
    for (std::uint64_t i = options.shard - 1; i < certificate->chunks; i += options.shards) {
      if (!certificate->done.Contains(i)) left_.push_back(i);
    }
    total_ = left_.size();
    std::reverse(left_.begin(), left_.end());
  }

  bool Run() {
    {
      std::vector<std::jthread> threads;
      const auto jobs = std::min<std::size_t>(static_cast<std::size_t>(options_.jobs), left_.size());
      while (threads.size() < jobs) threads.emplace_back([this] { Work(); });
    }
    if (options_.save) options_.save(certificate_);
    if (failure_) std::rethrow_exception(failure_);
    return !left_.empty();
  }

 private:
  void Work() {
    try {
      Worker worker(plan_, outputs_, MakeSubjects(options_.subjects, options_.subject));
      while (const std::optional<std::uint64_t> chunk = Next()) Add(worker, *chunk, worker.Run(*chunk));
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
  }

  std::optional<std::uint64_t> Next() {
    const std::lock_guard lock(mutex_);
    const bool is_interrupted = options_.interrupted != nullptr && options_.interrupted->load();
    if (failure_ || is_interrupted || left_.empty()) return {};
    const std::uint64_t chunk = left_.back();
    left_.pop_back();
    return chunk;
  }

  /// A worst answer of a chunk is proven if it may be the worst of all: what is kept is then the same
  /// whatever the order of the chunks.
  void Add(Worker& worker, std::uint64_t chunk, CaseTally tally) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t index = chunk / (certificate_.chunks / plan_.cases.size());
    CaseTally& whole = certificate_.tallies[index];
    for (std::size_t i = 0; i < tally.outputs.size(); ++i) {
      for (auto& [kind, answers] : tally.outputs[i].kinds) {
        if (kind.first == Verdict::kExact || kind.first == Verdict::kUnsupported) continue;
        const AnswersOfKind& worst = whole.outputs[i].kinds[kind];
        if (worst.count > 0 && answers.ulp < worst.ulp * (1 - 0x1p-16)) continue;
        worker.Prove(index, i, &answers);
      }
    }
    exactloss::Add(tally, &whole);
    certificate_.done.Add(chunk);
    if (options_.progress) {
      const std::uint64_t done = total_ - left_.size();
      options_.progress(done * certificate_.points_per_chunk, total_ * certificate_.points_per_chunk);
    }
    const auto start = Clock::now();
    if (!options_.save || start < next_save_) return;
    options_.save(certificate_);
    next_save_ = Clock::now() + kTimesASave * (Clock::now() - start);
  }

  using Clock = std::chrono::steady_clock;

  const SweepPlan& plan_;
  const SweepOptions& options_;
  Certificate& certificate_;
  const std::vector<std::size_t> outputs_;
  std::mutex mutex_;
  std::vector<std::uint64_t> left_;  ///< chunks that nobody has taken, the next last
  std::uint64_t total_ = 0;          ///< chunks of this run
  Clock::time_point next_save_;
  std::exception_ptr failure_;
};

}  // namespace

void CheckPlan(const SweepPlan& plan) {
  if (plan.loss->family != Family::kElementwise) {
    throw UsageError(Concat(plan.loss->name,
                            " has no single number to vary: a term of it reads a whole row; use "
                            "`exactloss audit --loss ",
                            plan.loss->name, "`, which draws problems"));
  }
  if (plan.dtype == Dtype::kF64) throw UsageError("--dtype: f64 has 2^64 numbers; sweep f32, bf16 or f16");
  if (plan.varied.size() * static_cast<std::size_t>(FormatOf(plan.dtype).bits) > 32) {
    throw UsageError(
        Concat("--vary: pairs of ", Name(plan.dtype), " are 2^64 points; sweep pairs of bf16 or f16"));
  }
  if (plan.stride == 0 || plan.stride > PointsOf({plan.loss, plan.dtype, plan.varied, {}, 1})) {
    throw UsageError(
        Concat("--stride: ", plan.stride, " leaves no point; it is 1 for all, or 2 and more for a sample"));
  }
  for (const SweepCase& of : plan.cases) CheckCase(plan, of);
}

std::string CaseText(const SweepPlan& plan, const SweepCase& of) {
  std::string text;
  const auto add = [&](std::string_view name, double value) {
    text += Concat(text.empty() ? "" : " ", name, "=", FormatHex(value));
  };
  for (std::size_t k = 0; k < of.inputs.size(); ++k) {
    if (of.inputs[k]) add(plan.loss->inputs[k].name, *of.inputs[k]);
  }
  for (std::size_t i = 0; i < of.parameters.size(); ++i) add(plan.loss->parameters[i].name, of.parameters[i]);
  return text;
}

Certificate NewCertificate(const SweepPlan& plan, const std::vector<std::string>& subjects,
                           const SubjectOptions& options) {
  Certificate certificate;
  certificate.loss = plan.loss->name;
  certificate.dtype = Name(plan.dtype);
  for (const std::size_t k : plan.varied) certificate.varied.emplace_back(plan.loss->inputs[k].name);
  certificate.stride = plan.stride;
  for (const SweepCase& of : plan.cases) certificate.cases.push_back(CaseText(plan, of));
  const std::vector<OutputSpec> specs = OutputsOf(FormOf(plan, plan.cases[0], 1));
  for (const std::size_t k : OutputsJudged(plan)) certificate.outputs.push_back(specs[k].name);
  for (const auto& subject : MakeSubjects(subjects, options)) certificate.subjects.push_back(subject->info());
  certificate.points_per_chunk = std::min(kPointsPerChunk, PointsOf(plan));
  certificate.chunks = ChunksOf(plan) * plan.cases.size();
  certificate.tallies.resize(plan.cases.size());
  for (CaseTally& tally : certificate.tallies) {
    tally.outputs.resize(certificate.subjects.size() * certificate.outputs.size());
  }
  return certificate;
}

bool Sweep(const SweepPlan& plan, const SweepOptions& options, Certificate* certificate) {
  return Pool(plan, options, certificate).Run();
}

}  // namespace exactloss
