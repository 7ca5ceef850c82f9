#include "oracle/certificate.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "reference/text.h"

namespace exactloss {
namespace {

void Add(const OutputTally& part, OutputTally* whole) {
  for (const auto& [kind, answers] : part.kinds) {
    AnswersOfKind& mine = whole->kinds[kind];
    const std::uint64_t count = mine.count + answers.count;
    if (mine.count == 0 || answers.IsWorseThan(mine)) mine = answers;
    mine.count = count;
  }
  for (const auto& [edge, count] : part.histogram) whole->histogram[edge] += count;
}

std::string TextOf(const std::string& text) { return text; }
std::string TextOf(std::uint64_t number) { return Concat(number); }
std::string TextOf(const std::vector<std::string>& texts) { return Listed({texts.begin(), texts.end()}); }
std::string TextOf(const std::vector<SubjectInfo>& subjects) {
  std::string text;
  for (const SubjectInfo& subject : subjects) {
    text += Concat(text.empty() ? "" : ", ", subject.name, " ", subject.version);
    for (const auto& [name, value] : subject.details) text += Concat(" ", name, " ", value);
  }
  return text;
}

}  // namespace

double HistogramEdge(double ulp) {
  constexpr std::uint64_t kKept = 0xfffc'0000'0000'0000;
  if (std::isinf(ulp)) return ulp;
  return ulp < 0.25 ? 0 : std::bit_cast<double>(std::bit_cast<std::uint64_t>(ulp) & kKept);
}

void Ranges::Add(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return;
  auto next = ranges_.upper_bound(begin);
  if (next != ranges_.begin() && std::prev(next)->second >= begin) {
    --next;
    begin = next->first;
  }
  while (next != ranges_.end() && next->first <= end) {
    end = std::max(end, next->second);
    next = ranges_.erase(next);
  }
  ranges_[begin] = end;
}

bool Ranges::Contains(std::uint64_t number) const {
  const auto next = ranges_.upper_bound(number);
  return next != ranges_.begin() && std::prev(next)->second > number;
}

bool Ranges::Overlaps(const Ranges& other) const {
  Ranges both = *this;
  for (const auto& [begin, end] : other.ranges_) both.Add(begin, end);
  return both.Count() < Count() + other.Count();
}

std::uint64_t Ranges::Count() const {
  std::uint64_t count = 0;
  for (const auto& [begin, end] : ranges_) count += end - begin;
  return count;
}

std::string DifferenceOf(const Certificate& a, const Certificate& b) {
  std::string difference;
  const auto compare = [&](std::string_view what, const auto& of_a, const auto& of_b) {
    if (TextOf(of_a) == TextOf(of_b) || !difference.empty()) return;
    difference = Concat("its ", what, ": ", TextOf(of_a), "; the other's: ", TextOf(of_b));
  };
  compare("program", a.program, b.program);
  compare("loss", a.loss, b.loss);
  compare("dtype", a.dtype, b.dtype);
  compare("varied inputs", a.varied, b.varied);
  compare("stride", a.stride, b.stride);
  compare("cases", a.cases, b.cases);
  compare("outputs", a.outputs, b.outputs);
  compare("subjects", a.subjects, b.subjects);
  compare("CPU", a.cpu, b.cpu);
  compare("command", a.command, b.command);
  compare("number of chunks", a.chunks, b.chunks);
  compare("points of a chunk", a.points_per_chunk, b.points_per_chunk);
  return difference;
}

void Add(const CaseTally& part, CaseTally* whole) {
  whole->points += part.points;
  whole->outside += part.outside;
  whole->nans_left_out += part.nans_left_out;
  whole->asked += part.asked;
  whole->checked += part.checked;
  whole->off += part.off;
  whole->outputs.resize(std::max(whole->outputs.size(), part.outputs.size()));
  for (std::size_t i = 0; i < part.outputs.size(); ++i) Add(part.outputs[i], &whole->outputs[i]);
}

void Merge(const Certificate& part, Certificate* whole) {
  if (const std::string difference = DifferenceOf(part, *whole); !difference.empty()) {
    throw UsageError("it is of another sweep: " + difference);
  }
  if (part.done.Overlaps(whole->done))
    throw UsageError("it has chunks that another has too; no point counts twice");
  for (const auto& [begin, end] : part.done.ranges()) whole->done.Add(begin, end);
  for (std::size_t i = 0; i < whole->tallies.size(); ++i) Add(part.tallies[i], &whole->tallies[i]);
}

}  // namespace exactloss
