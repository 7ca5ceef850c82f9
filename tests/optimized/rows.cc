#include "tests/optimized/rows.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace exactloss::testing {

std::vector<std::uint8_t> Encode(Dtype dtype, const std::vector<double>& values) {
  const auto size = static_cast<std::size_t>(SizeInBytes(dtype));
  std::vector<std::uint8_t> bytes(values.size() * size);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint64_t bits = ToBits(dtype, values[i]);
    std::memcpy(bytes.data() + i * size, &bits, size);
  }
  return bytes;
}

std::vector<double> Decode(Dtype dtype, const std::vector<std::uint8_t>& bytes) {
  const auto size = static_cast<std::size_t>(SizeInBytes(dtype));
  std::vector<double> values(bytes.size() / size);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, bytes.data() + i * size, size);
    values[i] = FromBits(dtype, bits);
  }
  return values;
}

namespace {

/// Bytes in pages of their own, the page after them (or before) being out of bounds.
class Guarded {
 public:
  Guarded(const std::vector<std::uint8_t>& bytes, bool at_end) : size_(bytes.size()) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    inner_ = (size_ + page - 1) / page * page;
    mapped_ = inner_ + 2 * page;
    base_ = static_cast<std::uint8_t*>(
        mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(base_, page, PROT_NONE);
    mprotect(base_ + page + inner_, page, PROT_NONE);
    data_ = base_ + page + (at_end ? inner_ - size_ : 0);
    std::copy(bytes.begin(), bytes.end(), data_);
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  ~Guarded() { munmap(base_, mapped_); }

  std::uint8_t* data() const { return data_; }
  std::vector<std::uint8_t> bytes() const { return {data_, data_ + size_}; }

 private:
  std::size_t size_, inner_ = 0, mapped_ = 0;
  std::uint8_t *base_ = nullptr, *data_ = nullptr;
};

using Tensors = std::vector<std::unique_ptr<Guarded>>;

optimized::Error Call(const Problem& problem, const optimized::Call& call, const Tensors& in,
                      const Tensors& out) {
  const auto columns = static_cast<std::size_t>(problem.inputs[0]->shape.back());
  const std::size_t rows = columns == 0 ? 1 : problem.inputs[0]->values.size() / columns;
  if (problem.loss->name == "triplet_margin") {
    const optimized::Triplet triplet = {
        rows,           columns,        {in[0]->data()}, {in[1]->data()}, {in[2]->data()},
        out[0]->data(), out[1]->data(), out[2]->data(),  out[3]->data()};
    return optimized::TripletMargin(call, triplet,
                                    {problem.parameter("margin"), problem.parameter("p"),
                                     problem.parameter("eps"), problem.parameter("swap") != 0});
  }
  if (problem.loss->name == "detection") {
    const auto boxes = static_cast<std::size_t>(problem.inputs[2]->shape[0]);
    return optimized::Detection(
        call,
        {rows, columns, {in[0]->data()}, {in[1]->data()}, out[0]->data(), out[1]->data(), out[2]->data()},
        {boxes, 4, {in[2]->data()}, {in[3]->data()}, nullptr, out[3]->data(), out[4]->data()},
        {problem.parameter("alpha"), problem.parameter("gamma"), problem.parameter("beta"),
         problem.parameter("eps"), problem.parameter("class_weight"), problem.parameter("box_weight"),
         problem.parameter("iou_weight")});
  }
  const optimized::Pair pair = {rows,           columns,        {in[0]->data()}, {in[1]->data()},
                                out[0]->data(), out[1]->data(), out[2]->data()};
  const auto run = problem.loss->name == "iou"    ? optimized::Iou
                   : problem.loss->name == "giou" ? optimized::Giou
                   : problem.loss->name == "diou" ? optimized::Diou
                                                  : optimized::Ciou;
  return run(call, pair, {problem.parameter("eps")});
}

std::vector<std::vector<double>> AnswersIn(const Problem& problem, const optimized::Call& call, bool at_end) {
  Tensors inputs, outputs;
  for (const auto& input : problem.inputs)
    inputs.push_back(std::make_unique<Guarded>(Encode(problem.dtype, input->values), at_end));
  for (const OutputSpec& spec : OutputsOf(problem)) {
    const std::vector<double> nothing(static_cast<std::size_t>(ElementCount(spec.shape)), 77.0);
    outputs.push_back(std::make_unique<Guarded>(Encode(problem.dtype, nothing), at_end));
  }
  const optimized::Error error = Call(problem, call, inputs, outputs);
  if (error) throw std::runtime_error(std::string(error.argument) + " " + error.reason);
  std::vector<std::vector<double>> values;
  for (const auto& output : outputs) values.push_back(Decode(problem.dtype, output->bytes()));
  return values;
}

}  // namespace

std::vector<std::vector<double>> Answers(const Problem& problem, optimized::Mode mode, int threads) {
  return AnswersIn(problem, {In(problem.dtype), mode, In(problem.reduction), threads}, true);
}

std::vector<std::vector<double>> GuardedAnswers(const Problem& problem, optimized::Mode mode, bool at_end) {
  return AnswersIn(problem, {In(problem.dtype), mode, In(problem.reduction), 1}, at_end);
}

std::vector<std::uint64_t> BitsOf(Dtype dtype, const std::vector<std::vector<double>>& outputs) {
  std::vector<std::uint64_t> bits;
  for (const auto& output : outputs) {
    for (const double x : output) bits.push_back(ToBits(dtype, x));
  }
  return bits;
}

/// The problem of the row that element `i` of output `k` belongs to, or the whole of a reduced one.
static Problem RowOf(const Problem& problem, std::size_t k, std::size_t i) {
  if (problem.reduction != Reduction::kNone) return problem;
  Problem row = problem;
  const auto columns = static_cast<std::size_t>(problem.inputs[0]->shape.back());
  const std::size_t begin = (k == 0 ? i : i / columns) * columns;
  for (auto& input : row.inputs) {
    const std::vector<double> all = input->values;
    input->values.assign(all.begin() + static_cast<std::ptrdiff_t>(begin),
                         all.begin() + static_cast<std::ptrdiff_t>(begin + columns));
    input->shape[0] = 1;
  }
  return row;
}

/// The largest slope of the row of an element.
static double SteepestOf(const Truth& truth, std::size_t k, std::size_t i, std::size_t columns) {
  double steepest = 0;
  const std::size_t row = k == 0 ? i : i / columns;
  for (std::size_t of = 1; of < truth.outputs.size(); ++of) {
    const auto& elements = truth.outputs[of].elements;
    for (std::size_t at = row * columns; at < (row + 1) * columns && at < elements.size(); ++at)
      steepest = std::fmax(steepest, std::fabs(ToDouble(elements[at].value)));
  }
  return steepest;
}

void Compare(const Problem& problem, const Truth& truth, const std::vector<std::vector<double>>& got,
             Comparison* comparison) {
  const auto columns = static_cast<std::size_t>(problem.inputs[0]->shape.back());
  for (std::size_t k = 0; k < truth.outputs.size(); ++k) {
    for (std::size_t i = 0; i < truth.outputs[k].elements.size(); ++i) {
      const ElementTruth& element = truth.outputs[k].elements[i];
      if (!element.proven) continue;
      bool unique = false;
      const double want = Nearest(problem.dtype, element.value, &unique), have = got[k][i];
      const double ulp = UlpError(problem.dtype, element.value, have);
      if (comparison->excused > 0 && k > 0 &&
          AbsoluteError(problem.dtype, element.value, have) <=
              comparison->excused * SteepestOf(truth, k, i, columns))
        continue;
      ++comparison->elements;
      const bool right = have == want || (std::isnan(have) && std::isnan(want));
      if (!right && unique) ++comparison->wrong;
      if (ulp > comparison->worst || (!right && comparison->example.empty())) {
        comparison->worst = std::fmax(ulp, comparison->worst);
        comparison->example = truth.outputs[k].spec.name + "[" + std::to_string(i) + "] is " +
                              FormatHex(have) + " for " + FormatHex(want) + ", " + std::to_string(ulp) +
                              " ulp; " + FormatProblem(RowOf(problem, k, i));
      }
    }
  }
}

}  // namespace exactloss::testing
