// The geometry that the IoU family shares: boxes x1, y1, x2, y2 as torchvision.ops defines their overlap.
#pragma once

#include "reference/losses/common_specs.h"
#include "reference/problem.h"
#include "reference/scalar.h"

namespace exactloss {

inline constexpr std::int64_t kCorners = 4;

template <class T>
struct Box {
  explicit Box(const T* v) : x1(v[0]), y1(v[1]), x2(v[2]), y2(v[3]), width(x2 - x1), height(y2 - y1) {}
  T Area() const { return width * height; }

  T x1, y1, x2, y2, width, height;
};

/// How far two intervals of a line reach into each other; where they only touch PyTorch takes the slope 0.
template <class T>
T Reach(const T& low_a, const T& high_a, const T& low_b, const T& high_b) {
  const T reach = Min(high_a, high_b) - Max(low_a, low_b);
  const auto none = [] { return T(0.0); };
  return Piecewise(reach, none, none, [&] { return reach; });
}

template <class T>
struct Overlap {
  Overlap(const Box<T>& a, const Box<T>& b)
      : intersection(Reach(a.x1, a.x2, b.x1, b.x2) * Reach(a.y1, a.y2, b.y1, b.y2)),
        union_area(a.Area() + b.Area() - intersection) {}

  T Iou(Parameter eps) const { return intersection / (union_area + eps); }
  /// 1 - Iou, as one quotient that does not cancel where the boxes agree.
  T Loss(Parameter eps) const { return (union_area - intersection + eps) / (union_area + eps); }

  T intersection, union_area;
};

/// The smallest box around both.
template <class T>
struct Enclosing {
  Enclosing(const Box<T>& a, const Box<T>& b)
      : width(Max(a.x2, b.x2) - Min(a.x1, b.x1)), height(Max(a.y2, b.y2) - Min(a.y1, b.y1)) {}

  T width, height;
};

/// d^2 / (c^2 + eps): the squared distance of the centres over the squared diagonal of the enclosing box.
template <class T>
T CentreDistance(const Box<T>& a, const Box<T>& b, Parameter eps) {
  const Enclosing<T> enclosing(a, b);
  const T dx = a.x1 + a.x2 - (b.x1 + b.x2), dy = a.y1 + a.y2 - (b.y1 + b.y2);
  return T(0.25) * (Sqr(dx) + Sqr(dy)) / (Sqr(enclosing.width) + Sqr(enclosing.height) + eps);
}

inline LossSpec BoxSpec(std::string_view name, std::string_view formula, std::string_view libtorch) {
  return {.name = name,
          .formula = formula,
          .libtorch = libtorch,
          .family = Family::kBoxes,
          .inputs = {kInput, kTarget},
          .parameters = {kBoxEps},
          .reductions = kReductions};
}

}  // namespace exactloss
