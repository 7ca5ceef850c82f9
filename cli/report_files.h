// The files that an audit leaves: one for each flag, and all of them in the folder of --report.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reports/atomic_file.h"
#include "reports/json_lines.h"
#include "reports/report.h"

namespace exactloss {

/// A report that is written at the end of an audit.
struct ReportFormat {
  std::string_view flag;  ///< "--junit"; "": in the folder alone
  std::string_view name;  ///< in the folder
  std::string_view what;  ///< for people
  void (*write)(const Report& report, std::ostream& out);
};
const std::vector<ReportFormat>& ReportFormats();

class ReportFlags {
 public:
  void Add(CLI::App& app);
  /// That of --report, or "".
  const std::string& folder() const { return folder_; }

 private:
  friend class ReportFiles;
  std::string folder_;
  std::vector<std::string> paths_;  ///< one for each format
};

/// Opened before the audit, so that a file that cannot be written costs no audit; all or none is left.
class ReportFiles {
 public:
  /// Throws OutputError.
  explicit ReportFiles(const ReportFlags& flags);
  /// What has to see every finding: report.jsonl, and the plots of the page.
  std::vector<Sink*> sinks(Report& report);
  /// Is there a page with plots among them?
  bool has_plots() const;
  void Commit(const Report& report);
  /// "report: out/report.html, out/report.md"; "" where none is.
  std::string Text() const;

 private:
  struct File {
    std::string path;
    const ReportFormat* format;  ///< null: the findings
    std::unique_ptr<AtomicFile> file;
  };
  AtomicFile& Open(const std::string& path, const ReportFormat* format);

  std::vector<File> files_;
  std::unique_ptr<JsonLines> findings_;
};

}  // namespace exactloss
