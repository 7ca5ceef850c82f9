// The bench: what a loss with its gradient costs, by everyone that computes it, in one run.
//
// Contenders take turns, round by round, so that what else the machine does hits all of them; a ratio is
// formed in each round, and its median and quartiles are told. Times are of the CPU of the thread that
// computes, with several threads of the wall; LibTorch and torch.compile run in hosts, which time themselves
// by the same clock. Memory is recycled: else the first touch of pages would be most of it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reference/dtype.h"
#include "reference/tensor.h"

namespace exactloss {

/// How the elements of a tensor are drawn.
enum class BenchFill : std::uint8_t {
  kNormal,          ///< standard deviation 3
  kBinary,          ///< 0 or 1
  kUnit,            ///< in (0, 1)
  kLogProbability,  ///< below 0
  kBoxes,           ///< x1, y1, x2, y2 that overlap
  kIndex,           ///< class indices
};

struct BenchInput {
  std::string name;
  BenchFill fill;
};

/// A loss as it is timed: default parameters, reduction mean, gradient to the predictions.
struct BenchLoss {
  std::string_view loss;
  std::vector<BenchInput> inputs;
  std::size_t columns = 0;  ///< of a row, or 0: all elements are one row
  bool classes = false;     ///< rows of classes: one cell a class count
};
const std::vector<BenchLoss>& BenchLosses();

struct BenchCell {
  const BenchLoss* loss = nullptr;
  Dtype dtype = Dtype::kF32;
  std::size_t rows = 0, columns = 0;
  std::size_t elements() const { return rows * columns; }
};

struct BenchOptions {
  std::vector<std::string> losses;  ///< empty: all
  std::vector<Dtype> dtypes = {Dtype::kF32};
  std::vector<std::size_t> sizes = {65536, 1 << 24};
  std::vector<std::size_t> classes = {10, 1000, 131072};
  std::vector<std::string> peers = {
      "libtorch"};       ///< names of LibTorch subjects; the first is the unit of ratios
  bool compile = false;  ///< torch.compile too
  std::string python;    ///< its Python; "": the first found that has torch
  int rounds = 9;
  int threads = 1;
  std::function<void(const std::string& doing)> progress;
};

struct Quartiles {
  double low = 0, median = 0, high = 0;
};
Quartiles QuartilesOf(std::vector<double> values);

/// One contender in one cell.
struct BenchRow {
  std::string loss, dtype, contender;
  std::size_t rows = 0, columns = 0;
  Quartiles nanoseconds;  ///< an element of the first input
  Quartiles ratio;        ///< the first peer's time over this one's; 0 when there is none
  std::string missing;    ///< why there is no time
};

/// Every cell, row by row as they come.
void Bench(const BenchOptions& options, const std::function<void(const BenchRow&)>& sink);

}  // namespace exactloss
