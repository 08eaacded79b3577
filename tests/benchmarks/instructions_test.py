#!/usr/bin/env python3
"""benchmarks/instructions.py with a valgrind that counts what it is told to.

It must take the difference of two runs, so that start-up does not count, say what got dearer, and fail then and only then.

usage: instructions_test.py SOURCE_FOLDER
"""
import json
import os
import subprocess
import sys
import tempfile

SCRIPT = os.path.join(sys.argv[1], "benchmarks", "instructions.py")
VALGRIND = """#!/bin/sh
# valgrind --tool=callgrind --callgrind-out-file=... PROGRAM CASE WHAT STEPS SET
each=%d; [ "$5" = infer_row ] && each=%d
echo "==1== Collected : $((123456 + each * $6))" >&2
"""


def run(folder, *arguments, path=None, status=0):
    command = [sys.executable, SCRIPT, folder, "--results", folder, *arguments]
    environment = dict(os.environ, PATH=(path or folder + os.pathsep + os.environ["PATH"]))
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    check(result.returncode == status, f"{command} ended with {result.returncode}, not {status}", result.stdout)
    return result.stdout


def check(condition, what, text):
    if not condition:
        sys.exit(f"error: {what}:\n{text}")


def set_counts(folder, step, row):
    path = os.path.join(folder, "valgrind")
    with open(path, "w") as file:
        file.write(VALGRIND % (step, row))
    os.chmod(path, 0o755)


with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "CMakeCache.txt"), "w") as file:
        file.write("CMAKE_CXX_COMPILER:FILEPATH=/bin/echo\n")
    check("there is no valgrind" in run(folder, path="/nowhere", status=1), "it does not say what is missing", "")

    set_counts(folder, 20000, 3000)
    run(folder, "--record")
    with open(os.path.join(folder, "instructions.json")) as file:
        recorded = json.load(file)["instructions"]
    check(recorded == {"sgd_step": 20000, "adam_step": 20000, "infer_row": 3000}, "wrong counts were recorded", recorded)
    check(run(folder).count("as recorded") == 3, "what is as recorded is not said to be", "")

    set_counts(folder, 20000, 3100)
    printed = run(folder, status=1)
    check(printed.count("as recorded") == 2 and "(+3.3%): dearer" in printed, "what got dearer is not named", printed)
    set_counts(folder, 18000, 3000)
    printed = run(folder)
    check(printed.count("(-10.0%): cheaper") == 2, "what got cheaper is not named", printed)
    check(json.loads(run(folder, "--json"))["instructions"]["sgd_step"] == 18000, "--json does not say what was counted", "")
print("all is as it should be")
