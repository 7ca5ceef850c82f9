// A host: reads problems on standard input, answers with our loss (the subject protocol, docs/protocol.md).
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "loss.h"

using Json = nlohmann::json;

namespace {

/// The elements in row-major order, wherever the strides put them.
std::vector<double> ReadTensor(const Json& tensor, const std::string& payload) {
  std::vector<std::int64_t> places = {0};
  for (std::size_t axis = 0; axis < tensor["shape"].size(); ++axis) {
    std::vector<std::int64_t> longer;
    for (const std::int64_t place : places) {
      for (std::int64_t i = 0; i < tensor["shape"][axis]; ++i) {
        longer.push_back(place + i * tensor["strides"][axis].get<std::int64_t>());
      }
    }
    places = longer;
  }
  std::vector<double> values;
  for (const std::int64_t place : places) {
    float value;
    std::memcpy(&value,
                payload.data() + tensor["offset"].get<std::int64_t>() + place * std::int64_t{sizeof value},
                sizeof value);
    values.push_back(value);
  }
  return values;
}

/// The answer's header; its numbers are added to `payload`.
Json Answer(const Json& problem, const std::string& tensors, std::string* payload) {
  if (problem["loss"] != "huber" || problem["dtype"] != "f32") return {{"status", "unsupported"}};
  const double delta = std::strtod(problem["parameters"]["delta"].get<std::string>().c_str(), nullptr);
  const std::vector<double> input = ReadTensor(problem["inputs"][0], tensors);
  const std::vector<double> target = ReadTensor(problem["inputs"][1], tensors);
  const double scale = problem["reduction"] == "mean" ? 1.0 / static_cast<double>(input.size()) : 1.0;

  std::vector<double> terms, slopes;
  double sum = 0;
  for (std::size_t i = 0; i < input.size(); ++i) {
    const ValueAndSlope huber = Huber(input[i], target[i], delta);
    terms.push_back(huber.value);
    slopes.push_back(huber.slope * scale);
    sum += huber.value;
  }
  if (problem["reduction"] != "none") terms = {sum * scale};

  Json outputs = Json::array();
  for (const Json& wanted : problem["outputs"]) {
    for (const double number : wanted["name"] == "loss" ? terms : slopes) {
      const auto rounded = static_cast<float>(wanted["name"] == "grad:target" ? -number : number);
      payload->append(reinterpret_cast<const char*>(&rounded), sizeof rounded);
    }
    outputs.push_back({{"name", wanted["name"]}, {"dtype", "f32"}, {"shape", wanted["shape"]}});
  }
  return {{"status", "ok"}, {"outputs", outputs}};
}

void Send(Json header, const std::string& payload = "") {
  header["bytes"] = payload.size();
  std::cout << header.dump() << '\n' << payload << std::flush;
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const Json frame = Json::parse(line);
    std::string tensors(frame.value("bytes", std::size_t{0}), '\0');
    std::cin.read(tensors.data(), static_cast<std::streamsize>(tensors.size()));
    if (frame["type"] == "hello") {
      Send({{"exactloss", 1},
            {"type", "hello"},
            {"name", "our huber"},
            {"version", "1.0"},
            {"summation", {{"order", "sequential"}, {"accumulator", "f64"}}}});
      continue;
    }
    for (std::size_t i = 0; i < frame["problems"].size(); ++i) {
      std::string numbers;
      Json answer = Answer(frame["problems"][i], tensors, &numbers);
      answer.update({{"type", "answer"}, {"id", frame["id"]}, {"problem", i}});
      Send(answer, numbers);
    }
  }
}
