#!/usr/bin/env python3
"""The table at the end of docs/gradcheck.md: wrong gradients that the classical check passes.

    exactloss gradcheck --subject libtorch-2.13.0 --json build/gradcheck.jsonl
    docs/gradcheck_missed.py build/gradcheck.jsonl
"""
import collections
import json
import sys

LONGEST = 90  # a problem that is longer is left to the program


def main():
    rows = collections.OrderedDict()
    for text in open(sys.argv[1], encoding="utf-8"):
        found = json.loads(text)
        if found.get("verdict") not in ("inaccurate", "divergent") or found["classical"]["verdict"] != "passes":
            continue
        kind = found["class"] or found["verdict"]
        row = rows.setdefault((found["loss"], found["output"], found["dtype"], kind), {"count": 0, "ulp": 0.0, "line": None})
        row["count"] += found["count"]
        row["ulp"] = max(row["ulp"], float(found["ulp"]))
        if row["line"] is None or len(found["line"]) < len(row["line"]):
            row["line"] = found["line"]
    print("| loss | gradient | dtype | what | elements | ulp, up to | a problem, if it is short |\n|---|---|---|---|--:|--:|---|")
    for (loss, output, dtype, kind), row in rows.items():
        line = f"`{row['line']}`" if len(row["line"]) <= LONGEST else ""
        print(f"| `{loss}` | {output} | {dtype} | {kind} | {row['count']} | {row['ulp']:.3g} | {line} |")


if __name__ == "__main__":
    main()
