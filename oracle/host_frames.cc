#include "oracle/host_frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>

#include "oracle/memory_image.h"

namespace exactloss {
namespace {

using Json = nlohmann::ordered_json;

/// Room in shared memory for one element of an output, of whichever dtype.
constexpr std::size_t kRoomForElement = 8;

constexpr int kVersion = 1;

std::size_t Room(const Shape& shape) {
  const std::size_t bytes = static_cast<std::size_t>(ElementCount(shape)) * kRoomForElement;
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

/// The index of an input that is given, its tensor, and its place.
template <class Visit>
void ForEachInput(const Problem& problem, Visit visit) {
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    if (!problem.inputs[i]) continue;
    const Tensor& tensor = *problem.inputs[i];
    const ElementType type = ElementType::Of(problem, i);
    visit(i, tensor, type, ImageOf(tensor.shape, tensor.layout, type));
  }
}

Json InputsOf(const Problem& problem, const std::vector<std::size_t>& starts) {
  Json inputs = Json::array();
  ForEachInput(problem, [&](std::size_t i, const Tensor& tensor, ElementType type, const MemoryImage& image) {
    inputs.push_back({{"name", problem.loss->inputs[i].name},
                      {"dtype", type.name()},
                      {"shape", tensor.shape},
                      {"strides", image.strides},
                      {"offset", starts[inputs.size()] + image.first}});
  });
  return inputs;
}

/// The parsed line; a member that is missing or of another type throws ProtocolError when it is read.
class Header {
 public:
  explicit Header(const std::string& line) {
    json_ = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json_.is_object()) throw ProtocolError("a frame is a line of JSON, and it sent " + Quote(line));
  }

  template <class T>
  T Get(const char* name) const {
    return As<T>(json_, name);
  }
  template <class T>
  T Get(const char* name, T otherwise) const {
    return Has(name) ? Get<T>(name) : otherwise;
  }
  bool Has(const char* name) const { return json_.contains(name); }

  template <class T>
  static T As(const Json& object, const char* name) {
    if (!object.is_object() || !object.contains(name)) {
      throw ProtocolError(fmt::format("its frame has no \"{}\"", name));
    }
    const Json& member = object[name];
    try {
      // The library would wrap -1 around and cut 1.5 short.
      const bool count = std::is_same_v<T, std::size_t>;
      if (!count || member.is_number_unsigned()) return member.get<T>();
    } catch (const Json::exception&) {
    }
    throw ProtocolError(fmt::format("its frame has a wrong \"{}\"", name));
  }

 private:
  Json json_;
};

std::string ToText(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ",")); }

/// Reads "summation" of a hello.
Summation ParseSummation(const Json& described) {
  Summation summation;
  const auto order = ParseSummationOrder(Header::As<std::string>(described, "order"));
  if (!order) throw ProtocolError("its \"order\" is none of unknown, sequential, pairwise, blocked");
  summation.order = *order;
  if (described.contains("width")) {
    const auto width = Header::As<std::size_t>(described, "width");
    constexpr std::size_t kWidest = std::size_t{1} << 30;
    if (width < 1 || width > kWidest) throw ProtocolError("its \"width\" is no number from 1 to 2^30");
    summation.width = static_cast<std::int64_t>(width);
  }
  if (described.contains("accumulator")) {
    summation.accumulator = ParseDtype(Header::As<std::string>(described, "accumulator"));
    if (!summation.accumulator) throw ProtocolError("its \"accumulator\" is none of f64, f32, bf16, f16");
  }
  return summation;
}

/// Reads "outputs" into the answer and returns what is wrong with them; "" when nothing is.
std::string ParseOutputs(const Header& header, const Problem& problem, AnswerHeader* result) {
  const std::vector<OutputSpec> specs = OutputsOf(problem);
  for (const Json& described : header.Get<std::vector<Json>>("outputs")) {
    const auto name = Header::As<std::string>(described, "name");
    const auto spec =
        std::find_if(specs.begin(), specs.end(), [&](const OutputSpec& s) { return s.name == name; });
    if (spec == specs.end()) return fmt::format("it answers an output {} that nobody asked for", Quote(name));
    const auto index = static_cast<std::size_t>(spec - specs.begin());
    if (!result->wanted.empty() && result->wanted.back() >= index) {
      return fmt::format("its output \"{}\" comes twice, or out of order", name);
    }
    const auto dtype = ParseDtype(Header::As<std::string>(described, "dtype"));
    if (!dtype) return fmt::format("its output \"{}\" has a dtype that is none of f64, f32, bf16, f16", name);
    const auto shape = Header::As<Shape>(described, "shape");
    if (shape != spec->shape) {
      return fmt::format("its output \"{}\" has shape {} instead of {}", name, ToText(shape),
                         ToText(spec->shape));
    }
    result->wanted.push_back(index);
    result->answer.outputs.push_back({name, *dtype, shape, {}});
  }
  if (result->wanted.empty() || result->wanted.front() != 0) return "its answer lacks the output \"loss\"";
  return {};
}

}  // namespace

std::string HelloFrame() { return Json{{"exactloss", kVersion}, {"type", "hello"}}.dump() + "\n"; }

Hello ParseHello(const std::string& line) {
  const Header header(line);
  if (header.Get<int>("exactloss") != kVersion || header.Get<std::string>("type") != "hello") {
    throw ProtocolError(
        fmt::format("its first frame is not {{\"exactloss\":{},\"type\":\"hello\",...}}", kVersion));
  }
  Hello hello;
  hello.info.name = header.Get<std::string>("name");
  hello.info.version = header.Get<std::string>("version", {});
  hello.info.details = header.Get<std::map<std::string, std::string>>("details", {});
  if (header.Has("summation")) hello.info.summation = ParseSummation(header.Get<Json>("summation"));
  hello.shared_memory = header.Get<bool>("shared_memory", false);
  return hello;
}

BatchPlan PlanBatch(std::span<const Problem> problems, bool shared_memory) {
  BatchPlan plan;
  const auto reserve = [&plan](std::size_t bytes) {
    plan.size += bytes;
    return plan.size - bytes;
  };
  for (const Problem& problem : problems) {
    std::vector<std::size_t>& inputs = plan.inputs.emplace_back();
    ForEachInput(problem, [&](std::size_t, const Tensor&, ElementType, const MemoryImage& image) {
      inputs.push_back(reserve(image.size));
    });
    std::vector<std::size_t>& outputs = plan.outputs.emplace_back();
    if (!shared_memory) continue;
    for (const OutputSpec& spec : OutputsOf(problem)) outputs.push_back(reserve(Room(spec.shape)));
  }
  return plan;
}

void StoreInputs(std::span<const Problem> problems, const BatchPlan& plan, std::span<std::byte> memory) {
  std::fill(memory.begin(), memory.end(), kUnwritten);
  for (std::size_t p = 0; p < problems.size(); ++p) {
    auto start = plan.inputs[p].begin();
    ForEachInput(problems[p],
                 [&](std::size_t, const Tensor& tensor, ElementType type, const MemoryImage& image) {
                   Store(tensor, type, image, memory.subspan(*start++, image.size));
                 });
  }
}

std::string RunHeader(std::span<const Problem> problems, const BatchPlan& plan, std::int64_t id,
                      bool shared_memory, const std::vector<bool>& wanted) {
  Json described = Json::array();
  for (std::size_t p = 0; p < problems.size(); ++p) {
    const Problem& problem = problems[p];
    Json parameters = Json::object();
    for (std::size_t i = 0; i < problem.parameters.size(); ++i) {
      parameters[std::string(problem.loss->parameters[i].name)] = FormatHex(problem.parameters[i]);
    }
    Json outputs = Json::array();
    const std::vector<OutputSpec> specs = OutputsOf(problem);
    for (std::size_t k = 0; k < specs.size(); ++k) {
      if (!wanted.empty() && !wanted[k]) continue;
      Json output = {{"name", specs[k].name}, {"shape", specs[k].shape}};
      if (shared_memory) output["offset"] = plan.outputs[p][k];
      outputs.push_back(std::move(output));
    }
    described.push_back({{"loss", problem.loss->name},
                         {"dtype", Name(problem.dtype)},
                         {"reduction", Name(problem.reduction)},
                         {"parameters", std::move(parameters)},
                         {"inputs", InputsOf(problem, plan.inputs[p])},
                         {"outputs", std::move(outputs)}});
  }
  return Json{{"type", "run"}, {"id", id}, {"problems", described}, {"bytes", shared_memory ? 0 : plan.size}}
             .dump() +
         "\n";
}

AnswerHeader ParseAnswer(const std::string& line, const Problem& problem, std::int64_t id,
                         std::size_t number) {
  const Header header(line);
  if (const auto type = header.Get<std::string>("type"); type != "answer") {
    throw ProtocolError(fmt::format("it sent a frame of type {} instead of \"answer\"", Quote(type)));
  }
  if (header.Get<std::int64_t>("id") != id || header.Get<std::size_t>("problem") != number) {
    throw ProtocolError(fmt::format("it answers problem {} of run {} instead of problem {} of run {}",
                                    header.Get<std::size_t>("problem"), header.Get<std::int64_t>("id"),
                                    number, id));
  }
  AnswerHeader result;
  result.bytes = header.Get<std::size_t>("bytes", 0);
  result.answer.message = header.Get<std::string>("message", {});
  const auto status = header.Get<std::string>("status");
  if (status == "unsupported") {
    result.answer.status = AnswerStatus::kUnsupported;
  } else if (status == "error") {
    result.answer.status = AnswerStatus::kError;
  } else if (status != "ok") {
    throw ProtocolError(
        fmt::format("its status {} is none of \"ok\", \"unsupported\", \"error\"", Quote(status)));
  } else if (const std::string wrong = ParseOutputs(header, problem, &result); !wrong.empty()) {
    result.answer = {AnswerStatus::kProtocol, wrong, {}};
    result.wanted.clear();
  }
  return result;
}

std::string Quote(const std::string& bytes) {
  constexpr std::size_t kMost = 60;
  std::string text;
  for (const unsigned char c : bytes.substr(0, kMost)) {
    const bool printable = c >= ' ' && c <= '~' && c != '"' && c != '\\';
    text += printable ? std::string(1, static_cast<char>(c)) : fmt::format("\\x{:02x}", c);
  }
  return '"' + text + (bytes.size() > kMost ? "...\"" : "\"");
}

}  // namespace exactloss
