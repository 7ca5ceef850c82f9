// The forms that practice warns against, in process: what each costs is a row of the report.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "oracle/subject.h"

namespace exactloss {

/// "sigmoid_bce", "softmax_log_nll", ...: the part of a subject's name after "naive/".
std::vector<std::string> NaiveForms();

/// The subject "naive/<form>"; throws UsageError for a form that is none, with those there are.
std::unique_ptr<Subject> MakeNaiveSubject(const std::string& form);

}  // namespace exactloss
