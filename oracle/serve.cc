#include "oracle/serve.h"

#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <utility>

#include "oracle/float_environment.h"
#include "oracle/host_frames.h"
#include "oracle/memory_image.h"
#include "reference/text.h"

namespace exactloss {
namespace {

using Json = nlohmann::json;
using Bytes = std::vector<std::byte>;

template <class Specs>
std::size_t IndexOf(const Specs& specs, const std::string& name) {
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].name == name) return i;
  }
  throw ProtocolError("unknown name " + name);
}

/// The layout whose strides and alignment these are.
Layout LayoutOf(const Shape& shape, ElementType type, const std::vector<std::int64_t>& strides,
                std::size_t offset) {
  for (const Layout layout : kAllLayouts) {
    if (layout == Layout::kExpanded && shape.empty()) continue;
    const MemoryImage image = ImageOf(shape, layout, type);
    if (image.strides == strides && image.first == offset % kAlignment) return layout;
  }
  throw ProtocolError("a layout that no fill makes");
}

template <class Value, class Parse>
Value Named(const Json& json, const char* member, Parse parse) {
  const auto name = json.at(member).get<std::string>();
  const auto value = parse(name);
  if (!value) throw ProtocolError(Concat("no ", member, " ", name));
  return *value;
}

Problem ProblemOf(const Json& json, const Bytes& payload) {
  const LossSpec* loss = FindLoss(json.at("loss").get<std::string>());
  if (loss == nullptr) throw ProtocolError(Concat("no loss ", json.at("loss").get<std::string>()));
  Problem problem = MakeProblem(*loss, Named<Dtype>(json, "dtype", ParseDtype),
                                Named<Reduction>(json, "reduction", ParseReduction));
  for (const auto& [name, value] : json.at("parameters").items()) {
    problem.parameters[IndexOf(loss->parameters, name)] =
        std::strtod(value.get<std::string>().c_str(), nullptr);
  }
  for (const Json& input : json.at("inputs")) {
    const std::size_t index = IndexOf(loss->inputs, input.at("name"));
    Tensor& tensor = problem.inputs[index].emplace();
    tensor.shape = input.at("shape").get<Shape>();
    const auto typed = input.at("dtype").get<std::string>();
    if (typed != ElementType::Of(problem, index).name()) tensor.type = typed;
    const ElementType type = ElementType::Of(problem, index);
    const auto offset = input.at("offset").get<std::size_t>();
    const MemoryImage image{0, payload.size() - offset, input.at("strides").get<std::vector<std::int64_t>>()};
    tensor.layout = LayoutOf(tensor.shape, type, image.strides, offset);
    tensor.values = Load(tensor.shape, type, image, std::span(payload).subspan(offset));
  }
  return problem;
}

Json Describe(const Answer& answer, Bytes& payload) {
  Json outputs = Json::array();
  for (const Output& output : answer.outputs) {
    outputs.push_back({{"name", output.name}, {"dtype", Name(output.dtype)}, {"shape", output.shape}});
    for (const std::uint64_t bits : output.bits) {
      const auto* first = reinterpret_cast<const std::byte*>(&bits);  // little-endian, as the protocol is
      payload.insert(payload.end(), first, first + SizeInBytes(output.dtype));
    }
  }
  return outputs;
}

void Send(std::ostream& out, const Json& frame, const Bytes& payload = {}) {
  out << frame.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
  out.write(reinterpret_cast<const char*>(payload.data()), static_cast<std::streamsize>(payload.size()));
  out.flush();
}

/// What the subject says of a problem, whatever it throws or leaves behind.
Answer AnswerOf(Subject& subject, const Problem& problem) {
  const FloatEnvironment environment;
  Answer answer;
  try {
    answer = std::move(subject.Run({&problem, 1}).front());
  } catch (const std::exception& error) {
    answer = {AnswerStatus::kError, Concat("it throws: ", error.what()), {}};
  } catch (...) {
    answer = {AnswerStatus::kError, "it throws what is no std::exception", {}};
  }
  if (const std::string changes = environment.Restored(); !changes.empty()) {
    return {AnswerStatus::kError, Concat("it leaves the floating-point environment changed: ", changes), {}};
  }
  return answer;
}

void AnswerTo(Subject& subject, const Json& run, const Bytes& payload, std::ostream& out) {
  std::size_t number = 0;
  for (const Json& json : run.at("problems")) {
    const Answer answer = AnswerOf(subject, ProblemOf(json, payload));
    Json frame = {{"type", "answer"}, {"id", run.at("id")}, {"problem", number++}};
    Bytes bytes;
    if (answer.status == AnswerStatus::kOk) {
      frame.update({{"status", "ok"}, {"outputs", Describe(answer, bytes)}});
      frame["bytes"] = bytes.size();
    } else {
      const bool refuses = answer.status == AnswerStatus::kError;
      frame.update({{"status", refuses ? "error" : "unsupported"}, {"message", answer.message}});
    }
    Send(out, frame, bytes);
  }
}

}  // namespace

void Serve(Subject& subject, std::istream& in, std::ostream& out) {
  for (std::string line; std::getline(in, line);) {
    try {
      const Json frame = Json::parse(line);
      Bytes payload(frame.value("bytes", std::size_t{0}));
      in.read(reinterpret_cast<char*>(payload.data()), static_cast<std::streamsize>(payload.size()));
      if (frame.at("type") == "hello") {
        const SubjectInfo& info = subject.info();
        Send(out, {{"exactloss", 1},
                   {"type", "hello"},
                   {"name", info.name},
                   {"version", info.version},
                   {"details", info.details}});
      } else if (frame.at("type") == "run") {
        AnswerTo(subject, frame, payload, out);
      }
    } catch (const Json::exception& error) {
      throw ProtocolError(Concat("a frame that is none: ", error.what()));
    }
  }
}

}  // namespace exactloss
