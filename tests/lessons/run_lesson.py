#!/usr/bin/env python3
"""A lesson prints what stands beside it, and leaves no file behind.

The two must agree to the letter. Of a lesson that trains, the digits of numbers with a point may differ a little, because
other machines round otherwise; everything between them must agree all the same. On another type of device than the one
the lessons run on by themselves, the type's name, white space (lines break elsewhere when a name is longer) and how many
devices there are may differ, and nothing else.

usage: run_lesson.py PROGRAM EXPECTED [--trains] [--device DEVICE --plugin FILE]
"""
import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile

TOLERANCE = 1e-3
# AddressSanitizer's, of the contexts that an emulated GPU switches between.
EMULATION_NOTE = re.compile(r"^==\d+==WARNING: ASan doesn't fully support makecontext/swapcontext functions.*\n", re.M)
NUMBER = re.compile(r"-?\d+\.\d*(?:e[-+]?\d+)?")


def agree(printed, expected, trains=False, device=None):
    if device:
        printed, expected = without_device(printed, device.split(":")[0]), without_device(expected, "sim")
    if not trains:
        return printed == expected
    if NUMBER.split(printed) != NUMBER.split(expected):
        return False
    pairs = zip(NUMBER.findall(printed), NUMBER.findall(expected))
    return all(abs(float(a) - float(b)) <= TOLERANCE for a, b in pairs)


def without_device(text, device_type):
    text = text.replace(device_type, "TYPE").replace(device_type.upper(), "TYPE")
    return "".join(re.sub(r"device_count\(\) is \d+", "device_count() is N", text).split())


def beside_plugin(program, plugin, build):
    """The program in a build folder of its own, whose plug-in is the one given: a lesson looks for it two folders up."""
    for library in os.scandir(os.path.dirname(plugin)):  # with those that the plug-in opens
        os.symlink(library.path, os.path.join(build, library.name))
    folder = os.path.join(build, "lessons", "one")
    os.makedirs(folder)
    os.symlink(program, os.path.join(folder, "program"))
    return os.path.join(folder, "program")


def check_itself():
    assert agree("loss 0.25\n", "loss 0.25\n") and not agree("loss 0.25\n", "loss 0.250\n")
    assert not agree("loss 0.25\n", "loss  0.25\n") and not agree("on cuda:0\n", "on sim:0\n")
    assert agree("loss 0.2502 of 3\n", "loss 0.25 of 3\n", trains=True)
    assert not agree("loss 0.252 of 3\n", "loss 0.25 of 3\n", trains=True)
    assert not agree("loss 0.25 of 4\n", "loss 0.25 of 3\n", trains=True) and not agree("0.5\n0.5\n", "0.5\n", trains=True)
    assert agree("on\ncuda:0\n", "on sim:0\n", device="cuda:0") and not agree("on cuda:1\n", "on sim:0\n", device="cuda:0")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("expected")
    parser.add_argument("--trains", action="store_true")
    parser.add_argument("--device")
    parser.add_argument("--plugin")
    arguments = parser.parse_args()
    check_itself()
    with open(arguments.expected, encoding="utf-8", newline="") as file:
        expected = file.read()
    with tempfile.TemporaryDirectory() as build, tempfile.TemporaryDirectory() as folder:
        program = beside_plugin(arguments.program, arguments.plugin, build) if arguments.plugin else arguments.program
        command = [program, *(["--device", arguments.device] if arguments.device else [])]
        result = subprocess.run(command, capture_output=True, text=True, cwd=folder, env={**os.environ, "TMPDIR": folder})
        left = os.listdir(folder)
    said = EMULATION_NOTE.sub("", result.stderr)
    if result.returncode or said:
        sys.exit(f"error: the lesson ended with {result.returncode} and said\n{said}")
    if left:
        sys.exit(f"error: the lesson left files behind: {left}")
    if not agree(result.stdout, expected, arguments.trains, arguments.device):
        lines = difflib.unified_diff(expected.splitlines(), result.stdout.splitlines(), arguments.expected, "printed", lineterm="")
        sys.exit("\n".join(["error: the lesson prints something else than stands beside it", *lines]))


main()
