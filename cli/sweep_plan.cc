#include "cli/sweep_plan.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "cli/flags.h"
#include "reference/number_text.h"
#include "reference/text.h"

namespace exactloss {
namespace {

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

}  // namespace

SweepPlan PlanOf(const SweepWords& words) {
  if (words.loss.empty())
    throw UsageError("which loss? Give --loss; `exactloss list losses` says which there are");
  SweepPlan plan;
  plan.loss = LossesNamed({words.loss})[0];
  plan.dtype = DtypesNamed({words.dtype})[0];
  plan.stride = words.stride;
  const LossSpec& loss = *plan.loss;
  SweepCase defaults;
  for (const ParameterSpec& parameter : loss.parameters)
    defaults.parameters.push_back(parameter.default_value);
  defaults.inputs.resize(loss.inputs.size());
  plan.cases = {defaults};
  plan.varied = {0};
  CheckPlan({plan.loss, plan.dtype, plan.varied, {}, 1});  // before its inputs are named
  if (!words.vary.empty()) plan.varied.clear();
  for (const std::string& name : words.vary)
    plan.varied.push_back(IndexNamed("--vary", loss.inputs, name, loss.name));
  std::sort(plan.varied.begin(), plan.varied.end());
  if (std::unique(plan.varied.begin(), plan.varied.end()) != plan.varied.end() || plan.varied.size() > 2) {
    throw UsageError("--vary: one input, or two different ones");
  }
  std::vector<std::string> fix = words.fix;
  const auto is_varied = [&](std::size_t k) {
    return std::find(plan.varied.begin(), plan.varied.end(), k) != plan.varied.end();
  };
  const bool names_target =
      std::any_of(fix.begin(), fix.end(), [](const std::string& f) { return f.starts_with("target="); });
  if (!is_varied(1) && !names_target) fix.emplace_back(kDefaultTargets);
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
  for (const std::string& text : words.parameters) {
    const Fixed fixed = FixedAt("--param", text, Dtype::kF64);
    const std::size_t i = IndexNamed("--param", loss.parameters, fixed.name, loss.name);
    Multiply(plan.cases, fixed.values, [i](SweepCase& one, double value) { one.parameters[i] = value; });
  }
  CheckPlan(plan);
  return plan;
}

}  // namespace exactloss
