"""torch.compile (Inductor) as a contender of `exactloss bench --compile`.

A question is a line of JSON on standard input, an answer one on standard output:
  {"type": "hello"}                    the version of torch, or a message: it has none
  {"type": "bench", "loss": ..., ...}  compiles a cell; its results go into the shared memory, to be checked
  {"type": "time", "repeat": N}        the seconds that N computations took
"""
import ctypes
import json
import math
import mmap
import os
import sys
import time
import warnings

warnings.simplefilter("ignore")  # the last line of standard error says why a host ended

try:
    import torch
    import torch.nn.functional as F
except ImportError as error:
    torch, why_no_torch = None, str(error)


def bce_terms(x, t):
    return F.binary_cross_entropy_with_logits(x, t, reduction="none")


def sigmoid_focal(p, x, t):
    probability = torch.sigmoid(x)
    p_t = probability * t + (1 - probability) * (1 - t)
    alpha_t = p["alpha"] * t + (1 - p["alpha"]) * (1 - t)
    return (alpha_t * bce_terms(x, t) * (1 - p_t) ** p["gamma"]).mean()


def focal_simple(p, x, t):
    bce = bce_terms(x, t)
    return (p["alpha"] * (1 - torch.exp(-bce)) ** p["gamma"] * bce).mean()


def dice(p, x, t):
    probability = torch.sigmoid(x)
    overlap = 2 * (probability * t).sum() + p["smooth"]
    return 1 - overlap / (probability.sum() + t.sum() + p["smooth"])


def bce_dice(p, x, t):
    return p["bce_weight"] * F.binary_cross_entropy_with_logits(x, t) + p["dice_weight"] * dice(p, x, t)


def corners(boxes):
    wide = boxes if boxes.dtype in (torch.float32, torch.float64) else boxes.float()
    return wide.unbind(-1)


def box_terms(p, boxes, target, kind):
    """As torchvision, but for its masks: their sizes are data, which would break the graph in two."""
    x1, y1, x2, y2 = corners(boxes)
    u1, v1, u2, v2 = corners(target)
    across = torch.minimum(x2, u2) - torch.maximum(x1, u1)
    down = torch.minimum(y2, v2) - torch.maximum(y1, v1)
    intersection = across.clamp(min=0) * down.clamp(min=0)
    union = (x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - intersection
    iou = intersection / (union + p["eps"])
    if kind == "iou":
        return 1 - iou
    width = torch.maximum(x2, u2) - torch.minimum(x1, u1)
    height = torch.maximum(y2, v2) - torch.minimum(y1, v1)
    if kind == "giou":
        area = width * height
        return 1 - iou + (area - union) / (area + p["eps"])
    dx, dy = (x1 + x2) / 2 - (u1 + u2) / 2, (y1 + y2) / 2 - (v1 + v2) / 2
    diou = 1 - iou + (dx**2 + dy**2) / (width**2 + height**2 + p["eps"])
    if kind == "diou":
        return diou
    angle = torch.atan((u2 - u1) / (v2 - v1)) - torch.atan((x2 - x1) / (y2 - y1))
    v = 4 / math.pi**2 * angle**2
    alpha = (v / (1 - iou + v + p["eps"])).detach()
    return diou + alpha * v


def box_loss(kind):
    return lambda p, boxes, target: box_terms(p, boxes, target, kind).to(boxes.dtype).mean()


def detection(p, x, t, boxes, target):
    return (
        p["class_weight"] * sigmoid_focal(p, x, t)
        + p["box_weight"] * F.smooth_l1_loss(boxes, target, beta=p["beta"])
        + p["iou_weight"] * box_loss("ciou")(p, boxes, target)
    )


LOSSES = {
    "mse": lambda p, x, t: F.mse_loss(x, t),
    "l1": lambda p, x, t: F.l1_loss(x, t),
    "smooth_l1": lambda p, x, t: F.smooth_l1_loss(x, t, beta=p["beta"]),
    "huber": lambda p, x, t: F.huber_loss(x, t, delta=p["delta"]),
    "bce": lambda p, x, t: F.binary_cross_entropy(x, t),
    "bce_with_logits": lambda p, x, t: F.binary_cross_entropy_with_logits(x, t),
    "nll": lambda p, x, t: F.nll_loss(x, t),
    "cross_entropy": lambda p, x, t: F.cross_entropy(x, t),
    "sigmoid_focal": sigmoid_focal,
    "focal_simple": focal_simple,
    "kl_div": lambda p, x, t: F.kl_div(x, t, reduction="none").mean(),
    "dice": dice,
    "bce_dice": bce_dice,
    "iou": box_loss("iou"),
    "giou": box_loss("giou"),
    "diou": box_loss("diou"),
    "ciou": box_loss("ciou"),
    "detection": detection,
    "triplet_margin": lambda p, a, b, c: F.triplet_margin_loss(a, b, c, margin=p["margin"], eps=p["eps"]),
}


def in_memory(memory, dtype, shape, offset):
    count = math.prod(shape)
    return torch.frombuffer(memory, dtype=dtype, count=count, offset=offset).reshape(shape)


class Cell:
    def __init__(self, frame):
        # Large outputs would be mapped and faulted in at each call: that is the time of the kernel of the
        # machine, not of torch.
        libc = ctypes.CDLL(None)
        m_trim_threshold, m_mmap_max = -1, -4
        libc.mallopt(m_mmap_max, 0)
        libc.mallopt(m_trim_threshold, 2**31 - 1)
        self.threads = frame["threads"]
        torch.set_num_threads(self.threads)  # before it compiles: the code is for so many
        dtype = {"f64": torch.float64, "f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
        dtype = dtype[frame["dtype"]]
        memory = mmap.mmap(int(os.environ["EXACTLOSS_SHM_FD"]), 0)
        self.tensors = [
            in_memory(memory, torch.int64 if i["fill"] == "index" else dtype, i["shape"], i["offset"]).clone()
            for i in frame["inputs"]
        ]
        # The heap's pages, once: it would grow for many calls, each of which would pay for new pages.
        torch.ones(min(2**30, 8 * sum(tensor.nbytes for tensor in self.tensors)), dtype=torch.uint8)
        parameters = {name: float.fromhex(value) for name, value in frame["parameters"].items()}
        form = LOSSES[frame["loss"]]

        def loss(*tensors):
            return form(parameters, *tensors)

        # The gradients inside of what is compiled: one graph. With torch.autograd.grad around a compiled loss
        # there are two, and what the second needs goes through memory: 1.3 to 2.5 times the time of 2^24
        # elements of mse, bce_with_logits and sigmoid_focal, up to 3.6 times that of 2^16.
        # The sizes are those of the cell: dynamic ones would make slower code of every cell but the first.
        torch._dynamo.reset()
        both = torch.func.grad_and_value(loss, tuple(frame["predictions"]))
        self.run = torch.compile(both, fullgraph=True, dynamic=False)
        self.run(*self.tensors)
        gradients, value = self.run(*self.tensors)
        for tensor, offset in zip((value, *gradients), frame["results"]):
            in_memory(memory, dtype, tensor.shape, offset).copy_(tensor)

    def time(self, repeat):
        """By the clock of the other contenders."""
        clock = time.thread_time if self.threads == 1 else time.perf_counter
        run, tensors = self.run, self.tensors
        start = clock()
        for _ in range(repeat):
            run(*tensors)
        return clock() - start


def what(error):
    """In a line, and without what Dynamo wraps it in."""
    error = getattr(error, "inner_exception", error)
    return f"{type(error).__name__}: {str(error).strip()}".splitlines()[0]


def main():
    # The answers alone: whatever else prints does so to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    cell = None
    for line in sys.stdin:
        frame = json.loads(line)
        answer = {"type": frame["type"]}
        try:
            if torch is None:
                answer["message"] = why_no_torch
            elif frame["type"] == "hello":
                answer["torch"] = torch.__version__
            elif frame["type"] == "bench":
                cell = None  # its memory first
                cell = Cell(frame)
            else:
                answer["seconds"] = cell.time(frame["repeat"])
        except Exception as error:  # of a cell; the next may do
            answer["message"] = what(error)
        print(json.dumps(answer), file=answers, flush=True)


main()
