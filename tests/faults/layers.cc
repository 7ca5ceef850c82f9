#include "tests/faults/layers.h"

#include <algorithm>
#include <filesystem>

#include "cli/profiles.h"
#include "oracle/gradcheck.h"
#include "oracle/judge.h"
#include "oracle/selection.h"
#include "reference/truth.h"
#include "tests/properties/check.h"
#include "tests/properties/generator.h"
#include "tests/reference/golden_file.h"

namespace exactloss {
namespace {

void Count(Kills& kills, bool killed, const std::string& line) {
  ++kills.asked;
  if (killed && ++kills.killed == 1) kills.first = line;
}

/// Judges every subject at a problem.
void AskProblem(const Problem& problem, const Subjects& subjects, std::vector<Kills>& kills) {
  const Truth truth = Evaluate(problem);
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    const Answer answer = subjects[i]->Run({&problem, 1})[0];
    const std::vector<Finding> findings = JudgeWorst(problem, truth, *subjects[i], answer);
    Count(kills[i], std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return Fails(f); }),
          FormatProblem(problem));
  }
}

void AskGolden(const LossSpec& loss, const Subjects& subjects, std::vector<Kills>& kills) {
  const std::filesystem::path folder = std::filesystem::path(EXACTLOSS_SOURCE_DIR) / "tests/golden";
  for (const GoldenProblem& golden : ReadGolden(folder / (std::string(loss.name) + ".in"))) {
    AskProblem(golden.problem, subjects, kills);
  }
}

Selection SelectionOf(std::string_view name, const LossSpec& loss) {
  const Profile& profile = ProfileNamed(name);
  Selection selection;
  selection.losses = {&loss};
  for (const std::string_view fill : profile.fills) selection.fills.push_back(FindFill(fill));
  selection.problems_per_cell = profile.problems_per_cell;
  return selection;
}

void AskProfile(std::string_view name, const LossSpec& loss, const Subjects& subjects,
                std::vector<Kills>& kills) {
  const Selection selection = SelectionOf(name, loss);
  for (std::uint64_t i = 0; i < exactloss::Count(selection); ++i) {
    AskProblem(At(selection, i).problem, subjects, kills);
  }
}

void AskGradcheck(const LossSpec& loss, const Subjects& subjects, std::vector<Kills>& kills) {
  Selection selection = SelectionOf("smoke", loss);
  selection.dtypes = {Dtype::kF64};  // a difference in f32 has three digits
  selection.problems_per_cell = 1;
  for (std::uint64_t i = 0; i < exactloss::Count(selection); ++i) {
    const Problem problem = At(selection, i).problem;
    const Truth truth = Evaluate(problem);
    for (std::size_t k = 0; k < subjects.size(); ++k) {
      const CheckedGradients checked = CheckGradients(*subjects[k], problem, truth);
      const bool is_wrong = std::any_of(checked.findings.begin(), checked.findings.end(),
                                        [](const GradientFinding& found) { return Fails(found.finding); });
      Count(kills[k], is_wrong, FormatProblem(problem));
    }
  }
}

void AskProperties(const LossSpec& loss, const Subjects& subjects, std::vector<Kills>& kills) {
  for (const Property& property : Properties()) {
    if (!HasLoss(property, loss)) continue;
    for (std::uint64_t i = 0; i < kCasesOfMatrix; ++i) {
      const Problem problem = GenerateProblem(loss, {.seed = 1, .number = i});
      const std::optional<Instance> instance = property.make(problem);
      if (!instance) continue;
      const std::vector<Truth> truths = TruthsOf(*instance);
      for (std::size_t k = 0; k < subjects.size(); ++k) {
        const Outcome outcome = CheckSubject(*instance, truths, *subjects[k]);
        Count(kills[k], !outcome.violation.empty(),
              std::string(property.name) + " " + FormatProblem(problem));
      }
    }
  }
}

}  // namespace

std::string_view Name(Layer layer) {
  switch (layer) {
    case Layer::kGolden:
      return "golden";
    case Layer::kProperty:
      return "property";
    case Layer::kGradcheck:
      return "gradcheck";
    case Layer::kSmoke:
      return "smoke";
    case Layer::kGate:
      break;
  }
  return "gate";
}

std::vector<Kills> Ask(Layer layer, const LossSpec& loss, const std::vector<const Fault*>& faults) {
  Subjects subjects;
  for (const Fault* fault : faults) subjects.push_back(MakeFaultSubject(*fault));
  std::vector<Kills> kills(faults.size());
  switch (layer) {
    case Layer::kGolden:
      AskGolden(loss, subjects, kills);
      break;
    case Layer::kProperty:
      AskProperties(loss, subjects, kills);
      break;
    case Layer::kGradcheck:
      AskGradcheck(loss, subjects, kills);
      break;
    case Layer::kSmoke:
    case Layer::kGate:
      AskProfile(Name(layer), loss, subjects, kills);
      break;
  }
  return kills;
}

}  // namespace exactloss
