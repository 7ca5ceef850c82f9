#!/usr/bin/env bash
# Are the tests of the truth and of the judge able to fail? Breaks reference/, oracle/ and the check of properties on
# purpose, one fault at a time, in a copy of the tree under build/mutants/, and says which test notices. Exit status 1
# if a mutant survives.
#
#   tests/mutants.sh [PATTERN]     only the mutants whose line below matches the pattern
#   ALL=1 tests/mutants.sh         every test is asked, not only until the first that fails
#   JOBS=2 tests/mutants.sh        builds with so many jobs
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
copy=$root/build/mutants/tree
jobs=${JOBS:-1}
# Each part has a build and tests of its own; the kernels of the second come from the compiler's cache.
declare -A flags=([reference]=-O1 [oracle]='-O3 -DNDEBUG')
declare -A tests=(
  [reference]='nesting rules golden truth reductions closed_forms gauges engines gradient_legs arb'
  [oracle]='element_judge judge assert_close host_frames memory_image host_subject selection fill_promise fill_structure
    fill audit_findings check properties'
)

# file (in reference/ unless it says so) | what stands there, once | what is put there | what that breaks
mutants() {
  cat <<'TABLE'
interval.cc | mpfr_add(upper, x.upper().get(), y.upper().get(), MPFR_RNDU) | mpfr_add(upper, x.upper().get(), y.upper().get(), MPFR_RNDD) | a sum's upper end is rounded down
interval.cc | mpfr_sub(lower, x.lower_.get(), y.upper().get(), MPFR_RNDD) | mpfr_sub(lower, x.lower_.get(), y.upper().get(), MPFR_RNDN) | a difference's lower end is rounded to nearest
interval.cc | SetProduct(upper, high_x, high_y, MPFR_RNDU) | SetProduct(upper, high_x, high_y, MPFR_RNDD) | a product's upper end is rounded down
interval.cc | mpfr_div(upper, b.get(), above.get(), MPFR_RNDU) | mpfr_div(upper, b.get(), above.get(), MPFR_RNDZ) | a quotient's upper end is rounded towards zero
interval.cc | function(upper, x.upper_.get(), MPFR_RNDU) | function(upper, x.upper_.get(), MPFR_RNDN) | a function's upper end is rounded to nearest
interval.cc | mpfr_const_pi(upper, MPFR_RNDU) | mpfr_const_pi(upper, MPFR_RNDD) | pi is below pi
interval.cc | if (inexact != 0) { | if (inexact > 0) { | a rounded point counts as exact
interval.cc | mpfr_pow(upper, greatest.get(), exponent.lower_.get(), MPFR_RNDU) | mpfr_pow(upper, greatest.get(), exponent.lower_.get(), MPFR_RNDD) | a power's upper end is rounded down
interval.cc | return f * (1 + width * (1 + width)); | return f * (1 + width); | exp of a narrow interval lacks its second order
interval_enclosure.cc | const bool outward = (direction == MPFR_RNDU) == (sign > 0); | const bool outward = (direction == MPFR_RNDU) != (sign > 0); | the ends of an enclosure are rounded inward
interval_enclosure.cc | constexpr int kProvenBits = 32; | constexpr int kProvenBits = 4; | wide enclosures count as proven
dual.h | return -(quotient * d / y.value); | return quotient * d / y.value; | the quotient rule has the wrong sign
dual.h | x.Chain(sigmoid, sigmoid * logistic.Complement()) | x.Chain(sigmoid, sigmoid * sigmoid) | the slope of sigmoid is s^2
dual.h | x.Chain(Expm1(x.value), Exp(x.value)) | x.Chain(Expm1(x.value), Expm1(x.value)) | the slope of expm1 is expm1
dual.h | return d / (T(1.0) + Sqr(x.value)); | return d / (T(1.0) + x.value); | the slope of atan
dual.h | return rightward ? below : above; | return rightward ? above : below; | a kink is left on the wrong side
scalar.h | return AtKink(s, negative(), T(tie()), positive()); | return AtKink(s, positive(), T(tie()), negative()); | the sides of a kink are exchanged
scalar.h | x - y, [&] { return y; }, [&] { return T(0.5) * (x + y); }, [&] { return x; }); | x - y, [&] { return y; }, [&] { return x; }, [&] { return x; }); | max takes one side at a tie
norm.h | const T slope = Power(Abs(values[i]) / norm, T(p.exact()) - T(1.0)); | const T slope = Power(Abs(values[i]) / norm, T(p.exact())); | the slopes of a p-norm
terms.cc | return problem.reduction == Reduction::kMean ? count : 1; | return problem.reduction == Reduction::kMean ? count + 1 : 1; | the mean divides by one more
terms.cc | return problem.inputs[0]->shape[0]; | return problem.inputs[0]->shape.back(); | batchmean divides by the last dimension
terms_class_rows.cc | mass = mass + Interval(Weight(IndexOf(row))); | mass = mass + Interval(1.0); | a weighted mean divides by the rows
terms_class_rows.cc | return (row / inner * classes + c) * inner + row % inner; | return (row / inner * classes + c) * inner + row / inner; | the layout of (N, C, d) rows
losses/huber.h | delta * (Abs(difference) - delta * T(0.5)) | delta * (Abs(difference) - delta * T(0.25)) | huber beyond delta
losses/kl_div.h | XLogX(t) - t * x | XLogX(t) + t * x | the sign of x in kl_div
losses/cross_entropy.h | others - mass * row.Complement() | others - mass | the slope of cross entropy at the top
losses/dice.h | (sums.numerator - 2 * p * sums.denominator) | (sums.numerator - p * sums.denominator) | a slope of Dice
losses/boxes.h | T(0.25) * (Sqr(dx) + Sqr(dy)) | T(0.25) * (Sqr(dx) + dy) | the distance of two centres
losses/triplet_margin.h | difference.push_back(u[i] - v[i] + eps); | difference.push_back(u[i] - v[i]); | eps of the triplet
proof.cc | return x.IsNan() ? has_nan_ \|\| attempt.learned.undefined : x.IsTight(options_.dtype); | return x.IsNan() \|\| x.IsTight(options_.dtype); | a NaN is a proof
limits.cc | kExponents[] = {1200, 1500, 1800}; | kExponents[] = {1200, 1200, 1200}; | infinities grow in one order alone
jet.h | x.Chain(s, s * c, s * c * (c - s)) | x.Chain(s, s * c, s * c * (s - c)) | the curvature of sigmoid
truth.cc | if (!(truth.gauge >= size)) truth.gauge | if (!(truth.gauge >= 0)) truth.gauge | a gauge below the truth
interval.cc | if (low > 0) return Sign::kPositive; | if (low > 0 \|\| high > 0) return Sign::kPositive; | an interval across 0 counts as positive
interval.cc | &least = Lesser(x.lower_, y.lower_) | &least = Greater(x.lower_, y.lower_) | a hull leaves out one of its intervals
oracle/element_judge.cc | return ulp_ < 1; | return ulp_ <= 1; | a whole ulp is faithful
oracle/element_judge.cc | return is_unique_ && (got_ | return (got_ | a truth on both sides of a midpoint is exact
oracle/element_judge.cc | ulp_ <= *rules_.declared_ulp | ulp_ <= 2 * *rules_.declared_ulp | twice the declared bound is accurate
oracle/element_judge.cc | return error_ <= allowed_; | return error_ <= 2 * allowed_; | twice what the inputs explain is stable
oracle/element_judge.cc | unit_(UnitRoundoff(rules.dtype) * | unit_(2 * UnitRoundoff(rules.dtype) * | a unit roundoff is an ulp
oracle/element_judge.cc | MinSubnormal(rules.dtype) / 2.0L | MinSubnormal(rules.dtype) * 2.0L | four halves of the smallest number are excused
oracle/element_judge.cc | UnitRoundoff(rules_.dtype) >= 1; } | UnitRoundoff(rules_.dtype) > 4; } | a void bound is trusted
oracle/element_judge.cc | judgement.verdict = Verdict::kUndecided; | judgement.verdict = Verdict::kExact; | undecided is a pass
oracle/element_judge.cc | judgement.verdict = Verdict::kConvention; | judgement.verdict = Verdict::kExact; | another convention is exact
oracle/element_judge.cc | from_allowed(rules, truth.allowed, | from_allowed(rules, truth.value, | a kink is a point
oracle/element_judge.cc | if (std::isnan(got)) return Divergence::kNan; | if (std::isnan(got)) return Divergence::kOverflow; | the class of a NaN
oracle/element_judge.cc | Divergence::kWrongSign : Divergence::kOverflow; | Divergence::kWrongSign : Divergence::kInfinity; | the class of an overflow
oracle/element_judge.cc | if (truth.kink) return Divergence::kWrongSubgradient; | if (truth.kink) return Divergence::kNone; | the class of a wrong subgradient
oracle/element_judge.cc | if (SignOf(truth.value) * got < 0) | if (SignOf(truth.value) * got > 0) | the class of a wrong sign
oracle/element_judge.cc | (is_below_normal && deviation.ulp() > 1) | (is_below_normal && deviation.ulp() > 1e300) | the class of an underflow
oracle/element_judge.cc | FormatOf(dtype).precision / 2.0 | FormatOf(dtype).precision / 4.0 | the class of a cancellation
oracle/element_judge.cc | got == 0 && std::signbit(got) | got == 0 && !std::signbit(got) | the sign of a zero
oracle/element_judge.cc | rules.is_another_function ? Divergence::kSemantics | false ? Divergence::kSemantics | the class of another function
oracle/element_judge.cc | judgement.seen_by_assert_close = !AssertClosePasses | judgement.seen_by_assert_close = AssertClosePasses | what assert_close sees
oracle/assert_close.cc | return std::isfinite(error) && error <= allowed; | return error <= allowed; | assert_close of infinities
oracle/assert_close.cc | {1.3e-6, 1e-5} | {1.3e-5, 1e-5} | a tolerance of assert_close
oracle/judge.cc | return add(Verdict::kDivergent, Divergence::kCrash); | return add(Verdict::kUnsupported, Divergence::kNone); | a crash is no failure
oracle/judge.cc | return add(Verdict::kDivergent, Divergence::kTimeout); | return add(Verdict::kDivergent, Divergence::kCrash); | a hang is a crash
oracle/judge.cc | if (output.dtype != problem_.dtype) { | if (false) { | another dtype is no breach
oracle/judge.cc | if (output.shape != wanted.shape \|\| output.bits.size() != count) { | if (output.bits.size() != count) { | another shape is no breach
oracle/judge.cc | if (IsWorse(judgement.ulp, same->judgement.ulp)) | if (IsWorse(same->judgement.ulp, judgement.ulp)) | the best element is shown, not the worst
oracle/judge.cc | ++same->count; | same->count = 2; | elements are not counted
oracle/finding.cc | case Verdict::kUndecided:\n    case Verdict::kUnsupported: | case Verdict::kUndecided:\n      return true;\n    case Verdict::kUnsupported: | undecided passes
oracle/selection.cc | return {number, Concat( | return {i, Concat( | a shard numbers its problems anew
oracle/selection.cc | i * selection.shards + selection.shard - 1; | i * selection.shards; | every shard is the first
oracle/fill_draw.cc | {{key_.index, place, at_, position_ / kLanes}} | {{0, place, at_, position_ / kLanes}} | every problem of a cell is the same
oracle/fill_relations.cc | double TiesReal(Element& e) { return IsRelated(e) ? e.Agreeing() : Grid(e); } | double TiesReal(Element& e) { return Grid(e); } | ties agree with nothing
oracle/fill_relations.cc | if (e.draw.OneIn(2)) return FewUlpsFrom(e, x); | if (e.draw.OneIn(2)) return x * 2; | nearly equal inputs are not
oracle/fill_values.cc | const double sign = e.draw.Sign();\n  switch | const double sign = 1;\n  switch | no subnormal number is negative
oracle/fill_values.cc | return e.draw.Pick({0.0, -0.0, 1.0, nans ? kNan : 1.0}); | return e.draw.Pick({0.0, -0.0, 1.0, 1.0}); | no probability is NaN
oracle/fill_shapes.cc | if (recipe_.sizes == Sizes::kLengths \|\| draw_.OneIn(kRare)) SetLayouts(); | if (draw_.OneIn(kRare)) SetLayouts(); | lengths have no layouts
oracle/memory_image.h | kUnwritten{0xff} | kUnwritten{0x00} | gaps of a strided tensor read as 0
oracle/memory_image.cc | image.first = static_cast<std::size_t>(type.size()); | image.first = 0; | misaligned tensors are aligned
oracle/memory_image.cc | image.strides = ColumnMajor(shape); | image.strides = RowMajor(shape, 1); | transposed tensors are not
oracle/host_frames.cc | if (shape != spec->shape) { | if (false) { | an answer of another shape is taken
oracle/host_frames.cc | header.Get<std::size_t>("problem") != number) { | false) { | the answer to another problem is taken
oracle/host_frames.cc | result->wanted.back() >= index) { | result->wanted.back() > index) { | an output may come twice
oracle/host_frames.cc | result.answer.status = AnswerStatus::kError; | result.answer.status = AnswerStatus::kUnsupported; | a refusal is unsupported
oracle/host_subject.cc | if (lost.status == AnswerStatus::kTimeout) return answer; | if (lost.status == AnswerStatus::kCrash) return answer; | a hang is asked again, a crash is not
tests/properties/check.cc | return relation == Relation::kNotNegative \|\| SignOf(sum - slack) != Sign::kPositive; | return true; | a property has one side
tests/properties/check.cc | if (has_nan \|\| !Holds( | if (!has_nan && !Holds( | a NaN keeps every property
tests/properties/check.cc | slack = slack + Interval(std::fabs(addend.factor)) * *allowance; | slack = slack + Interval(0x1p1000) * *allowance; | a property allows anything
TABLE
}

trim() { sed 's/^ *//; s/ *$//' <<<"$1"; }

# Puts $3 in the place of $2 in file $1; fails unless $2 stands there once.
replace() {
  FROM=$2 TO=$3 perl -0pi -e '
    my $count = () = /\Q$ENV{FROM}\E/g;
    $count == 1 or die "$ARGV: found $count times, not once: $ENV{FROM}\n";
    s/\Q$ENV{FROM}\E/$ENV{TO}/' "$1"
}

# The name of the first test that fails, or of all with ALL=1; `build` if it does not even compile.
killers() {  # PART
  local name killed=() build=$root/build/mutants/$1
  # shellcheck disable=SC2086  # a list of names
  for name in ${tests[$1]}; do
    if ! cmake --build "$build" -j "$jobs" --target "${name}_test" >"$build/mutant.log" 2>&1; then
      killed+=("build")
      break
    fi
    # An endless loop or a crash is noticed as well.
    if ! (cd "$copy" && GTEST_FAIL_FAST=1 timeout 300 "$(find "$build/tests" -name "${name}_test" -type f)") \
      >"$build/mutant.log" 2>&1; then
      killed+=("$name")
      [[ -n ${ALL:-} ]] || break
    fi
  done
  echo "${killed[*]:-}"
}

mkdir -p "$copy"
cd "$root"
# What differs is new: a file that kept its old time would not be built again.
git ls-files -z -- CMakeLists.txt cmake reference optimized oracle reports cli tests examples known |
  while IFS= read -r -d '' file; do
    cmp -s "$file" "$copy/$file" || cp --parents "$file" "$copy"
  done

declare -A is_ready=()
prepare() {  # PART: built, and all well without a mutant
  local found
  [[ -z ${is_ready[$1]:-} ]] || return 0
  cmake -S "$copy" -B "$root/build/mutants/$1" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    "-DCMAKE_CXX_FLAGS_RELEASE=${flags[$1]}" -DEXACTLOSS_TESTS=ON -DEXACTLOSS_WERROR=OFF >/dev/null
  found=$(killers "$1")
  if [[ -n $found ]]; then
    echo "without any mutant these fail: $found" >&2
    exit 3
  fi
  is_ready[$1]=1
}

survivors=0 count=0
while IFS= read -r line; do
  escaped=${line//\\|/$'\x01'}
  IFS='|' read -r file from to breaks <<<"$escaped"
  file=$(trim "$file") from=$(trim "${from//$'\x01'/|}") to=$(trim "${to//$'\x01'/|}") part=oracle
  from=${from//\\n/$'\n'} to=${to//\\n/$'\n'}
  [[ $file == oracle/* || $file == tests/* ]] || file=reference/$file part=reference
  prepare "$part"
  cp "$copy/$file" "$root/build/mutants/original"
  replace "$copy/$file" "$from" "$to"
  found=$(killers "$part")
  cp "$root/build/mutants/original" "$copy/$file"
  count=$((count + 1))
  [[ -n $found ]] || survivors=$((survivors + 1))
  printf '%-52s %-26s %s\n' "$(trim "$breaks")" "$file" "${found:-SURVIVES}" | sed 's| reference/| |'
done < <(mutants | grep -e "${1:-}")
echo "$count mutants, $survivors survive"
((survivors == 0))
