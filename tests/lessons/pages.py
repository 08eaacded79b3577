#!/usr/bin/env python3
"""A lesson is a page: it opens with its idea, has fewer than 80 lines, its output beside it, and its place in the
list, which has no others.

usage: pages.py FOLDER_OF_LESSONS
"""
import os
import re
import sys
import tempfile

LINES = 80


def faults_of(root):
    with open(os.path.join(root, "README.md"), encoding="utf-8") as file:
        listed = file.read()
    for path in re.findall(r"\]\(([^)]*)\)", listed):
        if not os.path.exists(os.path.join(root, path)):
            yield f"README.md: {path} is not there"
    for folder, _, names in sorted(os.walk(root)):
        relative = os.path.relpath(folder, root)
        for name in sorted(names):
            path = os.path.join(relative, name)
            stem, suffix = os.path.splitext(name)
            if relative == "." or suffix not in (".h", ".cpp", ".txt"):
                continue
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                lines = file.read().splitlines()
            if suffix == ".txt" and stem + ".cpp" not in names:
                yield f"{path}: no lesson prints this"
            if suffix != ".txt" and len(lines) >= LINES:
                yield f"{path}: {len(lines)} lines; a lesson has fewer than {LINES}"
            if suffix == ".cpp":
                if not lines or not lines[0].startswith("// "):
                    yield f"{path}: does not open with its idea"
                if stem + ".txt" not in names:
                    yield f"{path}: its output is not beside it"
                if f"]({path})" not in listed:
                    yield f"{path}: README.md does not list it"


def check_itself():
    with tempfile.TemporaryDirectory() as root:
        os.mkdir(os.path.join(root, "1"))
        for name, text in {
                "README.md": "[right](1/right.cpp) [long](1/long.cpp) [bare](1/bare.cpp) [silent](1/silent.cpp) [none](2/none.cpp)",
                "1/right.cpp": "// Right.\n", "1/right.txt": "", "1/long.cpp": "// Long.\n" * LINES, "1/long.txt": "",
                "1/bare.cpp": "int x;\n", "1/bare.txt": "", "1/silent.cpp": "// Silent.\n",
                "1/unlisted.cpp": "// Unlisted.\n", "1/unlisted.txt": "", "1/gone.txt": ""}.items():
            with open(os.path.join(root, name), "w") as file:
                file.write(text)
        found = [fault.split(":")[0] for fault in faults_of(root)]
    if sorted(found) != ["1/bare.cpp", "1/gone.txt", "1/long.cpp", "1/silent.cpp", "1/unlisted.cpp", "README.md"]:
        sys.exit(f"error: this test sees other faults than were planted for it: {found}")


def main():
    check_itself()
    faults = list(faults_of(sys.argv[1]))
    print(*faults, sep="\n")
    print(f"{len(faults)} faults")
    sys.exit(bool(faults))


main()
