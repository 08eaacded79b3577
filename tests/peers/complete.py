#!/usr/bin/env python3
"""That every function of core/ops.h, and every member of a tensor, is among those that programs can call (functions.cpp),
so that one that is new is compared with PyTorch's as well. Needs no PyTorch.

usage: complete.py EVALUATE SOURCE_FOLDER
"""
import re
import subprocess
import sys

# What has no counterpart to compare with, or is compared elsewhere: by the golden cases, or as `leaf` and `backward`.
LEFT_OUT = set("""
defined device dtype is_deferred is_same shares_storage data raw_data grad set_grad grad_fn backward impl from_data from_borrowed
from_bytes tensor counted destroy_counted checked_data detach_ retain_grad retains_grad register_hook
register_post_accumulate_grad_hook release Tensor is_integer""".split())
DECLARED = re.compile(r"^\s*(?:inline )?(?:const )?[\w:<>]+[&*]? (\w+)\([^;]*(?:;|\{|,|$)")


def declared(header):
    return {match.group(1) for match in map(DECLARED.match, header.splitlines()) if match} - {"operator", "return"}


def missing(header, known):
    return sorted(declared(header) - known - LEFT_OUT)


def main():
    evaluate, root = sys.argv[1:]
    known = {name.partition(".")[0] for name in subprocess.run([evaluate, "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()}
    planted = "Tensor never_heard_of(const Tensor& x,\n  const Tensor& never_heard_of_() const;\n"
    if missing(planted, known) != ["never_heard_of", "never_heard_of_"]:
        sys.exit("error: this test does not see functions that are planted")
    faults = []
    for header in ("core/ops.h", "core/tensor.h"):
        with open(f"{root}/{header}", encoding="utf-8") as file:
            faults += [f"{header}: {name} is not in tests/peers/functions.cpp" for name in missing(file.read(), known)]
    print(*faults, f"{len(faults)} faults", sep="\n")
    sys.exit(bool(faults))


main()
