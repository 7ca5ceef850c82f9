#!/usr/bin/env bash
# Are the tests of the truth able to fail? Breaks reference/ on purpose, one fault at a time, in a copy of the tree
# under build/mutants/, and says which test notices. Exit status 1 if a mutant survives.
#
#   tests/mutants.sh [PATTERN]     only the mutants whose line below matches the pattern
#   ALL=1 tests/mutants.sh         every test is asked, not only until the first that fails
#   JOBS=2 tests/mutants.sh        builds with so many jobs
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
copy=$root/build/mutants/tree
build=$root/build/mutants/build
jobs=${JOBS:-1}
tests=(nesting rules golden truth reductions closed_forms gauges engines gradient_legs arb)

# file | what stands there, once | what is put there | what that breaks
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
killers() {
  local name killed=()
  for name in "${tests[@]}"; do
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
git ls-files -z -- CMakeLists.txt cmake reference oracle reports cli tests |
  while IFS= read -r -d '' file; do
    cmp -s "$file" "$copy/$file" || cp --parents "$file" "$copy"
  done
cmake -S "$copy" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O1 -DEXACTLOSS_TESTS=ON \
  -DEXACTLOSS_WERROR=OFF >/dev/null

found=$(killers)
if [[ -n $found ]]; then
  echo "without any mutant these fail: $found" >&2
  exit 3
fi

survivors=0 count=0
while IFS= read -r line; do
  escaped=${line//\\|/$'\x01'}
  IFS='|' read -r file from to breaks <<<"$escaped"
  file=reference/$(trim "$file") from=$(trim "${from//$'\x01'/|}") to=$(trim "${to//$'\x01'/|}")
  cp "$copy/$file" "$build/original"
  replace "$copy/$file" "$from" "$to"
  found=$(killers)
  cp "$build/original" "$copy/$file"
  count=$((count + 1))
  [[ -n $found ]] || survivors=$((survivors + 1))
  printf '%-52s %-26s %s\n' "$(trim "$breaks")" "$file" "${found:-SURVIVES}" | sed 's| reference/| |'
done < <(mutants | grep -e "${1:-}")
echo "$count mutants, $survivors survive"
((survivors == 0))
