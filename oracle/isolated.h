// A subject of this program in a process of its own.
#pragma once

#include <memory>

#include "oracle/subject.h"

namespace exactloss {

/// The subject, but what it computes comes from `exactloss serve NAME`, a host. Throws UsageError where that
/// program is not found.
std::unique_ptr<Subject> Isolated(std::unique_ptr<Subject> subject, const SubjectOptions& options);

}  // namespace exactloss
