#!/usr/bin/env python3
"""benchmarks/gpu_report.py as `./dev gpu` uses it, on an emulated device and without a peer.

It must write a section for what was measured, a row for each case, replace a section of before, and leave alone what
others wrote on the page.

usage: gpu_report_test.py SOURCE_FOLDER BUILD_FOLDER
"""
import os
import re
import subprocess
import sys
import tempfile

SOURCE, BUILD = sys.argv[1:]
REPORT = os.path.join(SOURCE, "benchmarks", "gpu_report.py")


def run(*arguments, status=0):
    result = subprocess.run([sys.executable, REPORT, BUILD, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != status:
        sys.exit(f"error: {' '.join(arguments)} ended with {result.returncode}, not {status}:\n{result.stdout}")
    return result.stdout


def check(condition, what, text):
    if not condition:
        sys.exit(f"error: {what}:\n{text}")


def cases(section):
    listing = subprocess.run([os.path.join(BUILD, "benchmarks", "gpu"), "--tiny", "--list"], stdout=subprocess.PIPE, text=True, check=True)
    return [line.split()[1] for line in listing.stdout.splitlines() if line.split()[0] == section]


def rows(page):
    return re.findall(r"(?m)^\| (\S+) \| ([\d.,]+ [um]s[^|]*) \| - \| - \| `([^`]+)` \|$", page)


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "emulated-accelerator-tiny.md")
    device = ["--device", "sim:0", "--peer-device", "nowhere", "--tiny"]
    with open(path, "w") as file:
        file.write("# A page\n\n| stage | result |\n|---|---|\n| tests | ok |\n\n## Copies\n\nold figures\n\n## A note\n\nby hand\n")
    run(folder, *device, "--section", "copies", "--section", "files")
    with open(path) as file:
        page = file.read()
    check(page.startswith("# A page\n\n| stage | result |\n|---|---|\n| tests | ok |\n\n## Copies\n"), "the head did not stay", page)
    check("old figures" not in page and "## A note\n\nby hand\n" in page, "the wrong things were replaced", page)
    check("PyTorch was not measured: " in page, "it does not say that there is no peer", page)
    check([name for name, _, _ in rows(page)] == cases("copies") + cases("files"), "the rows are not the cases", page)

    again = dict((name, command) for name, _, command in rows(page))["to-host-1MiB"]
    printed = subprocess.run(again, shell=True, cwd=SOURCE, stdout=subprocess.PIPE, text=True, check=True).stdout
    check("| to-host-1MiB | " in printed, f"`{again}` does not print its figure", printed)
    with open(path) as file:
        check(file.read() == page, "a single figure was written to the page", printed)

    check("there is no" in run(folder, "--device", "sim:99", status=1), "a device that is not there is not named", "")
print("all is as it should be")
