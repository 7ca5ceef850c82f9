#!/usr/bin/env python3
r"""A host for losses of your own, with the standard library alone (docs/protocol.md).

    exactloss run --subject 'exec:python3 examples/python_host.py' 'mse f64 mean input=2.5,0 target=3,-0.5'

Exactloss has the truth of mse. Of log_cosh it has none, and asks whether its gradient is that of its loss:

    exactloss gradcheck --taylor --as log_cosh --subject 'exec:python3 examples/python_host.py' \
        'mse f64 mean input=2.5,0 target=3,-0.5'

Write a function that takes Python floats and returns the terms and their derivatives, and put it into LOSSES.
"""
import json
import math
import os
import struct
import sys

FORMATS = {"f64": "d", "f32": "f", "f16": "e"}  # struct's letters; it has none for bf16


def mse(x, t):
    return (x - t) ** 2, {"input": 2 * (x - t), "target": -2 * (x - t)}


def log_cosh(x, t):
    e = x - t
    value = abs(e) + math.log1p(math.exp(-2 * abs(e))) - math.log(2)
    return value, {"input": math.tanh(e), "target": -math.tanh(e)}


LOSSES = {"mse": mse, "log_cosh": log_cosh}


class Unsupported(Exception):
    pass


def read_tensor(payload, tensor):
    """The elements in row-major order, wherever the strides put them."""
    places = [0]
    for size, stride in zip(tensor["shape"], tensor["strides"]):
        places = [place + i * stride for place in places for i in range(size)]
    letter = FORMATS[tensor["dtype"]]
    size = struct.calcsize(letter)
    return [struct.unpack_from("<" + letter, payload, tensor["offset"] + place * size)[0] for place in places]


def answer(problem, payload):
    """The outputs by name, as lists of numbers."""
    loss, dtype, reduction = problem["loss"], problem["dtype"], problem["reduction"]
    if loss not in LOSSES or dtype not in FORMATS:
        raise Unsupported(f"no {loss} for {dtype} here")
    inputs = {tensor["name"]: read_tensor(payload, tensor) for tensor in problem["inputs"]}
    if set(inputs) != {"input", "target"}:
        raise Unsupported("no " + ", ".join(set(inputs) - {"input", "target"}) + " here")
    terms, gradients = zip(*(LOSSES[loss](x, t) for x, t in zip(inputs["input"], inputs["target"])))
    scale = 1 / len(terms) if reduction == "mean" else 1
    outputs = {"loss": list(terms) if reduction == "none" else [sum(terms) * scale]}
    for name in inputs:
        outputs["grad:" + name] = [gradient[name] * scale for gradient in gradients]
    return outputs


def run(problem, payload):
    """The answer's header and payload."""
    try:
        outputs = answer(problem, payload)
    except Unsupported as error:
        return {"status": "unsupported", "message": str(error)}, b""
    except Exception as error:
        return {"status": "error", "message": repr(error)}, b""
    dtype = problem["dtype"]
    described = [dict(wanted, dtype=dtype) for wanted in problem["outputs"] if wanted["name"] in outputs]
    numbers = [number for wanted in described for number in outputs[wanted["name"]]]
    return {"status": "ok", "outputs": described}, struct.pack(f"<{len(numbers)}{FORMATS[dtype]}", *numbers)


def main():
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is not the protocol

    def send(header, payload=b""):
        out.write(json.dumps(header | {"bytes": len(payload)}).encode() + b"\n" + payload)
        out.flush()

    while line := sys.stdin.buffer.readline():
        frame = json.loads(line)
        payload = sys.stdin.buffer.read(frame.get("bytes", 0))
        if frame["type"] == "hello":
            send({"exactloss": 1, "type": "hello", "name": "my losses", "version": "1.0"})
        for number, problem in enumerate(frame.get("problems", [])):
            header, data = run(problem, payload)
            send({"type": "answer", "id": frame["id"], "problem": number} | header, data)


if __name__ == "__main__":
    main()
