#include "cli/report_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "reports/causes.h"
#include "reports/document.h"
#include "reports/html.h"
#include "reports/junit.h"
#include "reports/markdown.h"
#include "reports/sarif.h"

namespace exactloss {

const std::vector<ReportFormat>& ReportFormats() {
  static const std::vector<ReportFormat> kFormats = {
      {"--html", "report.html", "a page to read, one file", WriteHtml},
      {"--md", "report.md", "Markdown that fits a job summary", WriteMarkdown},
      {"--junit", "junit.xml", "JUnit XML", WriteJunit},
      {"--sarif", "report.sarif", "SARIF 2.1.0, a result for each cause", WriteSarif},
      {"", "report.json", "what `exactloss compare` reads", WriteDocument},
      {"", "causes.jsonl", "a line for each cause", WriteCauses},
  };
  return kFormats;
}

void ReportFlags::Add(CLI::App& app) {
  app.add_option("--report", folder_, "write all reports into this folder, and the findings, report.jsonl");
  paths_.resize(ReportFormats().size());
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    const ReportFormat& format = ReportFormats()[i];
    if (format.flag.empty()) continue;
    app.add_option(std::string(format.flag), paths_[i], fmt::format("write {} to this file", format.what));
  }
}

ReportFiles::ReportFiles(const ReportFlags& flags) {
  namespace fs = std::filesystem;
  for (std::size_t i = 0; i < flags.paths_.size(); ++i) {
    if (!flags.paths_[i].empty()) Open(flags.paths_[i], &ReportFormats()[i]);
  }
  if (flags.folder_.empty()) return;
  const fs::path folder = flags.folder_;
  MakeFolder(folder);
  for (const ReportFormat& format : ReportFormats()) Open(folder / format.name, &format);
  findings_ = std::make_unique<JsonLines>(Open(folder / "report.jsonl", nullptr).out());
}

AtomicFile& ReportFiles::Open(const std::string& path, const ReportFormat* format) {
  return *files_.emplace_back(File{path, format, std::make_unique<AtomicFile>(path)}).file;
}

std::vector<Sink*> ReportFiles::sinks(Report& report) {
  std::vector<Sink*> sinks;
  if (findings_) sinks.push_back(findings_.get());
  if (has_plots()) sinks.push_back(&report.scatter);
  return sinks;
}

bool ReportFiles::has_plots() const {
  return std::any_of(files_.begin(), files_.end(), [](const File& file) {
    return file.format != nullptr && file.format->write == WriteHtml;
  });
}

void ReportFiles::Commit(const Report& report) {
  for (const File& file : files_) {
    if (file.format != nullptr) file.format->write(report, file.file->out());
  }
  for (const File& file : files_) file.file->Finish();
  for (const File& file : files_) file.file->Commit();
}

std::string ReportFiles::Text() const {
  std::string text;
  for (const File& file : files_) text += (text.empty() ? "report: " : ", ") + file.path;
  return text;
}

}  // namespace exactloss
