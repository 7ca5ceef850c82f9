#!/usr/bin/env python3
"""What other people's CI reads is what its readers expect, and its steps run: ci_templates_test.py PROGRAM

action.yml's step is run as a runner would, with the inputs of an example; GitLab's component must hand the same
variables to .ci/gate, and the pre-commit hook must be a command line of the program.
"""
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = sys.argv.pop() if len(sys.argv) > 1 else "exactloss"
VARIABLES = set(re.findall(r"GATE_[A-Z]+", (ROOT / ".ci/gate").read_text(encoding="utf-8")))


def load(name):
    return list(yaml.safe_load_all((ROOT / name).read_text(encoding="utf-8")))


def run_action(folder, **given):
    """The composite action's step, its expressions filled in."""
    action = load("action.yml")[0]
    values = {f"inputs.{name}": given.get(name, of.get("default", "")) for name, of in action["inputs"].items()}
    values["runner.temp"] = str(folder)
    step = action["runs"]["steps"][0]
    env = {name: re.sub(r"\$\{\{ (\S+) \}\}", lambda match: values[match.group(1)], value) for name, value in step["env"].items()}
    files = {name: str(folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    return subprocess.run(["bash", "-e", "-c", step["run"]], cwd=ROOT / "examples/gate_python", capture_output=True, text=True,
                          check=False, env=os.environ | env | files | {"GITHUB_ACTION_PATH": str(ROOT)})


class Templates(unittest.TestCase):
    def test_the_action_gates(self):
        action = load("action.yml")[0]
        self.assertEqual(action["runs"]["using"], "composite")
        self.assertEqual(set(action["runs"]["steps"][0]["env"]), VARIABLES)
        for host, status in (("own_loss.py", 0), ("own_loss.py naive", 1)):
            with tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name)
                ran = run_action(folder, subject=f"exec:python3 {host}", loss="bce_with_logits", dtype="f32",
                                 report=f"{folder}/report", program=PROGRAM)
                self.assertEqual(ran.returncode, status, ran.stdout + ran.stderr)
                self.assertEqual((folder / "GITHUB_OUTPUT").read_text(), f"report={folder}/report\n")
                self.assertIn("# Exactloss report", (folder / "GITHUB_STEP_SUMMARY").read_text())
                self.assertTrue((folder / "report/junit.xml").exists())

    def test_the_action_wants_a_subject(self):
        with tempfile.TemporaryDirectory() as name:
            ran = run_action(pathlib.Path(name), program=PROGRAM)
            self.assertEqual((ran.returncode, ran.stdout), (4, ""))
            self.assertEqual(len(ran.stderr.splitlines()), 1, ran.stderr)

    def test_gitlab_hands_over_the_same(self):
        spec, jobs = load("templates/gate/template.yml")
        (job,) = jobs.values()
        self.assertEqual(set(job["variables"]), VARIABLES - {"GATE_PROGRAM"})
        used = set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", (ROOT / "templates/gate/template.yml").read_text(encoding="utf-8")))
        self.assertEqual(used, set(spec["spec"]["inputs"]))
        self.assertTrue(job["artifacts"]["reports"]["junit"].startswith(job["variables"]["GATE_REPORT"]))

    def test_the_hook_is_a_command_line(self):
        (hook,) = load(".pre-commit-hooks.yaml")[0]
        self.assertTrue({"id", "name", "entry", "language"} <= set(hook))
        words = shlex.split(hook["entry"])
        self.assertEqual(words[0], "exactloss")
        ran = subprocess.run([PROGRAM, *words[1:], "--loss", "bce_with_logits", "--dtype", "f32", "--subject", "exec:python3 own_loss.py"],
                             cwd=ROOT / "examples/gate_python", capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)

    def test_the_image_has_what_the_program_needs(self):
        dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
        needed = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True, check=True).stdout
        for library in ("fmt", "hwy", "mpfr", "pugixml"):
            version = re.search(rf"lib{library}\.so\.(\d+)", needed)
            if version:
                self.assertRegex(dockerfile, rf"lib{library}{version.group(1)}(v5)?\b")


if __name__ == "__main__":
    unittest.main()
