// The repro line: parser and printer.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "reference/number_text.h"
#include "reference/problem.h"
#include "reference/text.h"

namespace exactloss {
namespace {

/// Calls visit(part) for each part of the text between separators; there is one part at least.
template <class Visit>
void ForEachPart(std::string_view text, char separator, Visit visit) {
  for (std::size_t start = 0;;) {
    const std::size_t end = text.find(separator, start);
    visit(text.substr(start, end - start));
    if (end == std::string_view::npos) return;
    start = end + 1;
  }
}

/// What stands before and after the first separator, which goes with neither; all is before when there is
/// none.
std::pair<std::string_view, std::string_view> Cut(std::string_view text, char separator) {
  const std::size_t at = std::min(text.find(separator), text.size());
  return {text.substr(0, at), text.substr(std::min(at + 1, text.size()))};
}

template <class Integer>
std::optional<Integer> ReadUnsigned(std::string_view text) {
  Integer value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end || text.starts_with('-')) return std::nullopt;
  return value;
}

/// Is this the name of a fill's tensor: "normal#7.3"?
bool IsSource(std::string_view text) {
  const auto [fill, counters] = Cut(text, '#');
  const auto [seed, index] = Cut(counters, '.');
  const bool is_name = !fill.empty() && std::all_of(fill.begin(), fill.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  return is_name && ReadUnsigned<std::uint64_t>(seed) && ReadUnsigned<std::uint64_t>(index);
}

template <class Spec>
std::optional<std::size_t> Find(const std::vector<Spec>& specs, std::string_view name) {
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].name == name) return i;
  }
  return std::nullopt;
}

template <class Specs>
std::vector<std::string_view> NamesOf(const Specs& specs) {
  std::vector<std::string_view> names;
  for (const auto& spec : specs) names.push_back(spec.name);
  return names;
}

template <class Values>
std::vector<std::string_view> ValueNames(const Values& values) {
  std::vector<std::string_view> names;
  for (const auto value : values) names.push_back(Name(value));
  return names;
}

/// What a line may say.
enum class Rules {
  kProblem,  ///< what CheckProblem lets pass
  kCall,     ///< wrong arguments too
};

class Parser {
 public:
  /// The problem begins at `start`.
  Parser(std::string_view line, std::size_t start, Rules rules, const TensorSource& source,
         std::vector<std::string>* notes)
      : line_(line), start_(start), is_call_(rules == Rules::kCall), source_(source), notes_(notes) {}

  Problem Parse() {
    std::vector<std::string_view> words;
    ForEachPart(line_.substr(start_), ' ', [&](std::string_view word) {
      if (word.empty())
        Fail(word, "a word is missing; a line is: loss dtype reduction name=value ..., one space apart");
      words.push_back(word);
    });
    if (words.size() < 3)
      Fail(line_.substr(line_.size()), "the line ends; a line is: loss dtype reduction name=value ...");
    ParseHead(words[0], words[1], words[2]);
    for (std::size_t i = 3; i < words.size(); ++i) ParseAssignment(words[i]);
    if (is_call_) {
      CheckInputs(problem_);
      FillIn();
    } else {
      CheckShapes(problem_);
      FillIn();
      CheckProblem(problem_);
    }
    return std::move(problem_);
  }

 private:
  /// A run of equal values. They are written out when all shapes are known to be right, not before.
  struct Run {
    double value;
    std::int64_t count;
  };

  /// `at` is a part of the line and so tells its column.
  template <class... Parts>
  [[noreturn]] void Fail(std::string_view at, const Parts&... parts) const {
    throw UsageError(Concat("column ", at.data() - line_.data() + 1, ": ", parts...));
  }

  void ParseHead(std::string_view name, std::string_view dtype_name, std::string_view reduction_name) {
    const LossSpec* loss = FindLoss(name);
    if (loss == nullptr)
      Fail(name, "unknown loss ", Quoted(name), "; ", Suggestion(name, NamesOf(Catalogue())));
    const std::optional<Dtype> dtype = ParseDtype(dtype_name);
    if (!dtype)
      Fail(dtype_name, "unknown dtype ", Quoted(dtype_name), "; there are ", Listed(ValueNames(kAllDtypes)));
    const std::optional<Reduction> reduction = ParseReduction(reduction_name);
    const auto& has = loss->reductions;
    if (!reduction || std::find(has.begin(), has.end(), *reduction) == has.end()) {
      Fail(reduction_name, loss->name, " has no reduction ", Quoted(reduction_name), "; it has ",
           Listed(ValueNames(has)));
    }
    problem_ = MakeProblem(*loss, *dtype, *reduction);
    runs_.resize(loss->inputs.size());
    parameter_is_given_.resize(loss->parameters.size());
  }

  void ParseAssignment(std::string_view word) {
    const auto [left, value] = Cut(word, '=');
    if (left.size() == word.size()) Fail(word, Quoted(word), " is no name=value");
    const auto [name, layout] = Cut(left, '@');
    const LossSpec& loss = *problem_.loss;
    rounded_ = false;
    if (const auto input = Find(loss.inputs, name)) {
      if (problem_.inputs[*input]) Fail(word, name, " is given twice");
      ParseInput(*input, value);
      if (name.size() != left.size()) ParseMark(layout, *problem_.inputs[*input]);
    } else if (const auto parameter = Find(loss.parameters, left)) {
      if (parameter_is_given_[*parameter]) Fail(word, name, " is given twice");
      parameter_is_given_[*parameter] = true;
      problem_.parameters[*parameter] = ParseParameter(loss.parameters[*parameter], value);
    } else {
      Fail(word, loss.name, " has no input or parameter ", Quoted(left),
           "; inputs: ", Listed(NamesOf(loss.inputs)),
           "; parameters: ", loss.parameters.empty() ? "none" : Listed(NamesOf(loss.parameters)));
    }
  }

  double ParseParameter(const ParameterSpec& spec, std::string_view text) {
    switch (spec.kind) {
      case ParameterKind::kBoolean:
        if (text == "true" || text == "1") return 1;
        if (text == "false" || text == "0") return 0;
        Fail(text, spec.name, " is true or false, not ", Quoted(text));
      case ParameterKind::kInteger:
        return ParseInteger(spec.name, text);
      case ParameterKind::kReal:
        return ParseReal(spec.name, Dtype::kF64, text);
    }
    return 0;
  }

  /// What stands after the "@" of an input.
  void ParseMark(std::string_view mark, Tensor& tensor) const {
    for (const Layout layout : kAllLayouts) {
      if (Name(layout) == mark) return void(tensor.layout = layout);
    }
    if (is_call_ && (mark == kClassIndexType || ParseDtype(mark))) return void(tensor.type = mark);
    Fail(mark, "unknown layout ", Quoted(mark), "; there are ", Listed(ValueNames(kAllLayouts)));
  }

  void ParseInput(std::size_t input, std::string_view text) {
    Tensor& tensor = problem_.inputs[input].emplace();
    const auto [before_shape, after_bracket] = Cut(text, '[');
    const bool has_shape = before_shape.size() != text.size();
    const auto [sizes, values] = Cut(after_bracket, ']');
    if (has_shape && sizes.size() == after_bracket.size())
      Fail(after_bracket, "the shape has no end; a shape is [2,3]");
    if (has_shape) tensor.shape = ParseShape(sizes);
    if (text.find('#') != std::string_view::npos) {
      if (!source_)
        Fail(text, "fills are not known here; write the values of ", problem_.loss->inputs[input].name);
      if (!has_shape || !values.empty() || !IsSource(before_shape)) {
        Fail(text, Quoted(text),
             " is no tensor of a fill; write fill#seed.index[shape], such as normal#7.3[1000]");
      }
      tensor.source = before_shape;
      return;
    }
    if (has_shape && (!before_shape.empty() || !values.starts_with(':'))) {
      Fail(text, Quoted(text), " is no tensor; write [shape]:value,value,...");
    }
    const std::int64_t count = ParseValues(input, has_shape ? values.substr(1) : text);
    if (!has_shape) tensor.shape = {count};
    if (count != ElementCount(tensor.shape)) {
      Fail(text, count, " values for shape ", ShapeText(tensor.shape), ", which has ",
           ElementCount(tensor.shape));
    }
  }

  Shape ParseShape(std::string_view text) const {
    Shape shape;
    if (text.empty()) return shape;
    std::int64_t elements = 1;
    ForEachPart(text, ',', [&](std::string_view part) {
      if (is_call_ && part == "0") return shape.push_back(0);
      shape.push_back(ParseCount(part, "a size", kMaxElements / elements));
      elements *= shape.back();
    });
    return shape;
  }

  /// Returns the number of values.
  std::int64_t ParseValues(std::size_t input, std::string_view text) {
    const InputSpec& spec = problem_.loss->inputs[input];
    std::vector<Run>& runs = runs_[input];
    std::int64_t total = 0;
    if (is_call_ && text.empty()) return total;
    ForEachPart(text, ',', [&](std::string_view part) {
      const auto [number, count_text] = Cut(part, '*');
      const double value = spec.role == Role::kClassIndex ? ParseInteger(spec.name, number)
                                                          : ParseReal(spec.name, problem_.dtype, number);
      const bool is_run = number.size() != part.size();
      const std::int64_t count =
          is_run ? ParseCount(count_text, "the count of a run", kMaxElements - total) : 1;
      runs.push_back({value, count});
      total += count;
    });
    return total;
  }

  std::int64_t ParseCount(std::string_view text, std::string_view what, std::int64_t most) const {
    const std::optional<std::int64_t> count = ReadUnsigned<std::int64_t>(text);
    if (!count || *count < 1) Fail(text, Quoted(text), " is no count; ", what, " is an integer, 1 or more");
    if (*count > most) Fail(text, *count, " is too many; a problem has at most ", kMaxElements, " elements");
    return *count;
  }

  double ParseInteger(std::string_view name, std::string_view text) const {
    const std::optional<double> value = ReadInteger(text);
    if (!value) Fail(text, name, ": ", Quoted(text), " is no integer of at most 2^53");
    return *value;
  }

  double ParseReal(std::string_view name, Dtype dtype, std::string_view text) {
    if (const auto hex = ReadHex(dtype, text)) {
      if (hex->below == hex->above) return hex->below;
      Fail(text, name, ": ", Quoted(text), " is no number of ", Name(dtype), "; its neighbours there are ",
           FormatHex(hex->below), " and ", FormatHex(hex->above));
    }
    if (const auto special = ReadSpecial(text)) return *special;
    const auto decimal = ReadDecimal(dtype, text);
    if (!decimal) {
      Fail(text, name, ": ", Quoted(text),
           " is no number; write a hex float (0x1.8p-3), a decimal, inf, -inf or nan");
    }
    if (std::isinf(decimal->value)) {
      Fail(text, name, ": ", Quoted(text), " overflows ", Name(dtype), ", whose largest number is ",
           FormatHex(MaxFinite(dtype)), "; write that or inf");
    }
    if (!decimal->exact) NoteRounding(name, dtype, text, decimal->value);
    return decimal->value;
  }

  void NoteRounding(std::string_view name, Dtype dtype, std::string_view text, double value) {
    if (notes_ == nullptr || std::exchange(rounded_, true)) return;
    notes_->push_back(Concat(name, ": decimals are rounded to ", Name(dtype), ", the first, ", Quoted(text),
                             ", to ", FormatHex(value)));
  }

  void FillIn() {
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      if (runs_[i].empty()) continue;
      std::vector<double>& values = problem_.inputs[i]->values;
      values.reserve(static_cast<std::size_t>(ElementCount(problem_.inputs[i]->shape)));
      for (const Run& run : runs_[i])
        values.insert(values.end(), static_cast<std::size_t>(run.count), run.value);
    }
    for (std::size_t i = 0; i < problem_.inputs.size(); ++i) {
      std::optional<Tensor>& tensor = problem_.inputs[i];
      if (tensor && !tensor->source.empty()) tensor->values = source_(problem_, i, tensor->source);
    }
  }

  const std::string_view line_;
  const std::size_t start_;
  const bool is_call_;
  const TensorSource& source_;
  std::vector<std::string>* const notes_;
  Problem problem_;
  std::vector<std::vector<Run>> runs_;  ///< one for each input; empty where it is not given or from a source
  std::vector<bool> parameter_is_given_;
  bool rounded_ = false;  ///< the assignment being read has its note
};

void AppendParameter(std::string& text, const ParameterSpec& spec, double value) {
  switch (spec.kind) {
    case ParameterKind::kBoolean:
      return AppendText(text, value != 0 ? "true" : "false");
    case ParameterKind::kInteger:
      return AppendText(text, static_cast<std::int64_t>(value));
    case ParameterKind::kReal:
      return AppendHex(text, value);
  }
}

void AppendValues(std::string& text, const std::vector<double>& values, bool are_integers) {
  constexpr std::size_t kShortestRun = 3;
  for (std::size_t i = 0; i < values.size();) {
    std::size_t end = i + 1;
    while (end < values.size() && SameNumber(values[i], values[end])) ++end;
    if (end - i < kShortestRun) end = i + 1;
    if (i > 0) text += ',';
    if (are_integers) {
      AppendText(text, static_cast<std::int64_t>(values[i]));
    } else {
      AppendHex(text, values[i]);
    }
    if (end > i + 1) text += Concat("*", end - i);
    i = end;
  }
}

void AppendInput(std::string& text, const InputSpec& spec, const Tensor& tensor) {
  text += Concat(" ", spec.name);
  if (tensor.layout != Layout::kContiguous) text += Concat("@", Name(tensor.layout));
  text += '=';
  if (!tensor.source.empty()) {
    text += Concat(tensor.source, ShapeText(tensor.shape));
    return;
  }
  if (tensor.shape.size() != 1) text += Concat(ShapeText(tensor.shape), ":");
  AppendValues(text, tensor.values, spec.role == Role::kClassIndex);
}

}  // namespace

Problem ParseProblem(std::string_view line, const TensorSource& source, std::vector<std::string>* notes) {
  return Parser(line, 0, Rules::kProblem, source, notes).Parse();
}

Problem ParseCall(std::string_view line, std::size_t start) {
  return Parser(line, start, Rules::kCall, {}, nullptr).Parse();
}

std::string FormatProblem(const Problem& problem) {
  const LossSpec& loss = *problem.loss;
  std::string text = Concat(loss.name, " ", Name(problem.dtype), " ", Name(problem.reduction));
  for (std::size_t i = 0; i < loss.parameters.size(); ++i) {
    const ParameterSpec& spec = loss.parameters[i];
    if (SameNumber(problem.parameters[i], spec.default_value)) continue;
    text += Concat(" ", spec.name, "=");
    AppendParameter(text, spec, problem.parameters[i]);
  }
  for (std::size_t i = 0; i < loss.inputs.size(); ++i) {
    if (problem.inputs[i]) AppendInput(text, loss.inputs[i], *problem.inputs[i]);
  }
  return text;
}

}  // namespace exactloss
