// What is documented of the arguments of each loss.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include "oracle/contracts.h"
#include "reference/text.h"

namespace exactloss {
namespace {

/// A line of a contract without its loss.
struct Row {
  std::string_view promise;
  std::string_view arguments;
  std::string_view source;
};

/// What holds for some losses alike.
struct Table {
  std::vector<std::string_view> losses;
  std::string_view good;  ///< arguments that are right
  std::vector<Row> rows;
};

constexpr std::string_view kSameShape = "torch.nn: \"Target: (*), same shape as the input\"";
constexpr std::string_view kNoTerms = "a sum of no terms is 0";
constexpr std::string_view kNoMean = "the mean of no terms is 0 / 0";
constexpr std::string_view kNothing = "no elements, no losses";
constexpr std::string_view kCatalogue = "the catalogue: ";

constexpr std::string_view kElements = "f32 mean input=0.5,0.25 target=0.25,0.5";
constexpr std::string_view kRows = "f32 mean input=[2,3]:-1,-2,-3,-3,-2,-1 target=0,2";
constexpr std::string_view kBoxes = "f32 mean input=[1,4]:0,0,2,2 target=[1,4]:1,0,3,2";
constexpr std::string_view kDetected =
    "f32 mean input=0.5 target=1 boxes=[1,4]:0,0,2,2 target_boxes=[1,4]:1,0,3,2";
constexpr std::string_view kTriplets = "f32 mean anchor=[1,2]:0,0 positive=[1,2]:0.5,0.5 negative=[1,2]:1,2";

const std::vector<Table>& Tables() {
  constexpr std::string_view kVision = "torchvision: the mean of no boxes is 0";
  constexpr std::string_view kBoxTensor = "torchvision: boxes1 and boxes2 are \"Tensor[N, 4]\"";
  constexpr std::string_view kClass = "torch.nn.NLLLoss: \"a class index in the range [0, C-1]\"";
  constexpr std::string_view kClassTensor = "torch.nn.NLLLoss: \"Target: (N) or ()\", of class indices";
  constexpr std::string_view kClassWeight = "torch.nn.NLLLoss: weight \"has to be a Tensor of size C\"";
  constexpr std::string_view kIgnored =
      "torch.nn.CrossEntropyLoss: \"this index may not necessarily be in the class range\"";
  constexpr std::string_view kAllIgnored =
      "torch.nn.NLLLoss: the mean divides by the weights that take part, 0 / 0";
  constexpr std::string_view kUnchecked =
      "torch.nn.CrossEntropyLoss: PyTorch \"does not validate whether the values provided in target lie in "
      "the "
      "range [0,1]\"";
  constexpr std::string_view kOrdered =
      "torchvision: boxes are \"expected\" with x1 < x2, and not checked; the formula has a value for them";
  constexpr std::string_view kProbabilities =
      "torch.nn.BCELoss: \"numbers between 0 and 1\"; its input are probabilities";
  constexpr std::string_view kTripletShape = "torch.nn.TripletMarginLoss: \"Input: (N, D) or (D)\"";
  static const std::vector<Table> tables = {
      {{"mse", "l1", "smooth_l1", "huber", "bce", "bce_with_logits", "sigmoid_focal", "focal_simple",
        "kl_div"},
       kElements,
       {{"refuse(shape)", "f32 mean input=0.5,0.25,0.125 target=0.25,0.5", kSameShape},
        {"refuse(shape)", "f32 mean input=0.5,0.25,0.125 target=0.25", kSameShape},
        {"refuse(shape)", "f32 mean input=[2,1]:0.5,0.25 target=0.25,0.5", kSameShape},
        {"accept", "f32 none input=[0]: target=[0]:", kNothing},
        {"give(0)", "f32 sum input=[0]: target=[0]:", kNoTerms},
        {"give(nan)", "f32 mean input=[0]: target=[0]:", kNoMean}}},
      {{"bce"},
       kElements,
       {{"refuse(input)", "f32 mean input=1.5,0.25 target=0.25,0.5", kProbabilities},
        {"refuse(input)", "f32 mean input=-0.5,0.25 target=0.25,0.5", kProbabilities},
        {"refuse(target)", "f32 mean input=0.5,0.25 target=1.5,0.5", kProbabilities},
        {"refuse(target)", "f32 mean input=0.5,0.25 target=-0.5,0.5", kProbabilities}}},
      {{"bce", "bce_with_logits"},
       kElements,
       {{"accept", "f32 mean input=0.5,0.25 target=0.25,0.5 weight=2", "torch.nn: weight is broadcast"},
        {"refuse(shape)", "f32 mean input=0.5,0.25,0.125 target=0,1,1 weight=1,2",
         "torch.nn: weight is broadcast"}}},
      {{"bce_with_logits"},
       kElements,
       {{"refuse(shape)", "f32 mean input=0.5,0.25,0.125 target=0,1,1 pos_weight=1,2",
         "torch.nn.BCEWithLogitsLoss: pos_weight is \"to be broadcasted with target\""}}},
      {{"kl_div"},
       kElements,
       {{"give(nan)", "f32 sum input=-1 target=-0.5", "t log t is no number below 0 (pytorch/pytorch#69230)"},
        {"give(nan)", "f32 batchmean input=[0,2]: target=[0,2]:", kNoMean}}},
      {{"nll", "cross_entropy"},
       kRows,
       {{"refuse(target)", "f32 mean input=[2,3]:-1,-2,-3,-3,-2,-1 target=0,3", kClass},
        {"refuse(target)", "f32 none input=[2,3]:-1,-2,-3,-3,-2,-1 target=0,3", kClass},
        {"refuse(target)", "f32 sum input=[2,3]:-1,-2,-3,-3,-2,-1 target=0,-1", kClass},
        {"refuse(target)", "f32 sum input=[2,3]:-1,-2,-3,-3,-2,-1 target=0,4294967296", kClass},
        {"refuse(target)", "f32 sum input=[1,3,2]:-1,-2,-3,-3,-2,-1 target=[1,2]:0,3", kClass},
        {"refuse(dtype)", "f32 mean input=[2,3]:-1,-2,-3,-3,-2,-1 target@f32=0,2", kClassTensor},
        {"refuse(shape)", "f32 mean input=[2,3]:-1,-2,-3,-3,-2,-1 target=0", kClassTensor},
        {"refuse(shape)", "f32 mean input=[2,3]:-1,-2,-3,-3,-2,-1 target=[2,1]:0,2", kClassTensor},
        {"refuse(shape)", "f32 mean weight=1,2 input=[2,3]:-1,-2,-3,-3,-2,-1 target=0,2", kClassWeight},
        {"refuse(dtype)", "f32 mean weight@f64=1,2,3 input=[2,3]:-1,-2,-3,-3,-2,-1 target=0,2", kClassWeight},
        {"accept", "f32 mean ignore_index=7 input=[2,3]:-1,-2,-3,-3,-2,-1 target=0,7", kIgnored},
        {"accept", "f32 mean ignore_index=0 input=[2,3]:-1,-2,-3,-3,-2,-1 target=0,2", kIgnored},
        {"give(0)", "f32 none input=[2,3]:-1,-2,-3,-3,-2,-1 target=-100,-100", kNoTerms},
        {"give(0)", "f32 sum input=[2,3]:-1,-2,-3,-3,-2,-1 target=-100,-100", kNoTerms},
        {"give(nan)", "f32 mean input=[2,3]:-1,-2,-3,-3,-2,-1 target=-100,-100", kAllIgnored},
        {"give(nan)", "f32 mean weight=0,0,0 input=[2,3]:-1,-2,-3,-3,-2,-1 target=0,2", kAllIgnored},
        {"accept", "f32 none input=[0,3]: target=[0]:", kNothing},
        {"give(0)", "f32 sum input=[0,3]: target=[0]:", kNoTerms},
        {"give(nan)", "f32 mean input=[0,3]: target=[0]:", kNoMean}}},
      {{"cross_entropy"},
       kRows,
       {{"accept", "f32 mean input=[1,3]:-1,-2,-3 target_probabilities=[1,3]:1.5,-0.5,0", kUnchecked},
        {"refuse(shape)", "f32 mean input=[1,3]:-1,-2,-3 target_probabilities=[1,2]:1,0",
         "torch.nn.CrossEntropyLoss: \"class probabilities, same shape as the input\""}}},
      {{"iou", "giou", "diou", "ciou"},
       kBoxes,
       {{"refuse(shape)", "f32 mean input=[1,3]:0,0,2 target=[1,3]:1,0,3", kBoxTensor},
        {"refuse(shape)", "f32 mean input=[2,4]:0,0,2,2,0,0,1,1 target=[1,4]:1,0,3,2", kBoxTensor},
        {"accept", "f32 mean input=[1,4]:2,2,0,0 target=[1,4]:1,0,3,2", kOrdered},
        {"accept", "f32 none input=[0,4]: target=[0,4]:", kNothing},
        {"give(0)", "f32 sum input=[0,4]: target=[0,4]:", kNoTerms}}},
      {{"iou"}, kBoxes, {{"give(nan)", "f32 mean input=[0,4]: target=[0,4]:", kNoMean}}},
      {{"giou", "diou", "ciou"}, kBoxes, {{"give(0)", "f32 mean input=[0,4]: target=[0,4]:", kVision}}},
      {{"dice"},
       kElements,
       {{"refuse(shape)", "f32 mean input=0.5,0.25,0.125 target=0,1", kSameShape},
        {"refuse(shape)", "f32 mean input=0.5,0.25,0.125 target=1", kSameShape},
        {"give(0)", "f32 mean input=[0]: target=[0]:", "its formula: 1 - s / s"}}},
      {{"bce_dice"},
       kElements,
       {{"refuse(shape)", "f32 mean input=0.5,0.25,0.125 target=0,1", kSameShape},
        {"refuse(shape)", "f32 mean input=0.5,0.25,0.125 target=1", kSameShape},
        {"give(nan)", "f32 mean input=[0]: target=[0]:", kNoMean}}},
      {{"detection"},
       kDetected,
       {{"refuse(shape)", "f32 mean input=0.5 target=1,0 boxes=[1,4]:0,0,2,2 target_boxes=[1,4]:1,0,3,2",
         kSameShape},
        {"refuse(shape)",
         "f32 mean input=0.5 target=1 boxes=[2,4]:0,0,2,2,0,0,1,1 target_boxes=[1,4]:1,0,3,2", kBoxTensor}}},
      {{"triplet_margin"},
       kTriplets,
       {{"refuse(shape)", "f32 mean anchor=[1,2]:0,0 positive=[1,2]:1,1 negative=[1,3]:1,2,3", kTripletShape},
        {"refuse(shape)", "f32 mean anchor=[1,2]:0,0 positive=[1,2]:1,1 negative=1,2", kTripletShape},
        {"refuse(shape)", "f32 mean anchor=[2,2]:0,0,1,1 positive=[1,2]:1,1 negative=[2,2]:1,2,3,4",
         kTripletShape},
        {"accept", "f32 mean margin=-1 anchor=[1,2]:0,0 positive=[1,2]:1,1 negative=[1,2]:1,2",
         "the catalogue: any finite margin (torch.nn.functional of 2.x refuses margin <= 0 by itself)"},
        {"accept", "f32 mean p=inf anchor=[1,2]:0,0 positive=[1,2]:1,1 negative=[1,2]:1,2",
         "torch.linalg.vector_norm: inf is the maximum norm"},
        {"accept", "f32 none anchor=[0,2]: positive=[0,2]: negative=[0,2]:", kNothing},
        {"give(0)", "f32 sum anchor=[0,2]: positive=[0,2]: negative=[0,2]:", kNoTerms},
        {"give(nan)", "f32 mean anchor=[0,2]: positive=[0,2]: negative=[0,2]:", kNoMean}}},
  };
  return tables;
}

/// Where a domain is documented that is more than the catalogue's own.
constexpr std::pair<std::string_view, std::string_view> kDomains[] = {
    {"alpha", "torchvision.ops.sigmoid_focal_loss: \"in the range [0,1] or -1 for ignore\""},
    {"beta", "torch.nn.SmoothL1Loss: \"the value must be non-negative\""},
    {"delta", "torch.nn.HuberLoss: \"the value must be positive\""},
    {"label_smoothing", "torch.nn.CrossEntropyLoss: \"a float in [0.0, 1.0]\""},
};

std::string SourceOf(const ParameterSpec& parameter) {
  for (const auto& [name, source] : kDomains) {
    if (parameter.name == name) return std::string(source);
  }
  return Concat(kCatalogue, "the domain of ", parameter.name);
}

Contract ContractOf(std::string_view promise, std::string_view loss, std::string_view arguments,
                    std::string source) {
  Contract contract = ParseContract(Concat(promise, " ", loss, " ", arguments));
  contract.source = std::move(source);
  return contract;
}

/// The ends of the domain of a parameter, what lies beyond them, and NaN, which lies in none.
void AddDomain(const LossSpec& loss, const ParameterSpec& parameter, std::string_view good,
               std::vector<Contract>& contracts) {
  if (parameter.kind != ParameterKind::kReal) return;
  constexpr double kLargest = std::numeric_limits<double>::max();
  const std::string refuse = Concat("refuse(", parameter.name, ")");
  const auto add = [&](std::string_view promise, double value) {
    const std::size_t tensors =
        good.find(" input=") == good.npos ? good.find(" anchor=") : good.find(" input=");
    contracts.push_back(ContractOf(
        promise, loss.name,
        Concat(good.substr(0, tensors), " ", parameter.name, "=", FormatHex(value), good.substr(tensors)),
        SourceOf(parameter)));
  };
  if (std::fabs(parameter.min) < kLargest) {
    add(parameter.min_is_open ? std::string_view(refuse) : "accept", parameter.min);
    add(refuse, parameter.min - 1);
  }
  if (std::fabs(parameter.max) < kLargest) {
    add("accept", parameter.max);
    add(refuse, parameter.max + 1);
  }
  add(refuse, std::nan(""));
}

std::vector<Contract> ContractsOf(const LossSpec& loss) {
  std::vector<Contract> contracts;
  std::string_view good;
  for (const Table& table : Tables()) {
    if (std::find(table.losses.begin(), table.losses.end(), loss.name) == table.losses.end()) continue;
    if (good.empty()) {
      good = table.good;
      contracts.push_back(ContractOf("accept", loss.name, good, "a call that is right"));
    }
    for (const Row& row : table.rows) {
      contracts.push_back(ContractOf(row.promise, loss.name, row.arguments, std::string(row.source)));
    }
  }
  if (good.empty()) return contracts;
  for (const ParameterSpec& parameter : loss.parameters) AddDomain(loss, parameter, good, contracts);
  return contracts;
}

}  // namespace

std::vector<Contract> ContractsOf(const std::vector<const LossSpec*>& losses) {
  std::vector<Contract> contracts;
  const auto add = [&](const LossSpec& loss) {
    std::vector<Contract> of_loss = ContractsOf(loss);
    contracts.insert(contracts.end(), std::make_move_iterator(of_loss.begin()),
                     std::make_move_iterator(of_loss.end()));
  };
  for (const LossSpec* loss : losses) add(*loss);
  if (losses.empty()) {
    for (const LossSpec& loss : Catalogue()) add(loss);
  }
  return contracts;
}

}  // namespace exactloss
