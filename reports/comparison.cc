#include "reports/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include "reports/grouping.h"
#include "reports/meaning.h"
#include "reports/numbers.h"

namespace exactloss {
namespace {

constexpr double kFactor = 2;  ///< an ulp error that grows by less is no regression of what failed anyway

struct KindText {
  ChangeKind kind;
  std::string_view name, meaning;
};
constexpr KindText kKinds[] = {
    {ChangeKind::kRegressed, "regressed", "fails, and did not"},
    {ChangeKind::kWorse, "worse", "more elements fail, or by more than twice the ulp"},
    {ChangeKind::kContract, "contract changed", "what is refused is not what was"},
    {ChangeKind::kGone, "gone", "it, or some of its problems, are no longer computed"},
    {ChangeKind::kFixed, "fixed", "failed, and does not"},
    {ChangeKind::kBetter, "better", "fewer elements fail, or by less than half the ulp"},
    {ChangeKind::kNew, "new", "it, or some of its problems, were not computed before"},
    {ChangeKind::kWithin, "changed within bounds", "other numbers, all of them right"},
    {ChangeKind::kSame, "same", "the same counts and errors"}};

/// What is compared, whoever is the subject.
using Place = std::tuple<std::string, std::string, std::string, Reduction, std::string>;
struct Pair {
  const Row *before = nullptr, *after = nullptr;
};

bool IsComputed(const Row* row) { return row != nullptr && row->passed() + row->failed() != 0; }

double WorstUlp(const Row& row) {
  if (row.failures.empty()) return row.passing_ulp;
  double worst = 0;
  for (const Failure& failure : row.failures) {
    if (!std::isnan(failure.worst.ulp)) worst = std::max(worst, failure.worst.ulp);
  }
  return worst;
}

/// Elements refused, as classes have it that are no error of a number.
std::uint64_t Refused(const Row& row) {
  std::uint64_t refused = 0;
  for (const Failure& failure : row.failures) {
    if (failure.worst.divergence == Divergence::kContract) refused += failure.elements;
  }
  return refused;
}

/// Is there a problem without an answer? Then a finding stands for all of its elements.
bool LacksAnswers(const Row& row) {
  return std::any_of(row.failures.begin(), row.failures.end(), [](const Failure& failure) {
    const Divergence divergence = failure.worst.divergence;
    return divergence == Divergence::kContract || divergence == Divergence::kCrash ||
           divergence == Divergence::kTimeout;
  });
}

/// Two dtypes have different problems of a fill, of other shapes; there shares are compared, not counts.
ChangeKind KindOf(const Row* before, const Row* after, bool same_problems) {
  if (!IsComputed(before)) return IsComputed(after) ? ChangeKind::kNew : ChangeKind::kSame;
  if (!IsComputed(after)) return ChangeKind::kGone;
  if (Refused(*before) != Refused(*after)) return ChangeKind::kContract;
  const std::uint64_t was = before->failed(), is = after->failed();
  const std::uint64_t judged_before = was + before->passed(), judged_after = is + after->passed();
  if (same_problems && !LacksAnswers(*before) && !LacksAnswers(*after)) {
    // One side leaves out some of the problems; what it says of the others does not compare.
    if (judged_before < judged_after) return ChangeKind::kNew;
    if (judged_before > judged_after) return ChangeKind::kGone;
  }
  if (was == 0 && is != 0) return ChangeKind::kRegressed;
  if (was != 0 && is == 0) return ChangeKind::kFixed;
  const double ulp_was = WorstUlp(*before), ulp_is = WorstUlp(*after);
  if (was != 0) {
    const std::uint64_t share_was = same_problems ? was : was * judged_after;
    const std::uint64_t share_is = same_problems ? is : is * judged_before;
    if (share_is > share_was || ulp_is > kFactor * ulp_was) return ChangeKind::kWorse;
    if (share_is < share_was || kFactor * ulp_is < ulp_was) return ChangeKind::kBetter;
  }
  const bool is_same = before->elements == after->elements && ulp_was == ulp_is;
  return is_same ? ChangeKind::kSame : ChangeKind::kWithin;
}

/// The failure that tells most; null where nothing fails.
const Failure* WorstOf(const Row& row) {
  const auto worst =
      std::max_element(row.failures.begin(), row.failures.end(), [](const Failure& a, const Failure& b) {
        const int x = Severity(a.worst.verdict), y = Severity(b.worst.verdict);
        return x != y ? x < y : TellsMore(b.worst, a.worst);
      });
  return worst == row.failures.end() ? nullptr : &*worst;
}

/// The worst of those that the other side has not, or not so many, or not so far off; else the worst.
const Failure* WorstNewOf(const Row& row, const Row* other) {
  const Failure* worst = nullptr;
  for (const Failure& failure : row.failures) {
    const Failure* there = other == nullptr ? nullptr : other->Like(failure.worst);
    const bool is_old = there != nullptr && there->elements >= failure.elements &&
                        failure.worst.ulp <= kFactor * there->worst.ulp;
    if (!is_old && (worst == nullptr || TellsMore(failure.worst, worst->worst))) worst = &failure;
  }
  return worst != nullptr ? worst : WorstOf(row);
}

/// Is it the side before that tells of such a change?
bool LooksBack(ChangeKind kind) {
  return kind == ChangeKind::kFixed || kind == ChangeKind::kGone || kind == ChangeKind::kBetter;
}

Change::Side SideOf(const Row* row) {
  if (row == nullptr) return {0, 0, std::numeric_limits<double>::quiet_NaN()};
  return {row->failed(), row->failed() + row->passed(), WorstUlp(*row)};
}

Change ChangeOf(ChangeKind kind, const Pair& pair) {
  const bool looks_back = LooksBack(kind);
  const Row& shown = looks_back ? *pair.before : *pair.after;
  const Failure* failure = WorstNewOf(shown, looks_back ? pair.after : pair.before);
  Change change{.kind = kind,
                .loss = shown.key.loss,
                .output = shown.key.output,
                .dtype = (pair.after != nullptr ? *pair.after : *pair.before).key.dtype,
                .what = {},
                .meaning = {},
                .before = SideOf(pair.before),
                .after = SideOf(pair.after),
                .rows = 1,
                .ordinary = IsOrdinary(shown.key.fill),
                .line = shown.passing_line,
                .got = {},
                .want = {}};
  if (failure != nullptr) {
    const Finding& worst = failure->worst;
    change.what = ClassText(worst.verdict, worst.divergence);
    change.meaning = Meaning(worst.verdict, worst.divergence);
    change.line = worst.line;
    change.got = GotText(worst);
    change.want = WantText(worst);
  }
  return change;
}

double Size(double ulp) { return std::isnan(ulp) ? -1 : ulp; }

/// Of what is repaired the error before counts, else the one after.
double SizeOf(const Change& change) {
  return Size(LooksBack(change.kind) ? change.before.ulp : change.after.ulp);
}

bool IsBefore(const Change& a, const Change& b) {
  if (a.kind != b.kind) return a.kind < b.kind;
  if (a.ordinary != b.ordinary) return a.ordinary;
  if (SizeOf(a) != SizeOf(b)) return SizeOf(a) > SizeOf(b);
  return a.after.failed > b.after.failed;
}

void Join(Change& into, const Change& other) {
  Change joined = IsBefore(other, into) ? other : into;
  const Change& less = IsBefore(other, into) ? into : other;
  const auto add = [](Change::Side& side, const Change::Side& more) {
    side.failed += more.failed, side.judged += more.judged;
    if (Size(more.ulp) > Size(side.ulp)) side.ulp = more.ulp;
  };
  add(joined.before, less.before), add(joined.after, less.after);
  joined.rows = into.rows + other.rows;
  joined.ordinary = into.ordinary || other.ordinary;
  into = std::move(joined);
}

bool Has(const ComparedSide& side, const Row& row) {
  return row.key.subject == side.subject && (side.dtypes.empty() || row.key.dtype == side.dtypes.front());
}

}  // namespace

std::string_view Name(ChangeKind kind) { return kKinds[static_cast<std::size_t>(kind)].name; }
std::string_view Meaning(ChangeKind kind) { return kKinds[static_cast<std::size_t>(kind)].meaning; }

bool Comparison::HasRegressed() const {
  return std::any_of(changes.begin(), changes.end(), [](const Change& change) {
    const bool is_refused_anew =
        change.kind == ChangeKind::kContract && change.after.failed > change.before.failed;
    return change.kind == ChangeKind::kRegressed || change.kind == ChangeKind::kWorse || is_refused_anew;
  });
}

Comparison Compare(ComparedSide before, const Rows& rows_before, ComparedSide after, const Rows& rows_after) {
  const bool over_dtypes = !before.dtypes.empty() && !after.dtypes.empty();
  const auto place_of = [&](const RowKey& key) -> Place {
    return {key.loss, over_dtypes ? "" : std::string(Name(key.dtype)), key.output, key.reduction, key.fill};
  };
  std::map<Place, std::size_t> places;
  std::vector<Pair> pairs;
  const auto pair_of = [&](const Row& row) -> Pair& {
    const auto [place, is_new] = places.try_emplace(place_of(row.key), pairs.size());
    if (is_new) pairs.emplace_back();
    return pairs[place->second];
  };
  for (const Row& row : rows_before.all()) {
    if (Has(before, row)) pair_of(row).before = &row;
  }
  for (const Row& row : rows_after.all()) {
    if (Has(after, row)) pair_of(row).after = &row;
  }

  Comparison comparison{std::move(before), std::move(after), {}, {}};
  using Group = std::tuple<ChangeKind, std::string, std::string, Dtype, std::string>;
  std::map<Group, std::size_t> groups;
  for (const Pair& pair : pairs) {
    const ChangeKind kind = KindOf(pair.before, pair.after, !over_dtypes);
    ++comparison.rows[kind];
    if (kind == ChangeKind::kSame) continue;
    Change change = ChangeOf(kind, pair);
    const auto [group, is_new] = groups.try_emplace(
        Group{kind, change.loss, change.output, change.dtype, change.what}, comparison.changes.size());
    if (is_new) {
      comparison.changes.push_back(std::move(change));
    } else {
      Join(comparison.changes[group->second], change);
    }
  }
  std::stable_sort(comparison.changes.begin(), comparison.changes.end(), IsBefore);
  return comparison;
}

}  // namespace exactloss
