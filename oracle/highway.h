// Our own kernels as subjects, in process: highway/<target>/<mode>, such as highway/AVX2/exact.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "oracle/subject.h"

namespace exactloss {

/// "AVX2/exact", "AVX2/fast", ...: the part of a subject's name after "highway/", for the targets of this
/// CPU.
std::vector<std::string> HighwayKernels();

/// The subject "highway/<kernels>"; throws UsageError for others, with those there are.
std::unique_ptr<Subject> MakeHighwaySubject(const std::string& kernels);

}  // namespace exactloss
