#include "oracle/taylor.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <utility>

#include "oracle/fill_draw.h"
#include "oracle/finite_differences.h"
#include "reference/bounds.h"
#include "reference/text.h"

namespace exactloss {
namespace {

/// A number and how much of it may be rounding.
struct Measured {
  long double value = 0, floor = 0;
  bool IsAboveFloor() const { return std::fabs(value) > floor; }
};

/// The integer that log2 |x / y| is nearest to, whatever the roundings; none where these decide.
std::optional<int> OrderOf(const Measured& x, const Measured& y) {
  const long double large = std::fabs(x.value), small = std::fabs(y.value);
  if (!std::isfinite(large) || !std::isfinite(small) || large <= x.floor || small <= y.floor) return {};
  const auto low = std::lround(std::log2((large - x.floor) / (small + y.floor)));
  const auto high = std::lround(std::log2((large + x.floor) / (small - y.floor)));
  return low == high ? std::optional<int>(static_cast<int>(low)) : std::nullopt;
}

/// What the last rounding of a number may have changed.
long double RoundingOf(Dtype dtype, long double x) {
  return UnitRoundoff(dtype) * std::fabs(x) + MinSubnormal(dtype) / 2.0L;
}

/// The sum of the loss, with the rounding of its elements.
Measured LossOf(const Answer& answer, Dtype dtype) {
  Measured loss;
  for (const double x : ValuesOf(answer, "loss").value_or(std::vector<double>{NAN})) {
    loss.value += x;
    loss.floor += RoundingOf(dtype, x);
  }
  return loss;
}

/// A quantity at h = 1/2, 1/4, ...
using Sequence = std::vector<Measured>;

/// Adds to each floor what the smaller steps show of rounding: from kReach halvings on, a remainder of order
/// 1 is within a sixteenth, and what is larger there is none. The last steps have nothing to show them, and
/// tell nothing.
void AddNoise(std::initializer_list<Sequence*> sides) {
  constexpr std::size_t kReach = 4;
  const std::size_t steps = (*sides.begin())->size();
  std::vector<long double> noise(steps + kReach, HUGE_VALL);
  for (std::size_t k = steps; k-- > 0;) {
    if (k + kReach >= steps) continue;
    noise[k] = k + kReach + 1 < steps ? noise[k + 1] : 0;
    for (const Sequence* side : sides) noise[k] = std::max(noise[k], std::fabs((*side)[k + kReach].value));
  }
  for (Sequence* side : sides) {
    for (std::size_t k = 0; k < steps; ++k) (*side)[k].floor += noise[k];
  }
}

/// The order, 1 or more, that two halvings up to step k show alike; 2 stands for more.
std::optional<int> OrderAt(const Sequence& s, std::size_t k) {
  if (k < 2) return {};
  const auto last = OrderOf(s[k - 1], s[k]), before = OrderOf(s[k - 2], s[k - 1]);
  if (!last || !before || *last < 1) return {};
  const int order = std::min(*last, 2);
  return order == std::min(*before, 2) ? std::optional(order) : std::nullopt;
}

/// Steps of a problem along one direction, h = 1/2, 1/4, ... of each number's size.
class Direction {
 public:
  Direction(const Problem& base, std::vector<InputElement> elements)
      : base_(base), elements_(std::move(elements)) {
    double common = 0;
    for (const InputElement& e : elements_) common = std::max(common, std::fabs(At(base_, e)));
    if (common == 0) common = 1;
    for (const InputElement& e : elements_) along_.push_back(Length(e, common));
    for (int k = 1; k < FormatOf(base.dtype).precision; ++k) {
      for (const int sign : {1, -1}) AddStep(k, sign);
    }
  }

  const std::vector<Problem>& problems() const { return problems_; }

  /// `answers` to problems(), `at_base` to the problem itself.
  TaylorResult Read(const std::vector<Answer>& answers, const Answer& at_base, const std::string& output) {
    TaylorResult result;
    const auto gradient = ValuesOf(at_base, output);
    const Measured loss = LossOf(at_base, base_.dtype);
    if (!gradient || !std::isfinite(loss.value)) {
      const bool is_missing = at_base.status == AnswerStatus::kOk;
      result.message = gradient     ? "the loss is not finite"
                       : is_missing ? Concat("the subject does not return ", output)
                                    : at_base.message;
      return result;
    }
    for (std::size_t i = 0; i < elements_.size(); ++i) {
      result.slope += (*gradient)[static_cast<std::size_t>(elements_[i].index)] * along_[i];
    }
    if (!std::isfinite(result.slope)) {
      result.message = "the gradient is not finite";
      return result;
    }
    Collect(answers, loss, *gradient);
    Judge(result);
    return result;
  }

 private:
  static double At(const Problem& problem, const InputElement& e) {
    return problem.inputs[e.input]->values[static_cast<std::size_t>(e.index)];
  }

  /// A power of two no longer than the number is large, so that steps are exact, nor than half of the way to
  /// a bound; for 0 that of the largest number. Its sign is drawn.
  double Length(const InputElement& e, double common) const {
    const double x = At(base_, e);
    const Bounds bounds = BoundsOf(base_, e.input);
    const double reach = std::min({x == 0 ? common : std::fabs(x), x - bounds.min, bounds.max - x});
    if (!(reach > 0)) return 0;
    Draw draw({0, HashOf("taylor"), 0}, Purpose::kElement, e.input, static_cast<std::uint64_t>(e.index));
    return draw.Sign() * std::ldexp(1.0, std::ilogb(reach));
  }

  void AddStep(int k, int sign) {
    Problem& moved = problems_.emplace_back(base_);
    std::vector<long double>& shift = shifts_.emplace_back();
    for (std::size_t i = 0; i < elements_.size(); ++i) {
      const double x = At(base_, elements_[i]);
      const double to = RoundTo(base_.dtype, x + sign * std::ldexp(along_[i], -k));
      ValueAt(moved, elements_[i]) = to;
      shift.push_back(static_cast<long double>(to) - x);
    }
  }

  /// Remainders and symmetric differences of every step.
  void Collect(const std::vector<Answer>& answers, const Measured& loss,
               const std::vector<double>& gradient) {
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Measured moved = LossOf(answers[i], base_.dtype);
      Measured remainder{moved.value - loss.value, moved.floor + loss.floor};
      for (std::size_t j = 0; j < elements_.size(); ++j) {
        const long double part = gradient[static_cast<std::size_t>(elements_[j].index)] * shifts_[i][j];
        remainder.value -= part;
        remainder.floor += RoundingOf(base_.dtype, part);
      }
      sides_[i % 2].push_back(remainder);
    }
    for (std::size_t k = 0; k < sides_[0].size(); ++k) {
      const Measured &up = sides_[0][k], &down = sides_[1][k];
      sums_.push_back({up.value + down.value, up.floor + down.floor});
    }
    const auto is_quiet = [](const Measured& r) { return std::isfinite(r.value) && !r.IsAboveFloor(); };
    is_quiet_ = std::all_of(sides_[0].begin(), sides_[0].end(), is_quiet) &&
                std::all_of(sides_[1].begin(), sides_[1].end(), is_quiet);
    AddNoise({&sides_[0], &sides_[1]});
    AddNoise({&sums_});
  }

  /// Is it the leading term, and no rounding, that is of order 1 at step k of a side? At all larger steps one
  /// side at least is no smaller than it: what is of a higher order adds to it there.
  bool IsSustained(std::size_t side, std::size_t k) const {
    long double least = std::fabs(sides_[side][k].value) - sides_[side][k].floor;
    for (std::size_t j = k; j-- > 0;) {
      least *= 2;
      const auto reach = [&](const Sequence& s) { return std::fabs(s[j].value) + s[j].floor; };
      if (std::max(reach(sides_[0]), reach(sides_[1])) < least) return false;
    }
    return true;
  }

  struct Reading {
    int order;
    std::size_t side, k;
  };

  /// The order at the smallest step of a side that tells it.
  std::optional<Reading> OrderOn(std::size_t side) const {
    for (std::size_t k = sides_[side].size(); k-- > 0;) {
      const auto order = OrderAt(sides_[side], k);
      if (order && (*order == 2 || IsSustained(side, k))) return Reading{*order, side, k};
    }
    return {};
  }
  std::optional<int> OrderOfSums() const {
    for (std::size_t k = sums_.size(); k-- > 0;) {
      if (const auto order = OrderAt(sums_, k)) return order;
    }
    return {};
  }

  void Judge(TaylorResult& result) const {
    std::optional<Reading> least = OrderOn(0);
    if (const auto other = OrderOn(1); other && (!least || other->order < least->order)) least = other;
    if (!least) {
      result.verdict = is_quiet_ ? TaylorVerdict::kNoRemainder : TaylorVerdict::kUndecided;
      return;
    }
    const Measured &here = sides_[least->side][least->k], &other_way = sides_[1 - least->side][least->k];
    result.order = least->order;
    result.step = std::ldexp(1.0, -static_cast<int>(least->k) - 1);
    result.remainder = static_cast<double>(here.value);
    result.floor = static_cast<double>(here.floor);
    if (least->order >= 2) {
      result.verdict = TaylorVerdict::kConsistent;
      return;
    }
    // Within the one-sided slopes the loss leaves its tangent to the same side both ways.
    const bool is_kink = OrderOfSums() == 1;
    const bool is_between = here.value * other_way.value > 0 || !other_way.IsAboveFloor();
    result.verdict = is_kink && is_between ? TaylorVerdict::kKink : TaylorVerdict::kInconsistent;
  }

  const Problem& base_;
  const std::vector<InputElement> elements_;
  std::vector<double> along_;                     ///< d
  std::vector<Problem> problems_;                 ///< h halved, there and back at each
  std::vector<std::vector<long double>> shifts_;  ///< what the elements were moved by, exactly
  Sequence sides_[2];                             ///< R(h) and R(-h)
  bool is_quiet_ = false;                         ///< no remainder is above what last roundings explain
  Sequence sums_;                                 ///< R(h) + R(-h)
};

}  // namespace

std::string_view Name(TaylorVerdict verdict) {
  switch (verdict) {
    case TaylorVerdict::kConsistent:
      return "consistent";
    case TaylorVerdict::kNoRemainder:
      return "no remainder";
    case TaylorVerdict::kKink:
      return "kink";
    case TaylorVerdict::kInconsistent:
      return "inconsistent";
    case TaylorVerdict::kUndecided:
      return "undecided";
    case TaylorVerdict::kUnanswered:
      return "unanswered";
  }
  return {};
}

std::vector<TaylorResult> TaylorTest(Subject& subject, const Problem& problem, std::size_t most) {
  const Problem base = RowMajor(problem, problem.dtype);
  const Answer at_base = subject.Run({&base, 1})[0];
  std::vector<TaylorResult> results;
  for (const OutputSpec& output : OutputsOf(base)) {
    if (output.input == OutputSpec::kLoss) continue;
    const auto count = static_cast<std::size_t>(ElementCount(output.shape));
    std::vector<InputElement> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back({output.input, static_cast<std::int64_t>(i)});
    std::vector<std::vector<InputElement>> directions;
    const std::size_t few = std::min(count, most);
    for (std::size_t i = 0; i < few; ++i) directions.push_back({all[i * count / few]});
    if (count > 1) directions.push_back(std::move(all));
    for (std::vector<InputElement>& elements : directions) {
      const std::optional<std::int64_t> index =
          elements.size() == 1 ? std::optional(elements[0].index) : std::nullopt;
      Direction direction(base, std::move(elements));
      const bool is_answered = at_base.status == AnswerStatus::kOk;
      results.push_back(direction.Read(
          is_answered ? subject.Run(direction.problems()) : std::vector<Answer>(), at_base, output.name));
      results.back().output = output.name;
      results.back().index = index;
    }
  }
  return results;
}

}  // namespace exactloss
