#include "oracle/taylor.h"

#include <algorithm>
#include <cmath>
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

/// The sum of the loss, with the rounding of its elements.
Measured LossOf(const Answer& answer, double unit) {
  Measured loss;
  for (const double x : ValuesOf(answer, "loss").value_or(std::vector<double>{NAN})) {
    loss.value += x;
    loss.floor += unit * std::fabs(static_cast<long double>(x));
  }
  return loss;
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
    const Measured loss = LossOf(at_base, Unit());
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
  double Unit() const { return UnitRoundoff(base_.dtype); }

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
      const Measured moved = LossOf(answers[i], Unit());
      Measured remainder{moved.value - loss.value, moved.floor + loss.floor};
      for (std::size_t j = 0; j < elements_.size(); ++j) {
        const long double part = gradient[static_cast<std::size_t>(elements_[j].index)] * shifts_[i][j];
        remainder.value -= part;
        remainder.floor += Unit() * std::fabs(part);
      }
      remainders_.push_back(remainder);
    }
    for (std::size_t i = 0; i + 1 < remainders_.size(); i += 2) {
      const Measured &up = remainders_[i], &down = remainders_[i + 1];
      sums_.push_back({up.value + down.value, up.floor + down.floor});
    }
    AddNoise();
  }

  /// The largest remainder of the smallest steps is what the loss rounds beyond its last rounding.
  void AddNoise() {
    constexpr std::size_t kSmallest = 8;  // answers: four steps either way, the last 4 bits of the numbers
    long double noise = 0;
    for (std::size_t i = remainders_.size() - std::min(kSmallest, remainders_.size()); i < remainders_.size();
         ++i) {
      if (std::isfinite(remainders_[i].value)) noise = std::max(noise, std::fabs(remainders_[i].value));
    }
    for (Measured& r : remainders_) r.floor += noise;
    for (Measured& s : sums_) s.floor += 2 * noise;
  }

  /// The order at the smallest step that tells it, on one side, and that step.
  std::optional<std::pair<int, std::size_t>> OrderOn(std::size_t side) const {
    for (std::size_t i = remainders_.size(); i-- > 2;) {
      if (i % 2 != side) continue;
      if (const auto order = OrderOf(remainders_[i - 2], remainders_[i])) return std::pair(*order, i);
    }
    return {};
  }
  std::optional<int> OrderOfSums() const {
    for (std::size_t i = sums_.size(); i-- > 1;) {
      if (const auto order = OrderOf(sums_[i - 1], sums_[i])) return order;
    }
    return {};
  }

  void Judge(TaylorResult& result) const {
    std::optional<std::pair<int, std::size_t>> least;
    for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
      const auto order = OrderOn(side);
      if (order && (!least || order->first < least->first)) least = order;
    }
    if (!least) {
      const bool is_quiet = std::none_of(remainders_.begin(), remainders_.end(), [](const Measured& r) {
        return r.IsAboveFloor() || !std::isfinite(r.value);
      });
      result.verdict = is_quiet ? TaylorVerdict::kNoRemainder : TaylorVerdict::kUndecided;
      return;
    }
    const Measured &here = remainders_[least->second], &other_way = remainders_[least->second ^ 1];
    result.order = least->first;
    result.step = std::ldexp(1.0, -static_cast<int>(least->second / 2) - 1);
    result.remainder = static_cast<double>(here.value);
    result.floor = static_cast<double>(here.floor);
    if (least->first >= 2) {
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
  std::vector<Measured> remainders_, sums_;
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
