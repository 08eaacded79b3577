#!/usr/bin/env python3
"""How many instructions a training step of the smallest network takes, counted by valgrind, beside those recorded.

Counts repeat where times do not: a change that makes the step dearer shows at once, on any machine and beside any other
load. A run of 1,000 steps and one of 3,000 are counted, and the difference is divided by 2,000, so that start and end do
not count. The instruction set is AVX2, which valgrind knows and most machines have. A compiler other than the recorded one
gives other counts; the record says which it was.

usage: instructions.py BUILD_FOLDER [--record] [--json] [--results FOLDER]

Exit status: 1 where a count is more than 3 % above the recorded one.
"""
import argparse
import json
import os
import re
import subprocess
import sys

CASE = "mlp-3-5-2-b4"
WHATS = ["sgd_step", "adam_step", "infer_row"]
INSTRUCTION_SET = "avx2"
STEPS = (1000, 3000)
TOLERANCE = 0.03
RESULTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "results")


def count(program, what, steps):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, CASE, what, str(steps), INSTRUCTION_SET]
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    except FileNotFoundError:
        sys.exit("error: there is no valgrind; it is Debian's package valgrind")
    collected = re.search(r"Collected : (\d+)", result.stderr)
    if result.returncode != 0 or not collected:
        sys.exit(f"error: {' '.join(command)} ended with {result.returncode}:\n{result.stderr}")
    return int(collected.group(1))


def compiler_of(build):
    with open(os.path.join(build, "CMakeCache.txt")) as cache:
        command = re.search(r"(?m)^CMAKE_CXX_COMPILER:\w+=(.*)$", cache.read()).group(1)
    return subprocess.run([command, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="the build folder")
    parser.add_argument("--record", action="store_true", help="write the counts to instructions.json")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--results", default=RESULTS, help="where instructions.json is (benchmarks/results)")
    arguments = parser.parse_args()

    record = os.path.join(arguments.results, "instructions.json")
    program = os.path.join(arguments.build, "benchmarks", "steps")
    counts = {what: round((count(program, what, STEPS[1]) - count(program, what, STEPS[0])) / (STEPS[1] - STEPS[0])) for what in WHATS}
    found = {"case": CASE, "instruction_set": INSTRUCTION_SET, "compiler": compiler_of(arguments.build), "instructions": counts}
    if arguments.json:
        print(json.dumps(found))
    if arguments.record:
        with open(record, "w") as file:
            json.dump(found, file, indent=2)
            file.write("\n")
        if not arguments.json:
            print(f"recorded in {os.path.relpath(record)}: {counts}")
        return
    with open(record) as file:
        recorded = json.load(file)
    if recorded["compiler"] != found["compiler"]:
        print(f"recorded with {recorded['compiler']}, counted with {found['compiler']}: they compare loosely", file=sys.stderr)
    dearer = False
    for what, number in counts.items():
        before = recorded["instructions"][what]
        change = number / before - 1
        verdict = "dearer" if change > TOLERANCE else "cheaper: record it" if change < -TOLERANCE else "as recorded"
        dearer |= change > TOLERANCE
        if not arguments.json:
            print(f"{CASE}  {what:10} {number:7} instructions, recorded {before:7} ({change:+.1%}): {verdict}")
    sys.exit(1 if dearer else 0)


main()
