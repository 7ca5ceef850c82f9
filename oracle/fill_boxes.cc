// Boxes x1, y1, x2, y2, and how the box that they are compared with lies to them.
#include <algorithm>
#include <cmath>
#include <utility>

#include "oracle/fill_recipe.h"

namespace exactloss {
namespace {

/// A side of a box, along one axis.
struct Side {
  double low, high;
  double Size() const { return high - low; }
};

Side SideOf(const double* corners, int axis) { return {corners[axis], corners[axis + 2]}; }

void SetSide(double* corners, int axis, Side side) {
  corners[axis] = side.low;
  corners[axis + 2] = side.high;
}

/// Rounded, and longer than 0 after that.
Side Proper(const TensorPlan& plan, double a, double b) {
  Side side{plan.Round(std::min(a, b)), plan.Round(std::max(a, b))};
  if (side.low < side.high) return side;
  side.high = plan.Step(side.low, 1);
  if (side.low == side.high) side.low = plan.Step(side.high, -1);
  return side;
}

/// Calls side(axis) for both axes.
template <class MakeSide>
void ForBothAxes(double* corners, MakeSide side) {
  for (int axis = 0; axis < 2; ++axis) SetSide(corners, axis, side(axis));
}

/// Another box beside one: moved by `shift` of its sides, then with sides `scale` times as long.
struct Relation {
  double shift[2];
  double scale[2];
};

constexpr Relation kTies[] = {
    {{0, 0}, {1, 1}},            // the same box
    {{0, 0.5}, {1, 1}},          // edges on one line, overlapping
    {{1, 0}, {1, 1}},            // touching along an edge
    {{1, 1}, {1, 1}},            // touching at a corner
    {{0, 0}, {2, 0.5}},          // a corner in common
    {{0.25, 0.25}, {0.5, 0.5}},  // inside, with the same centre
    {{-0.5, -0.5}, {2, 2}},      // around it
    {{0.5, 0.5}, {0, 1}},        // flat
    {{3, 0}, {1, 1}},            // apart, edges on one line
    {{-4, 2}, {1, 2}},           // apart
};

constexpr Relation kFar[] = {
    {{30, 0}, {1, 1}},   {{100, -400}, {1, 1}},        {{-300, 20}, {0.01, 0.01}},
    {{2, 2}, {100, 50}}, {{-300, -400}, {1000, 1000}}, {{0.5, 0.5}, {0.01, 0.02}},
};

Side Related(const Relation& relation, Side side, int axis) {
  const double low = side.low + relation.shift[axis] * side.Size();
  return {low, low + relation.scale[axis] * side.Size()};
}

/// The axis along which boxes of the problem may have no length: one of no width and no height has an aspect
/// of 0 / 0.
int FlatAxis(const Element& e) { return static_cast<int>(e.plan.style % 2); }

/// Few whole numbers, so that corners coincide; sometimes flat.
void GridBox(Element& e, double* corners) {
  ForBothAxes(corners, [&](int axis) {
    const auto low = static_cast<double>(e.draw.Below(8)), size = static_cast<double>(e.draw.Below(7));
    return Side{low, low + (size == 0 && axis != FlatAxis(e) ? 7 : size)};
  });
}

}  // namespace

void UniformBox(Element& e, const double*, double* corners) {
  ForBothAxes(corners, [&](int) {
    const double a = e.draw.Uniform(0, 100), b = e.draw.Uniform(0, 100);
    return Proper(e.plan, a, b);
  });
}

/// As a detector's box and the truth that it nearly meets.
void NearbyBox(Element& e, const double* earlier, double* corners) {
  constexpr double kScales[] = {0.01, 1, 10};
  const double scale = kScales[e.plan.style % 3];
  ForBothAxes(corners, [&](int axis) {
    if (earlier == nullptr) {
      const double middle = scale * e.draw.Uniform(0, 100), half = scale * e.draw.Uniform(1, 25);
      return Proper(e.plan, middle - half, middle + half);
    }
    const Side side = SideOf(earlier, axis);
    const double step = 0.2 * side.Size(), low = step * e.draw.Normal(), high = step * e.draw.Normal();
    return Proper(e.plan, side.low + low, side.high + high);
  });
}

/// Corners as the fill's numbers come, in order for most sides.
void RawBox(Element& e, const double* earlier, double* corners) {
  ForBothAxes(corners, [&](int axis) {
    const auto corner = [&](int k) {
      return earlier != nullptr && e.draw.OneIn(4) ? earlier[k] : e.plan.Round(e.plan.recipe.real(e));
    };
    Side side{corner(axis), corner(axis + 2)};
    if (side.low > side.high && !e.draw.OneIn(16)) std::swap(side.low, side.high);
    return side;
  });
}

void TiedBox(Element& e, const double* earlier, double* corners) {
  if (earlier == nullptr) return GridBox(e, corners);
  const Relation relation = e.draw.Pick(kTies);
  ForBothAxes(corners, [&](int axis) {
    const Side side = SideOf(earlier, axis);
    return axis == FlatAxis(e) ? Related(relation, side, 0) : Related(relation, side, 1);
  });
}

void NearlyTiedBox(Element& e, const double* earlier, double* corners) {
  TiedBox(e, earlier, corners);
  for (int k = 0; k < 4; ++k) corners[k] = e.plan.Step(e.plan.Round(corners[k]), e.draw.Between(-2, 2));
}

/// Far apart or of very different sizes: the overlap is 0 or 1 after rounding.
void FarBox(Element& e, const double* earlier, double* corners) {
  if (earlier == nullptr) return UniformBox(e, earlier, corners);
  const Relation relation = e.draw.Pick(kFar);
  ForBothAxes(corners, [&](int axis) {
    const Side side = Related(relation, SideOf(earlier, axis), axis);
    return Proper(e.plan, side.low, side.high);
  });
}

/// Equal but for a few ulps.
void CancellingBox(Element& e, const double* earlier, double* corners) {
  if (earlier == nullptr) return NearbyBox(e, earlier, corners);
  ForBothAxes(corners, [&](int axis) {
    const Side side = SideOf(earlier, axis);
    const auto step = [&](double x) { return e.plan.Step(x, e.draw.Between(-3, 3)); };
    const double low = step(side.low);
    return Proper(e.plan, low, step(side.high));
  });
}

/// Small boxes far from the origin.
void OffsetBox(Element& e, const double*, double* corners) {
  const auto bits = static_cast<double>(FormatOf(e.plan.dtype()).precision);
  const double offset = std::ldexp(1, static_cast<int>(bits / (2 + static_cast<double>(e.plan.style % 3))));
  ForBothAxes(corners, [&](int) {
    const double low = offset + e.draw.Uniform(0, 4);
    return Proper(e.plan, low, low + e.draw.Uniform(1, 8));
  });
}

}  // namespace exactloss
