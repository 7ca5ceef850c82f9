#!/usr/bin/env python3
"""Writes docs/libtorch-findings.md: what an audit finds wrong in LibTorch, by cause, and why.

    exactloss audit --profile gate --subject libtorch --subject libtorch-1.13.1 --report build/torch
    docs/libtorch_findings.py gate build/torch/causes.jsonl > docs/libtorch-findings.md
"""
import collections
import json
import math
import re
import sys

# loss, output and class, as regular expressions; the first that fits explains. A bug is a number that neither the
# documented formula nor the conditioning of the inputs explains; a definition is another formula, on purpose; a
# convention is another of several right answers.
BOXES = "iou|giou|diou|ciou"
FOCAL = "sigmoid_focal|focal_simple"
WHY = [
    (".*", ".*", "layout", "bug", "the result depends on how the tensors lie in memory"),
    (".*", ".*", "nondeterministic", "bug", "the result depends on when, or under which settings, it is asked"),
    (".*", "loss", "accumulation", "bug", "each term is right; the sum loses digits, or the mean is formed from a sum that does"),
    ("l1|kl_div|triplet_margin", "grad.*", "infinity", "definition", "the slope at NaN or at inf - inf is taken as that of sign(0): the NaN is swallowed"),
    ("mse|l1|smooth_l1|huber|nll|bce|bce_with_logits|triplet_margin|detection", "loss", "overflow", "bug",
     "an intermediate (a square, a product with the weight, a sum before the mean divides) exceeds the range, the result does not"),
    ("mse|nll", "grad.*", "overflow", "bug", "a factor of the gradient (2 (x - t), weight / sum of weights) exceeds the range before it is divided"),
    ("smooth_l1", "grad.*", "wrong subgradient", "bug",
     "at beta = 0 and x = t the gradients of x and of t are both -1, and not opposite: the loss does not fall so steeply along any direction"),
    ("nll", "loss", "underflow", "bug", "the products with the weights underflow before they are divided by the sum of the weights"),
    ("smooth_l1|huber", ".*", "underflow|inaccurate|cancellation", "bug", "x - t over beta is formed in subnormals, which have few digits"),
    ("bce", "grad:target", ".*", "definition", "the gradient is log(1 - x) - log(x) without the documented clamp at -100, or 0 times the infinity of it"),
    ("bce", "grad:input", ".*", "definition", "(x - t) / max(x (1 - x), 1e-12): the denominator is held above 1e-12, which the documentation does not say; at x = 0 and 1 that is another gradient, in f16 0 / 0"),
    ("bce", "loss", "underflow|cancellation|inaccurate", "bug", "log(1 - x) in place of log1p(-x), which is 0 or has few digits where x is small; mended after 1.13.1"),
    ("bce", ".*", "contract", "bug", "NaN is refused as a probability outside [0, 1] in one dtype and taken in others"),
    ("bce_with_logits", "grad:input", "underflow|cancellation|inaccurate|wrong sign", "bug",
     "sigmoid(x) - t: where sigmoid rounds to the target, the difference is 0 or noise, though the gradient is exp(-x), a normal number"),
    ("bce_with_logits", "loss", "underflow|cancellation|inaccurate|wrong sign|infinity", "bug",
     "(1 - t) x + (log(1 + exp(-|x|)) + max(-x, 0)): what is added to x is lost in it, or the exponential underflows"),
    ("bce_with_logits", "loss", "nan", "bug", "inf - inf where x is infinite, or the weight 0 times an infinite term, though the limit exists"),
    ("bce_with_logits", "loss", "inconsistent", "bug", "what pos_weight adds is rounded away in a bf16 intermediate, and the gradient has it; mended after 1.13.1"),
    ("bce_with_logits", "grad:target", ".*", "bug", "the slope along the target is formed from parts that cancel, or 0 times inf"),
    ("cross_entropy", "grad:input", "underflow|cancellation|inaccurate|wrong sign", "bug", "softmax - target cancels where a class is all but certain, or a weight has underflowed"),
    ("cross_entropy", ".*", "underflow|cancellation|inaccurate|wrong sign", "bug", "x - max - log(sum): the logarithm near 0 is lost in the larger number, log1p of the rest is not"),
    ("cross_entropy|nll", ".*", "nan|overflow|infinity", "bug", "smoothing and weights form inf - inf, 0 times inf, or a sum of weights beyond the range"),
    (FOCAL, ".*", "nan|overflow", "bug", "(1 - p)^gamma at 1 - p = 0, or inf - inf in the logits: 0 times inf where the limit exists"),
    (FOCAL, ".*", ".*", "bug", "p = sigmoid(x) and 1 - p: the complement cancels where p rounds to 1, then everything built on it"),
    ("dice|bce_dice", ".*", ".*", "bug", "1 - ratio cancels where both masks agree, sigmoid(1 - sigmoid) is 0 where sigmoid rounds to 1; sums of squares beyond the range"),
    (BOXES, ".*", "nan|infinity|overflow", "bug", "areas and squared diagonals beyond the range: inf / inf where the ratio exists; 0 / 0 at boxes of no size"),
    (BOXES, ".*", "wrong subgradient", "bug", "at a tie of corners the slopes of max and min are halved one by one and no longer add up"),
    (BOXES, ".*", ".*", "bug", "x2 - x1 and areas of nearly equal boxes cancel, products underflow; quotients of these keep no digits"),
    ("detection", ".*", ".*", "bug", "what its parts, sigmoid_focal and ciou, get wrong"),
    ("kl_div", "grad:target", "nan", "bug", "0 (log 0 + 1 - x): the limit is -inf, and 0 times inf is returned"),
    ("kl_div", ".*", "nan", "bug", "exp(-inf) times inf with log_target"),
    ("kl_div", ".*", ".*", "bug", "log(t) + 1 - x, and t - x with log_target, are formed from parts that cancel or products that underflow"),
    ("triplet_margin", ".*", "nan|overflow|infinity", "bug", "squares in the norm exceed the range where the norm does not; inf / inf in its slope"),
    ("triplet_margin", ".*", ".*", "bug", "d(a, p) - d(a, n) of norms that are large beside the loss; squares that underflow; slopes of two norms that cancel"),
]


def why(loss, output, kind):
    for of_loss, of_output, of_class, verdict, text in WHY:
        if re.fullmatch(of_loss, loss) and re.fullmatch(of_output, output) and re.fullmatch(of_class, kind):
            return verdict, text
    return "bug", "not analysed"


def number(value):
    value = float(value)
    return "-" if math.isnan(value) else f"{value:.3g}"


def simpler(line):
    return ("inf" in line or "nan" in line, len(line))


def main():
    rows = collections.OrderedDict()
    subjects = []
    for file in sys.argv[2:]:
        for text in open(file, encoding="utf-8"):
            cause = json.loads(text)
            if cause["subject"] not in subjects:
                subjects.append(cause["subject"])
            row = rows.setdefault((cause["loss"], cause["output"], cause["class"]), {
                "elements": collections.Counter(), "causes": 0, "dtypes": set(), "ulp": 0.0, "seen": 0, "size": 0.0,
                "impact": cause["impact"], "line": None})
            row["elements"][cause["subject"]] += cause["elements"]
            row["causes"] += 1
            row["dtypes"].add(cause["dtype"])
            row["seen"] += cause["worst"]["assert_close"] == "fails"
            for name, value in (("ulp", cause["worst"]["ulp"]), ("size", cause["ordinary_ones"])):
                if float(value) > row[name]:
                    row[name] = float(value)
            line = cause["simplest"]["line"]
            if row["line"] is None or simpler(line) < simpler(row["line"]):
                row["line"] = line
    causes = sum(row["causes"] for row in rows.values())
    seen = sum(row["seen"] for row in rows.values())
    print("# What is wrong in LibTorch\n")
    print(f"Written by `docs/libtorch_findings.py` from the audit of {' and '.join(subjects)} (`--profile {sys.argv[1]}`, seed 1): "
          f"{causes} causes in {len(rows)} rows; `torch.testing.assert_close` with its defaults sees the worst element of "
          f"{seen} of them. The explanations are a person's reading, the numbers are not.\n")
    print("A *bug* is a number that neither the documented formula nor the conditioning of the inputs explains, a *definition* "
          "another formula on purpose. The size is told in ordinary ones ([findings.md](findings.md)).")
    loss = None
    order = list(dict.fromkeys(of_loss for of_loss, _, _ in rows))
    for (of_loss, output, kind), row in sorted(rows.items(), key=lambda item: order.index(item[0][0])):
        if of_loss != loss:
            loss = of_loss
            print(f"\n## {loss}\n\n| output | class | elements ({', '.join(subjects)}) | dtypes | worst ulp | impact, size | assert_close sees | | why | simplest line |")
            print("|---|---|---|---|--:|---|---|---|---|---|")
        verdict, text = why(of_loss, output, kind)
        elements = ", ".join(str(row["elements"][subject]) for subject in subjects)
        dtypes = " ".join(d for d in ("f64", "f32", "bf16", "f16") if d in row["dtypes"])
        line = row["line"] if len(row["line"]) <= 120 else row["line"][:117] + "..."
        impact = f"{row['impact']}, {number(row['size'])}" if row["impact"] else "-"
        print(f"| {output} | {kind} | {elements} | {dtypes} | {number(row['ulp'])} | {impact} | {row['seen']} of {row['causes']} | "
              f"{verdict} | {text} | `{line}` |")


if __name__ == "__main__":
    main()
