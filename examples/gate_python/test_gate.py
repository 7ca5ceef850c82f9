#!/usr/bin/env python3
"""Our loss passes the gate, and the form that comes to mind first does not: python3 -m unittest

The program is found by the environment variable EXACTLOSS, or in PATH.
"""
import os
import pathlib
import subprocess
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def gate(host):
    return subprocess.run(
        [os.environ.get("EXACTLOSS", "exactloss"), "audit", "--gate", "--loss", "bce_with_logits",
         "--dtype", "f64,f32", "--subject", f"exec:python3 {host}"],
        cwd=HERE, capture_output=True, text=True, check=False)


class Gate(unittest.TestCase):
    def test_our_loss_passes(self):
        ran = gate("own_loss.py")
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)

    def test_the_naive_form_does_not(self):
        ran = gate("own_loss.py naive")
        self.assertEqual(ran.returncode, 1, ran.stdout + ran.stderr)
        self.assertIn("trains wrong", ran.stdout)


if __name__ == "__main__":
    unittest.main()
