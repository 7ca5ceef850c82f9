// A report with all that is hard to write: NaN, infinities, -0, sets, missing answers, hostile names.
#pragma once

#include <limits>
#include <sstream>
#include <string>

#include "reports/report.h"
#include "tests/reports/hand_made.h"

namespace exactloss {

inline const std::string kHostile = "exec:sh -c 'a|b' <script>\"&\x01\xff`\n";

inline Report AwkwardReport() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  Report report;
  report.run.program = "exactloss 0";
  report.run.command = "exactloss audit --subject " + kHostile;
  report.run.selection = "profile gate, seed 1";
  report.run.chosen.losses = {FindLoss("mse")};
  report.run.chosen.dtypes = {Dtype::kF16};
  report.run.chosen.fills = {FindFill("normal")};
  report.run.cpu = "A CPU";
  report.run.subjects = {
      {"libtorch", "2.13.0", {{"capability", "AVX512"}}}, {kHostile, "", {}}, {"naive/x", "", {}}};
  report.run.pitfalls = {"naive/x"};
  report.run.problems = 3;
  Collector collector(report, {&report.scatter});
  std::int64_t index = 0;
  for (const std::string& subject : {std::string("libtorch"), kHostile, std::string("naive/x")}) {
    for (const Dtype dtype : kAllDtypes) {
      for (const double got : {kNan, kInfinity, -kInfinity, -0.0, MinSubnormal(dtype), MaxFinite(dtype)}) {
        Finding finding = HandMade(subject, "mse", dtype, got);
        finding.verdict = Verdict::kDivergent;
        finding.divergence = std::isnan(got) ? Divergence::kNan : Divergence::kOverflow;
        finding.ulp = 1e300;
        if (!std::isfinite(got)) finding.ulp = std::isnan(got) ? kInfinity : kNan;
        finding.ratio = kInfinity;
        finding.fill = "special#1." + std::to_string(index++);
        finding.message = kHostile;
        collector.Write(finding);
      }
      Finding passed = HandMade(subject, "mse", dtype);
      passed.fill = "normal#1.0";
      collector.Write(passed);
    }
    Finding kink = Diverged(Divergence::kWrongSubgradient, 3, subject, "l1");
    kink.truth = KinkOf(0, -1, 1);
    kink.got_dtype = Dtype::kF64;
    kink.got = ToBits(Dtype::kF64, 7);
    collector.Write(kink);
    Finding infinite = Diverged(Divergence::kInfinity, kInfinity, subject, "huber");
    infinite.truth = TruthOf(kInfinity);
    collector.Write(infinite);
    Finding undefined = infinite;
    undefined.loss = "l1";
    undefined.truth = TruthOf(kNan);
    collector.Write(undefined);
    Finding crashed = Diverged(Divergence::kCrash, kNan, subject, "bce");
    crashed.got.reset();
    crashed.truth.reset();
    crashed.output.clear();
    collector.Write(crashed);
    Finding unsupported = HandMade(subject, "dice");
    unsupported.verdict = Verdict::kUnsupported;
    unsupported.got.reset();
    unsupported.truth.reset();
    collector.Write(unsupported);
  }
  return report;
}

/// What a writer of reports writes.
inline std::string Written(void (*write)(const Report&, std::ostream&), const Report& report) {
  std::ostringstream out;
  write(report, out);
  return out.str();
}

}  // namespace exactloss
