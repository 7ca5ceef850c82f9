#include "cli/flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iostream>

#include "cli/interrupt.h"
#include "reference/text.h"

namespace exactloss {
namespace {

constexpr int kMostJobs = 1024;

std::string CheckJobs(const std::string& text) {
  int jobs = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, jobs);
  if (read.ec == std::errc() && read.ptr == end && jobs >= 1 && jobs <= kMostJobs) return "";
  return Concat(Quoted(text), " is no number of jobs; it is 1 to ", kMostJobs);
}

std::string CheckTimeout(const std::string& text) {
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  const bool is_number = !text.empty() && *end == '\0';
  if (is_number && seconds >= 0.001 && seconds <= 86400) return "";
  return Concat(Quoted(text), " is no timeout; it is 0.001 to 86400 seconds");
}

/// Looks up each name; `names_there` are all that there are.
template <class Value, class Find>
std::vector<Value> Lookup(const std::vector<std::string>& names, std::string_view what,
                          const std::vector<std::string_view>& names_there, Find find) {
  std::vector<Value> values;
  for (const std::string& name : names) {
    const auto value = find(name);
    if (!value) {
      throw UsageError(
          Concat("--", what, ": no ", what, " ", Quoted(name), "; ", Suggestion(name, names_there)));
    }
    if constexpr (std::is_pointer_v<Value>) {
      values.push_back(value);
    } else {
      values.push_back(*value);
    }
    if (std::find(values.begin(), values.end() - 1, values.back()) != values.end() - 1) values.pop_back();
  }
  return values;
}

std::vector<std::string_view> NamesOf(const auto& things) {
  std::vector<std::string_view> names;
  names.reserve(things.size());
  for (const auto& thing : things) names.push_back(thing.name);
  return names;
}

}  // namespace

void SubjectFlags::AddSubjects(CLI::App& app) {
  app.add_option("--subject", names,
                 "who is asked: libtorch, libtorch-VERSION, either with +NAME=VALUE settings of its "
                 "environment, naive/FORM, exec:COMMAND; may be repeated")
      ->allow_extra_args(false);
  AddAsking(app);
}

void SubjectFlags::AddAsking(CLI::App& app) {
  app.add_option("--timeout", timeout, "seconds that a subject has for a problem")
      ->check(CheckTimeout)
      ->capture_default_str();
  app.add_option("--jobs", jobs, "threads, each with subjects of its own")
      ->check(CheckJobs)
      ->capture_default_str();
}

void SubjectFlags::Add(CLI::App& app) {
  AddSubjects(app);
  app.add_option("--json", json, "write one finding a line to this file; - is standard output");
}

AuditOptions SubjectFlags::Options() const {
  AuditOptions options;
  options.subjects = names;
  options.subject.timeout = std::chrono::milliseconds(std::llround(timeout * 1000));
  options.jobs = jobs;
  options.interrupted = &Interrupted();
  return options;
}

std::ostream& SubjectFlags::people() const { return json == "-" ? std::cerr : std::cout; }

void AddNames(CLI::App& app, const std::string& flag, std::vector<std::string>& names,
              const std::string& help) {
  app.add_option(flag, names, help)->delimiter(',')->allow_extra_args(false);
}

std::vector<const LossSpec*> LossesNamed(const std::vector<std::string>& names) {
  return Lookup<const LossSpec*>(names, "loss", NamesOf(Catalogue()), FindLoss);
}

std::vector<Dtype> DtypesNamed(const std::vector<std::string>& names) {
  std::vector<std::string_view> there;
  for (const Dtype dtype : kAllDtypes) there.push_back(Name(dtype));
  return Lookup<Dtype>(names, "dtype", there, ParseDtype);
}

std::vector<Reduction> ReductionsNamed(const std::vector<std::string>& names) {
  std::vector<std::string_view> there;
  for (const LossSpec& loss : Catalogue()) {
    for (const Reduction reduction : loss.reductions) {
      const std::string_view name = Name(reduction);
      if (std::find(there.begin(), there.end(), name) == there.end()) there.push_back(name);
    }
  }
  return Lookup<Reduction>(names, "reduction", there, ParseReduction);
}

std::vector<const Fill*> FillsNamed(const std::vector<std::string>& names) {
  return Lookup<const Fill*>(names, "fill", NamesOf(Fills()), FindFill);
}

Shard ShardNamed(const std::string& text) {
  Shard shard;
  const char *begin = text.data(), *end = begin + text.size();
  const auto number = std::from_chars(begin, end, shard.number);
  const bool has_slash = number.ec == std::errc() && number.ptr != end && *number.ptr == '/';
  const auto of = std::from_chars(number.ptr + (has_slash ? 1 : 0), end, shard.of);
  if (!has_slash || of.ec != std::errc() || of.ptr != end || shard.number < 1 || shard.number > shard.of) {
    throw UsageError(
        Concat("--shard: ", Quoted(text), " is no shard; write i/n with 1 <= i <= n, such as 2/3"));
  }
  return shard;
}

}  // namespace exactloss
