// The IoU family over rows of boxes x1, y1, x2, y2, and detection, which adds a classification to it.
#include "tests/arb/formula.h"

namespace exactloss::arb {
namespace {

struct Box {
  explicit Box(const std::vector<Number>& corners)
      : x1(corners[0]), y1(corners[1]), x2(corners[2]), y2(corners[3]) {}
  Number Width() const { return x2 - x1; }
  Number Height() const { return y2 - y1; }
  Number Area() const { return Width() * Height(); }

  Number x1, y1, x2, y2;
};

/// Zero unless the boxes meet; PyTorch's mask leaves touching boxes out, their slope is 0.
Number Intersection(const Box& a, const Box& b) {
  const Number width = PositivePart(Min(a.x2, b.x2) - Max(a.x1, b.x1), TieElement::kZero);
  const Number height = PositivePart(Min(a.y2, b.y2) - Max(a.y1, b.y1), TieElement::kZero);
  return width * height;
}

Number Union(const Box& a, const Box& b) { return a.Area() + b.Area() - Intersection(a, b); }

/// The corners of the smallest box that holds both.
Box Enclosing(const Box& a, const Box& b) {
  return Box({Min(a.x1, b.x1), Min(a.y1, b.y1), Max(a.x2, b.x2), Max(a.y2, b.y2)});
}

Number IouOf(const Box& a, const Box& b, double eps) { return Intersection(a, b) / (Union(a, b) + eps); }

Number GiouLoss(const Box& a, const Box& b, double eps) {
  const Number area = Enclosing(a, b).Area();
  return 1.0 - IouOf(a, b, eps) + (area - Union(a, b)) / (area + eps);
}

Number DiouLoss(const Box& a, const Box& b, double eps) {
  const Box enclosing = Enclosing(a, b);
  const Number diagonal = Sqr(enclosing.Width()) + Sqr(enclosing.Height());
  const Number distance =
      Sqr((a.x1 + a.x2) / 2.0 - (b.x1 + b.x2) / 2.0) + Sqr((a.y1 + a.y2) / 2.0 - (b.y1 + b.y2) / 2.0);
  return 1.0 - IouOf(a, b, eps) + distance / (diagonal + eps);
}

/// atan(width / height), the principal value; a height of 0 is the limit of positive heights.
Number Angle(const Box& box) {
  const Number width = box.Width(), height = box.Height();
  if (!IsZero(height.value)) return Atan(width / height);
  const int sign = Sign(width.value);
  if (sign == 0) return Atan(width / height);  // 0 / 0 has no limit
  return sign * Pi() / 2.0 - Atan(height / width);
}

/// Arb cannot tell that two angles are equal; the products of the sides can.
Number AngleBetween(const Box& a, const Box& b) {
  Number angle = Angle(b) - Angle(a);
  const bool proper = !IsZero(a.Height().value) && !IsZero(b.Height().value);
  if (proper && IsZero((a.Width() * b.Height() - b.Width() * a.Height()).value)) angle.value = Ball();
  return angle;
}

/// Where the aspects agree alpha is 0, at 0 / 0 too: the boxes are equal, and eps is 0.
Number CiouLoss(const Box& a, const Box& b, double eps) {
  const Number v = 4.0 / (Pi() * Pi()) * Sqr(AngleBetween(a, b));
  const Number alpha = IsZero(v.value) ? 0.0 : Detach(v / (1.0 - IouOf(a, b, eps) + v + eps));
  return DiouLoss(a, b, eps) + alpha * v;
}

std::vector<Number> BoxAt(const std::vector<Number>& values, std::size_t row) {
  const auto first = values.begin() + static_cast<std::ptrdiff_t>(4 * row);
  return {first, first + 4};
}

using BoxLoss = Number(const Box&, const Box&, double eps);

std::vector<Number> BoxTerms(const std::vector<Number>& boxes, const std::vector<Number>& targets,
                             BoxLoss* loss, double eps) {
  std::vector<Number> terms;
  for (std::size_t row = 0; row < boxes.size() / 4; ++row) {
    terms.push_back(loss(Box(BoxAt(boxes, row)), Box(BoxAt(targets, row)), eps));
  }
  return terms;
}

std::vector<Number> BoxRows(const Arguments& a, BoxLoss* loss) {
  return Reduce(a, BoxTerms(a["input"], a["target"], loss, a.Parameter("eps")));
}

Number IouLoss(const Box& a, const Box& b, double eps) { return 1.0 - IouOf(a, b, eps); }

/// The one element of a loss reduced to a mean or a sum.
Number Reduced(const Arguments& a, std::vector<Number> terms) { return Reduce(a, std::move(terms))[0]; }

}  // namespace

std::vector<Number> Iou(const Arguments& a) { return BoxRows(a, IouLoss); }
std::vector<Number> Giou(const Arguments& a) { return BoxRows(a, GiouLoss); }
std::vector<Number> Diou(const Arguments& a) { return BoxRows(a, DiouLoss); }
std::vector<Number> Ciou(const Arguments& a) { return BoxRows(a, CiouLoss); }

std::vector<Number> Detection(const Arguments& a) {
  const std::vector<Number>&boxes = a["boxes"], &targets = a["target_boxes"];
  std::vector<Number> classes, corners;
  for (std::size_t i = 0; i < a["input"].size(); ++i) {
    classes.push_back(
        SigmoidFocalTerm(a["input"][i], a["target"][i], a.Parameter("alpha"), a.Parameter("gamma")));
  }
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    corners.push_back(SmoothL1Term(boxes[i], targets[i], a.Parameter("beta")));
  }
  return {a.Parameter("class_weight") * Reduced(a, classes) +
          a.Parameter("box_weight") * Reduced(a, corners) +
          a.Parameter("iou_weight") * Reduced(a, BoxTerms(boxes, targets, CiouLoss, a.Parameter("eps")))};
}

}  // namespace exactloss::arb
