#!/usr/bin/env python3
"""A lesson prints what stands beside it, and leaves no file behind.

The two must agree to the letter. Of a lesson that trains, the digits of numbers with a point may differ a little, because
other machines round otherwise; everything between them must agree all the same.

usage: run_lesson.py PROGRAM EXPECTED [--trains]
"""
import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile

TOLERANCE = 1e-3
NUMBER = re.compile(r"-?\d+\.\d*(?:e[-+]?\d+)?")


def agree(printed, expected, trains):
    if not trains:
        return printed == expected
    if NUMBER.split(printed) != NUMBER.split(expected):
        return False
    pairs = zip(NUMBER.findall(printed), NUMBER.findall(expected))
    return all(abs(float(a) - float(b)) <= TOLERANCE for a, b in pairs)


def check_itself():
    assert agree("loss 0.25\n", "loss 0.25\n", False) and not agree("loss 0.25\n", "loss 0.250\n", False)
    assert agree("loss 0.2502 of 3\n", "loss 0.25 of 3\n", True) and not agree("loss 0.252 of 3\n", "loss 0.25 of 3\n", True)
    assert not agree("loss 0.25 of 4\n", "loss 0.25 of 3\n", True) and not agree("0.5\n0.5\n", "0.5\n", True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("expected")
    parser.add_argument("--trains", action="store_true")
    arguments = parser.parse_args()
    check_itself()
    with open(arguments.expected, encoding="utf-8", newline="") as file:
        expected = file.read()
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run([arguments.program], capture_output=True, text=True, cwd=folder, env={**os.environ, "TMPDIR": folder})
        left = os.listdir(folder)
    if result.returncode or result.stderr:
        sys.exit(f"error: the lesson ended with {result.returncode} and said\n{result.stderr}")
    if left:
        sys.exit(f"error: the lesson left files behind: {left}")
    if not agree(result.stdout, expected, arguments.trains):
        lines = difflib.unified_diff(expected.splitlines(), result.stdout.splitlines(), arguments.expected, "printed", lineterm="")
        sys.exit("\n".join(["error: the lesson prints something else than stands beside it", *lines]))


main()
