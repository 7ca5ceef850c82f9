// What the tests of the audit share: a sink that keeps findings, findings as text, problems to audit.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "oracle/audit.h"
#include "tests/oracle/finding_text.h"

namespace exactloss {

inline const std::string kSum = "naive/wrong_reduction";

/// Keeps what it is told.
class Collector : public Sink {
 public:
  void Write(const Finding& finding) override {
    findings.push_back(finding);
    if (on_write) on_write();
  }
  std::vector<std::string> Texts(const std::string& subject = "") const {
    std::vector<std::string> texts;
    for (const Finding& finding : findings) {
      if (subject.empty() || finding.subject == subject) texts.push_back(Text(finding));
    }
    return texts;
  }

  std::vector<Finding> findings;
  std::function<void()> on_write;
};

/// `count` problems of mse whose first inputs are 0, 1, ...; another where `others` says so.
inline std::vector<WrittenProblem> MseProblems(int count, const std::map<int, int>& others = {}) {
  std::vector<WrittenProblem> problems;
  for (int i = 0; i < count; ++i) {
    const auto other = others.find(i);
    const int input = other == others.end() ? i : other->second;
    const std::string line = Concat("mse f64 mean input=", input, ",0 target=3,-0.5");
    problems.push_back({line, ParseProblem(line)});
  }
  return problems;
}

}  // namespace exactloss
