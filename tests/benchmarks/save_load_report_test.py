#!/usr/bin/env python3
"""benchmarks/save_load_report.py on a section of small states, and the line protocol of save_load.

usage: save_load_report_test.py SOURCE_FOLDER BUILD_FOLDER
"""
import json
import os
import re
import subprocess
import sys
import tempfile

SOURCE, BUILD = sys.argv[1:]
REPORT = os.path.join(SOURCE, "benchmarks", "save_load_report.py")
PROGRAM = os.path.join(BUILD, "benchmarks", "save_load")


def check(holds, what, output):
    if not holds:
        sys.exit(f"error: {what}:\n{output}")


with tempfile.TemporaryDirectory() as folder:
    report = subprocess.run([sys.executable, REPORT, BUILD, folder, "--section", "Small, on disk", "--rounds", "2", "--folder", folder],
                            stdout=subprocess.PIPE, text=True, check=True).stdout
    for row in ["tiny, save", "tiny, load into new tensors"]:
        check(re.search(rf"(?m)^\| {row} \| [\d.,]+ us \| [\d.,]+ to [\d.,]+ \|$", report), f"no row of {row!r}", report)
    check(re.search(r"(?m)^\| tiny, save beside bare calls \| [\d.]+ x their time \|", report), "the bare calls are not compared", report)
    check(os.listdir(folder) == [], "a section alone was written, or a file was left", os.listdir(folder))

    for options, synced, warm in [([], False, True), (["--synced", "--cold"], True, False)]:
        served = subprocess.run([PROGRAM, "--serve", "--folder", folder, *options], stdout=subprocess.PIPE, text=True, check=True,
                                input="tiny save fast pread\ntiny load small mmap\nmany open none memory\ntiny save fast carrier-pigeon\n").stdout
        facts, save, load, opened, fault = map(json.loads, served.splitlines())
        check(facts["name"] == "Cairn", "it does not say who it is", served)
        check(save["bare_seconds"] > 0 and save["seconds"] > 0 and save["memcpy_seconds"] > 0, "a time is missing", served)
        check((load["case"], load["what"], load["preset"], load["io"]) == ("tiny", "load", "small", "mmap"), "another thing was done", served)
        check(save["synced"] is synced and load["warm"] is warm, "it does not say how", served)
        check("bare_seconds" not in opened, "there is no file", served)
        check("carrier-pigeon" in fault["error"], "a fault is not named", served)
    check(os.listdir(folder) == [], "a file was left", os.listdir(folder))
print("all is as it should be")
