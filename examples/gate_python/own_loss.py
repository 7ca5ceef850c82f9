#!/usr/bin/env python3
"""The loss that this project wants to be right, as a host for Exactloss: bce_with_logits with its gradient.

    exactloss audit --gate --loss bce_with_logits --subject 'exec:python3 own_loss.py'

With the argument `naive` it is the form that comes to mind first, which the gate does not let pass.
"""
import math
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
import python_host  # the protocol: copy it beside this file


def softplus(x):  # log(1 + exp(x))
    return math.log1p(math.exp(x)) if x < 0 else x + math.log1p(math.exp(-x))


def slope(x, t):
    """sigmoid(x) - t without a difference of nearly equal numbers."""
    if abs(x) < 1:
        return ((1 - 2 * t) - t * math.expm1(-x)) / (1 + math.exp(-x))
    e = math.exp(-abs(x))
    return ((1 - t) - t * e if x > 0 else (1 - t) * e - t) / (1 + e)


def times(a, b):  # the limit of a x at x -> inf is 0 where a is 0
    return 0.0 if a == 0 else a * b


def bce_with_logits(x, t):
    value = times(1 - t, x) + softplus(-x) if x > 0 else softplus(x) - times(t, x)
    return value, {"input": slope(x, t), "target": -x}


def naive(x, t):
    p = 1 / (1 + math.exp(-x))
    return -t * math.log(p) - (1 - t) * math.log(1 - p), {"input": p - t, "target": -x}


if __name__ == "__main__":
    python_host.LOSSES = {"bce_with_logits": naive if sys.argv[1:] == ["naive"] else bce_with_logits}
    python_host.main()
