// Seeded faults: a right subject with one thing broken. Made by tests alone; no shipped program knows them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "oracle/subject.h"
#include "tests/faults/making.h"

namespace exactloss {

using Plant = std::function<void(Making&)>;

struct Fault {
  std::string_view id;  ///< "<loss>.<what>"; "control.<what>" is no fault, and nothing may kill it
  std::vector<std::string_view> losses;  ///< empty: all
  std::string_view what;
  Plant plant;
  std::string_view source = {};  ///< the public thread of a fault that people shipped; empty: a classical one
  std::string_view survives = {};  ///< why no layer can kill it; empty: one must
};

/// By family, then all of them, the controls first.
std::vector<Fault> RegressionFaults();
std::vector<Fault> BinaryFaults();
std::vector<Fault> ClassFaults();
std::vector<Fault> OverlapFaults();
std::vector<Fault> AnyLossFaults();
const std::vector<Fault>& Faults();

bool IsControl(const Fault& fault);
bool HasLoss(const Fault& fault, std::string_view loss);

/// The subject "fault/<id>"; throws UsageError for an id that is none. It does not support other losses.
std::unique_ptr<Subject> MakeFaultSubject(std::string_view id);
std::unique_ptr<Subject> MakeFaultSubject(const Fault& fault);

}  // namespace exactloss
