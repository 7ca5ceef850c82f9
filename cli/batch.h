// Repro lines as a person hands them over: on the command line, in files, on standard input.
#pragma once

#include <istream>
#include <string>
#include <string_view>
#include <vector>

#include "oracle/audit.h"
#include "oracle/contracts.h"

namespace exactloss {

/// The problems and contracts of many lines. A bad line is kept as a message, so that all of them can be told
/// at once.
class Batch {
 public:
  /// A line of the command line.
  void AddLine(const std::string& line);
  /// A file, "-" for standard input: one line a problem; `#` at the start or after a space begins a comment.
  /// Throws UsageError if it cannot be read.
  void AddFile(const std::string& path);
  void AddStream(const std::string& name, std::istream& in);

  const std::vector<WrittenProblem>& problems() const { return problems_; }
  /// The lines that begin with a promise.
  const std::vector<Contract>& contracts() const { return contracts_; }
  /// "file:2:17: unknown dtype ..."
  const std::vector<std::string>& errors() const { return errors_; }
  /// What was rounded: "file:2: input: decimals are rounded to f32, ..."
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  void Add(const std::string& where, std::string_view separator, std::string_view line, std::size_t indent);

  std::vector<WrittenProblem> problems_;
  std::vector<Contract> contracts_;
  std::vector<std::string> errors_, notes_;
};

/// The lines and files of a command. Prints every bad line, and throws UsageError if there is one.
Batch BatchOf(std::string_view command, const std::vector<std::string>& lines,
              const std::vector<std::string>& files);

}  // namespace exactloss
