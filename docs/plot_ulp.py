#!/usr/bin/env python3
"""Draws docs/bce_with_logits.svg: how far LibTorch's bce_with_logits is off, along the logit.

    docs/plot_ulp.py build/release/exactloss > docs/bce_with_logits.svg
"""
import json
import math
import struct
import subprocess
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 840, 360, 64, 16, 48, 44
FIRST, LAST, STEP = 0.0, 110.0, 0.2
LOWEST, HIGHEST = -2, 8  # powers of ten of the ulp error
COLOURS = {"loss": "#1f77b4", "grad:input": "#d62728"}
NAMES = {"loss": "loss", "grad:input": "gradient"}


def to_f32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def findings(program):
    count = round((LAST - FIRST) / STEP)
    logits = [to_f32(FIRST + STEP * i) for i in range(count + 1)]
    line = f"bce_with_logits f32 none input={','.join(x.hex() for x in logits)} target=0x1p+0*{len(logits)}"
    answer = subprocess.run([program, "run", "--subject", "libtorch", "--json", "-", line],
                            check=True, capture_output=True, text=True).stdout
    for text in answer.splitlines():
        if text.startswith("{"):
            finding = json.loads(text)
            yield logits[finding["index"]], finding["output"], float(finding["ulp"])


def x_of(logit):
    return LEFT + (logit - FIRST) / (LAST - FIRST) * (WIDTH - LEFT - RIGHT)


def y_of(ulp):
    power = min(max(math.log10(max(ulp, 1e-300)), LOWEST), HIGHEST)
    return TOP + (HIGHEST - power) / (HIGHEST - LOWEST) * (HEIGHT - TOP - BOTTOM)


def main():
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
          f'font-size="12"><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>')
    print(f'<text x="{LEFT}" y="20" font-size="15">LibTorch 2.13.0, bce_with_logits, f32, target 1: '
          'error against the exact loss and gradient</text>')
    for power in range(LOWEST, HIGHEST + 1, 2):
        y = y_of(10.0 ** power)
        label = "10<tspan dy='-4' font-size='9'>" + str(power) + "</tspan>"
        print(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
              f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    for logit in range(int(FIRST), int(LAST) + 1, 10):
        print(f'<text x="{x_of(logit):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{logit}</text>')
    print(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">logit</text>')
    print(f'<text x="16" y="{(TOP + HEIGHT - BOTTOM) / 2}" text-anchor="middle" '
          f'transform="rotate(-90 16 {(TOP + HEIGHT - BOTTOM) / 2})">ulp</text>')
    y = y_of(0.5)
    print(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#666" stroke-dasharray="4 3"/>')
    print(f'<text x="{WIDTH - RIGHT}" y="40" text-anchor="end" fill="#666">dashed: 0.5 ulp, correct rounding</text>')
    for logit, output, ulp in findings(sys.argv[1]):
        if output in COLOURS:
            print(f'<circle cx="{x_of(logit):.1f}" cy="{y_of(ulp):.1f}" r="1.6" fill="{COLOURS[output]}"/>')
    for i, (output, colour) in enumerate(COLOURS.items()):
        x = LEFT + 12 + 90 * i
        print(f'<circle cx="{x}" cy="36" r="4" fill="{colour}"/><text x="{x + 8}" y="40">{NAMES[output]}</text>')
    print("</svg>")


if __name__ == "__main__":
    main()
