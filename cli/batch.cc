#include "cli/batch.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <system_error>

#include "oracle/fill.h"

namespace exactloss {
namespace {

constexpr std::string_view kBlank = " \t\r";

struct Located {
  std::size_t column;  ///< from 1
  std::string_view message;
};

/// Where in the line the parser's complaint is: it says "column 7: ...", or names an input or a parameter.
Located Locate(std::string_view message, std::string_view line) {
  constexpr std::string_view kColumn = "column ";
  if (message.starts_with(kColumn)) {
    std::size_t column = 0;
    const char* end = message.data() + message.size();
    const auto read = std::from_chars(message.data() + kColumn.size(), end, column);
    const auto rest = static_cast<std::size_t>(read.ptr - message.data());
    if (read.ec == std::errc() && message.substr(rest).starts_with(": ")) {
      return {column, message.substr(rest + 2)};
    }
  }
  const std::size_t colon = message.find(": ");
  if (colon == std::string_view::npos) return {1, message};
  const std::string_view about = message.substr(colon + 2);
  const std::string name(about.substr(0, about.find_first_of(" =[,:")));
  for (const char end : {'=', '@'}) {
    const std::size_t at = line.find(fmt::format(" {}{}", name, end));
    if (at != std::string_view::npos) return {at + 2, message};
  }
  return {1, message};
}

std::string_view WithoutComment(std::string_view line) {
  for (std::size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1)) {
    if (at == 0 || kBlank.find(line[at - 1]) != std::string_view::npos) return line.substr(0, at);
  }
  return line;
}

}  // namespace

void Batch::Add(const std::string& where, std::string_view separator, std::string_view line,
                std::size_t indent) {
  std::vector<std::string> notes;
  try {
    if (IsContract(line)) {
      contracts_.push_back(ParseContract(line));
    } else {
      problems_.push_back({std::string(line), ParseProblem(line, FillTensor, &notes)});
    }
  } catch (const UsageError& error) {
    const Located located = Locate(error.what(), line);
    errors_.push_back(fmt::format("{}{}{}: {}", where, separator, located.column + indent, located.message));
  }
  for (const std::string& note : notes) notes_.push_back(fmt::format("{}: {}", where, note));
}

void Batch::AddLine(const std::string& line) { Add("repro line", ", column ", line, 0); }

void Batch::AddFile(const std::string& path) {
  if (path == "-") return AddStream("<stdin>", std::cin);
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    throw UsageError(fmt::format("--batch: {} is a folder, not a file of repro lines", path));
  }
  errno = 0;
  std::ifstream file(path);
  if (!file) {
    throw UsageError(
        fmt::format("--batch: {} cannot be read: {}", path, std::generic_category().message(errno)));
  }
  AddStream(path, file);
}

void Batch::AddStream(const std::string& name, std::istream& in) {
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    const std::string_view text = WithoutComment(line);
    const std::size_t begin = text.find_first_not_of(kBlank);
    if (begin == std::string_view::npos) continue;
    const std::size_t end = text.find_last_not_of(kBlank) + 1;
    Add(fmt::format("{}:{}", name, number), ":", text.substr(begin, end - begin), begin);
  }
  if (in.bad()) throw UsageError(fmt::format("--batch: {} cannot be read to its end", name));
}

Batch BatchOf(std::string_view command, const std::vector<std::string>& lines,
              const std::vector<std::string>& files) {
  Batch batch;
  for (const std::string& line : lines) batch.AddLine(line);
  for (const std::string& file : files) batch.AddFile(file);
  const std::vector<std::string>& errors = batch.errors();
  for (std::size_t i = 0; i + 1 < errors.size(); ++i) {
    std::cerr << "exactloss " << command << ": " << errors[i] << '\n';
  }
  if (!errors.empty()) throw UsageError(errors.back());
  for (const std::string& note : batch.notes()) std::cerr << "note: " << note << '\n';
  return batch;
}

}  // namespace exactloss
