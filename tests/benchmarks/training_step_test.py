#!/usr/bin/env python3
"""training_step prints what scripts rely on: one line of JSON, with peers, the peak and the ratio of threads where they
belong.

usage: training_step_test.py TRAINING_STEP
"""
import json
import subprocess
import sys


def results(*arguments):
    command = [sys.argv[1], "--json", "--case", "mlp-3-5-2-b4", *arguments]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    check(printed.count("\n") == 1, "not one line", printed)
    return json.loads(printed)["results"]


def check(condition, what, found):
    if not condition:
        sys.exit(f"error: {what}:\n{found}")


found = results("--what", "forward_backward", "--what", "infer_row")
for result, what in zip(found, ["forward_backward", "infer_row"]):
    check((result["case"], result["what"], result["threads"]) == ("mlp-3-5-2-b4", what, 1), "the wrong work", result)
    check(result["microseconds"] > 0 and result["eigen_microseconds"] > 0, "no times", result)
check(0 < found[0]["of_peak"] < 1 and found[0]["gflops"] < found[0]["peak_gflops"], "more than the machine can do", found[0])
check("of_peak" not in found[1] and found[1]["plain_microseconds"] > 0, "a row has a peer and no peak", found[1])

(pair,) = results("--what", "infer_row", "--threads-ratio")
check(pair["threads"] == 2 and pair["one_thread_microseconds"] > 0 and pair["ratio_to_one_thread"] > 0, "no ratio", pair)
print("all is as it should be")
