// A canary: arithmetic that some compilers change at some flags. Prints what went wrong and exits with 1.
// Run by canary.cmake at configure time, with the flags of every other file.
#include <cstdio>

#define NOINLINE __attribute__((noinline))

// g++ 12.2 with -ftree-slp-vectorize stores the unrounded doubles here.
NOINLINE void RoundToFloat(bool f32, double x, double y, double* out) {
  if (f32) x = static_cast<float>(x);
  if (f32) y = static_cast<float>(y);
  out[0] = x;
  out[1] = y;
}

// Zero unless a * b + c is fused into one rounding.
NOINLINE double ProductMinusRounded(double a, double b, double rounded) { return a * b - rounded; }
NOINLINE double Product(double a, double b) { return a * b; }

// The rounding error of a + b (Knuth's TwoSum); an optimiser that reassociates makes it 0.
NOINLINE double TwoSumError(double a, double b) {
  const double sum = a + b;
  const double b_part = sum - a;
  return (a - (sum - b_part)) + (b - b_part);
}

// 0 / 0; -ffinite-math-only answers that nothing is a NaN.
NOINLINE bool IsNan(double x) { return x != x; }

int main() {
  volatile double tenth = 0.1, zero = 0.0, one = 1.0, tiny = 0x1p-60;
  int broken = 0;
  auto expect = [&broken](bool right, const char* what) {
    if (!right) std::printf("%s\n", what);
    broken += right ? 0 : 1;
  };

  double out[2];
  RoundToFloat(true, tenth, -tenth, out);
  expect(out[0] == 0x1.99999ap-4 && out[1] == -0x1.99999ap-4,
         "it drops the rounding of a double to float (g++ 12.2 does without -fno-tree-slp-vectorize).");
  expect(ProductMinusRounded(tenth, tenth, Product(tenth, tenth)) == 0,
         "it fuses a * b + c into one rounding (-ffp-contract=off forbids that).");
  expect(TwoSumError(one, tiny) == 0x1p-60, "it reassociates sums (-fno-fast-math forbids that).");
  expect(IsNan(zero / zero), "it takes NaN for a number (-fno-fast-math forbids that).");
  expect(0x1p-1074 * one > 0, "it flushes subnormal numbers to zero.");
  return broken;
}
