// Files of known divergences, read strictly.
#include <algorithm>
#include <cerrno>
#include <fstream>
#include <set>
#include <system_error>

#include "oracle/fill.h"
#include "oracle/known.h"
#include "oracle/torch_hosts.h"
#include "reference/text.h"

namespace exactloss {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBlank = " \t\r";
constexpr std::string_view kSubjects[] = {"libtorch", "highway", "naive", "exec:"};
constexpr std::string_view kKinds[] = {"bug", "definition", "convention"};

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(kBlank), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

/// The classes of what fails.
std::vector<std::string_view> Failures() {
  std::vector<std::string_view> names = {Name(Verdict::kInaccurate)};
  for (int i = 1; !Name(static_cast<Divergence>(i)).empty(); ++i) {
    names.push_back(Name(static_cast<Divergence>(i)));
  }
  return names;
}

/// Reads one file.
class FileReader {
 public:
  explicit FileReader(fs::path path) : path_(std::move(path)) {}

  KnownDivergence Read() {
    errno = 0;
    std::ifstream file(path_);
    std::string line;
    while (file && std::getline(file, line)) {
      ++number_;
      const std::string_view text = Trimmed(line);
      if (!text.empty() && text.front() != '#') ReadField(text);
    }
    if (!file.eof()) {
      const int error = errno == 0 ? EIO : errno;
      throw UsageError(Concat(path_.string(), " cannot be read: ", std::generic_category().message(error)));
    }
    Finish();
    return std::move(entry_);
  }

 private:
  struct Field {
    std::string_view name;
    void (FileReader::*read)(std::string_view value);
  };

  template <class... Parts>
  [[noreturn]] void Fail(const Parts&... parts) const {
    throw UsageError(Concat(Place(), ": ", parts...));
  }
  std::string Place() const { return Concat(path_.string(), ":", number_); }

  void ReadField(std::string_view text) {
    static constexpr Field kFields[] = {{"id", &FileReader::ReadId},
                                        {"subject", &FileReader::ReadSubject},
                                        {"versions", &FileReader::ReadVersions},
                                        {"kind", &FileReader::ReadKind},
                                        {"cause", &FileReader::ReadCause},
                                        {"link", &FileReader::ReadLink},
                                        {"line", &FileReader::ReadLine},
                                        {"output", &FileReader::ReadOutput},
                                        {"class", &FileReader::ReadClass}};
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::string_view name = text.substr(0, colon);
    const std::string_view value = Trimmed(text.substr(std::min(colon + 1, text.size())));
    const auto* field =
        std::find_if(std::begin(kFields), std::end(kFields), [&](const Field& f) { return f.name == name; });
    if (field == std::end(kFields) || colon == text.size()) {
      std::vector<std::string_view> names;
      for (const Field& f : kFields) names.push_back(f.name);
      Fail(Quoted(name), " is no field; write name: value, with ", Listed(names));
    }
    if (value.empty()) Fail(name, " is empty");
    (this->*field->read)(value);
  }

  void Once(std::string_view name, std::string_view value, std::string& field) {
    if (!field.empty()) Fail(name, " is given twice");
    field = value;
  }

  /// Of an example, which begins with its line.
  KnownExample& Example(std::string_view name) {
    if (entry_.examples.empty()) Fail(name, " comes before its line");
    return entry_.examples.back();
  }

  void ReadId(std::string_view value) { Once("id", value, entry_.id); }
  void ReadSubject(std::string_view value) {
    if (std::none_of(std::begin(kSubjects), std::end(kSubjects),
                     [&](std::string_view subject) { return value.starts_with(subject); })) {
      Fail("no subject ", Quoted(value), "; it begins with one of ",
           Listed({std::begin(kSubjects), std::end(kSubjects)}));
    }
    Once("subject", value, entry_.subject);
  }
  void ReadCause(std::string_view value) { Once("cause", value, entry_.cause); }
  void ReadLink(std::string_view value) { Once("link", value, entry_.link); }
  void ReadKind(std::string_view value) {
    if (std::find(std::begin(kKinds), std::end(kKinds), value) == std::end(kKinds)) {
      Fail("kind ", Quoted(value), " is none; there are ", Listed({std::begin(kKinds), std::end(kKinds)}));
    }
    Once("kind", value, entry_.kind);
  }

  void ReadVersions(std::string_view value) {
    VersionRange& versions = entry_.examples.empty() ? versions_ : entry_.examples.back().versions;
    try {
      versions = VersionRange::Parse(value);
    } catch (const UsageError& error) {
      Fail("versions: ", error.what());
    }
  }

  void ReadLine(std::string_view value) {
    FinishExample();
    KnownExample& example = entry_.examples.emplace_back();
    example.place = Place();
    example.line = value;
    example.versions = versions_;
    try {
      if (IsContract(value)) {
        example.contract = ParseContract(value);
        example.problem = example.contract->call;
      } else {
        example.problem = ParseProblem(value, FillTensor);
      }
    } catch (const UsageError& error) {
      Fail("line: ", error.what());
    }
  }

  void ReadOutput(std::string_view value) {
    KnownExample& example = Example("output");
    std::vector<std::string> names = {std::string(kArguments)};
    if (!example.contract) {
      names.clear();
      for (const OutputSpec& spec : OutputsOf(example.problem)) names.push_back(spec.name);
    }
    if (std::find(names.begin(), names.end(), value) == names.end()) {
      Fail("the line has no output ", Quoted(value), "; it has ", Listed({names.begin(), names.end()}));
    }
    Once("output", value, example.output);
  }

  void ReadClass(std::string_view value) {
    const std::vector<std::string_view> names = Failures();
    if (std::find(names.begin(), names.end(), value) == names.end()) {
      Fail("no class ", Quoted(value), "; ", Suggestion(value, names));
    }
    Once("class", value, Example("class").failure);
  }

  void FinishExample() const {
    if (entry_.examples.empty()) return;
    const KnownExample& example = entry_.examples.back();
    if (example.output.empty() || example.failure.empty()) {
      throw UsageError(
          Concat(example.place, ": the line has no ", example.output.empty() ? "output" : "class"));
    }
  }

  void Finish() const {
    FinishExample();
    const std::pair<std::string_view, const std::string*> needed[] = {{"id", &entry_.id},
                                                                      {"subject", &entry_.subject},
                                                                      {"kind", &entry_.kind},
                                                                      {"cause", &entry_.cause},
                                                                      {"link", &entry_.link}};
    for (const auto& [name, field] : needed) {
      if (field->empty()) Fail("the file ends without ", name);
    }
    if (entry_.examples.empty()) Fail("the file ends without a line: nothing shows that it is true");
  }

  const fs::path path_;
  int number_ = 0;  ///< of the line
  VersionRange versions_;
  KnownDivergence entry_;
};

std::vector<fs::path> FilesOf(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    if (name.front() != '.' && name != "README.md") files.push_back(entry.path());
  }
  if (error) throw UsageError(Concat("--known: ", folder.string(), " cannot be read: ", error.message()));
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::vector<KnownDivergence> ReadKnown(const fs::path& folder) {
  std::vector<KnownDivergence> entries;
  std::map<std::string, std::string> places;
  for (const fs::path& file : FilesOf(folder)) {
    KnownDivergence entry = FileReader(file).Read();
    const auto [other, is_new] = places.emplace(entry.id, file.string());
    if (!is_new) {
      throw UsageError(Concat(file.string(), ": the id ", entry.id, " is that of ", other->second, ", too"));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::optional<fs::path> ShippedKnown() {
  std::error_code error;
  for (const fs::path& folder : ProgramFolders()) {
    for (const fs::path& known :
         {folder / "known", folder / "share/exactloss/known"}) {  // the latter: installed
      if (fs::is_directory(known, error)) return known;
    }
  }
  return std::nullopt;
}

}  // namespace exactloss
