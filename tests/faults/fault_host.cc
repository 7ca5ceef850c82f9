// A faulty subject behind the subject protocol (docs/protocol.md), so that the program itself can be asked:
//   exactloss audit --loss mse --subject 'exec:build/release/tests/faults/fault_host mse.half'
// Without an argument it lists the faults.
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>

#include "oracle/memory_image.h"
#include "tests/faults/fault.h"

namespace exactloss {
namespace {

using Json = nlohmann::json;
using Bytes = std::vector<std::byte>;

template <class Specs>
std::size_t IndexOf(const Specs& specs, const std::string& name) {
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].name == name) return i;
  }
  throw UsageError("unknown name " + name);
}

/// The layout whose strides and alignment these are.
Layout LayoutOf(const Shape& shape, ElementType type, const std::vector<std::int64_t>& strides,
                std::size_t offset) {
  for (const Layout layout : kAllLayouts) {
    if (layout == Layout::kExpanded && shape.empty()) continue;
    const MemoryImage image = ImageOf(shape, layout, type);
    if (image.strides == strides && image.first == offset % kAlignment) return layout;
  }
  throw UsageError("a layout that no fill makes");
}

Problem ProblemOf(const Json& json, const Bytes& payload) {
  const LossSpec& loss = *FindLoss(json.at("loss").get<std::string>());
  Problem problem = MakeProblem(loss, *ParseDtype(json.at("dtype").get<std::string>()),
                                *ParseReduction(json.at("reduction").get<std::string>()));
  for (const auto& [name, value] : json.at("parameters").items()) {
    problem.parameters[IndexOf(loss.parameters, name)] =
        std::strtod(value.get<std::string>().c_str(), nullptr);
  }
  for (const Json& input : json.at("inputs")) {
    const std::size_t index = IndexOf(loss.inputs, input.at("name"));
    const ElementType type = ElementType::Of(problem, index);
    Tensor& tensor = problem.inputs[index].emplace();
    tensor.shape = input.at("shape").get<Shape>();
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

void Send(const Json& frame, const Bytes& payload = {}) {
  std::cout << frame.dump() << '\n';
  std::cout.write(reinterpret_cast<const char*>(payload.data()),
                  static_cast<std::streamsize>(payload.size()));
  std::cout.flush();
}

void AnswerTo(Subject& subject, const Json& run, const Bytes& payload) {
  std::size_t number = 0;
  for (const Json& json : run.at("problems")) {
    const Problem problem = ProblemOf(json, payload);
    const Answer answer = subject.Run({&problem, 1})[0];
    Json frame = {{"type", "answer"}, {"id", run.at("id")}, {"problem", number++}};
    Bytes bytes;
    if (answer.status == AnswerStatus::kOk) {
      frame.update({{"status", "ok"}, {"outputs", Describe(answer, bytes)}, {"bytes", 0}});
      frame["bytes"] = bytes.size();
    } else {
      const bool refuses = answer.status == AnswerStatus::kError;
      frame.update({{"status", refuses ? "error" : "unsupported"}, {"message", answer.message}});
    }
    Send(frame, bytes);
  }
}

int Main(int argc, char** argv) {
  if (argc != 2) {
    for (const Fault& fault : Faults()) std::cout << fault.id << ": " << fault.what << '\n';
    return 4;
  }
  const std::unique_ptr<Subject> subject = MakeFaultSubject(argv[1]);
  for (std::string line; std::getline(std::cin, line);) {
    const Json frame = Json::parse(line);
    Bytes payload(frame.value("bytes", std::size_t{0}));
    std::cin.read(reinterpret_cast<char*>(payload.data()), static_cast<std::streamsize>(payload.size()));
    if (frame.at("type") == "hello") {
      Send({{"exactloss", 1}, {"type", "hello"}, {"name", subject->info().name}});
    } else {
      AnswerTo(*subject, frame, payload);
    }
  }
  return 0;
}

}  // namespace
}  // namespace exactloss

int main(int argc, char** argv) {
  try {
    return exactloss::Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "fault_host: " << error.what() << "\n";
    return 4;
  }
}
