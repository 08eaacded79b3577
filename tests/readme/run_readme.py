#!/usr/bin/env python3
"""Holds the README to its word.

Every ```cpp block that has a main() is a program: it is compiled against the installed package and run in an empty folder,
and when a ```text block follows it, that must be what it prints. Every other ```cpp block must compile as a part of a
program that includes <cairn/cairn.h>.

usage: run_readme.py README PREFIX --compiler COMPILER
"""
import argparse
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from package import pkg_config_flags, run

BLOCK = re.compile(r"^```cpp\n(.*?)^```\n(?:\n*(?:[^\n`#][^\n]*\n\n)?```text\n(.*?)^```\n)?", re.M | re.S)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("readme")
    parser.add_argument("prefix")
    parser.add_argument("--compiler", required=True)
    arguments = parser.parse_args()
    with open(arguments.readme, encoding="utf-8") as file:
        text = file.read()
    blocks = BLOCK.findall(text)
    programs = outputs = 0
    flags = pkg_config_flags(arguments.prefix)
    for code, wanted in blocks:
        with tempfile.TemporaryDirectory() as folder:
            source, program = os.path.join(folder, "block.cpp"), os.path.join(folder, "block")
            is_program = "int main(" in code
            with open(source, "w", encoding="utf-8") as file:
                file.write(code if is_program else "#include <cairn/cairn.h>\nusing namespace cairn;\n" + code)
            if not is_program:
                run(arguments.compiler, "-std=c++20", "-Wall", "-Wextra", "-fsyntax-only", source, *flags)
                continue
            run(arguments.compiler, "-std=c++20", "-Wall", "-Wextra", source, "-o", program, *flags)
            printed = run(program, cwd=folder)
            programs += 1
            if wanted:
                outputs += 1
                if printed.split("\n") != wanted.split("\n"):
                    sys.exit(f"error: the README says that this program prints\n{wanted}\nbut it prints\n{printed}")
    print(f"{len(blocks)} blocks, {programs} of them programs, {outputs} outputs compared")
    if not programs or not outputs:
        sys.exit("error: the README shows no program with its output")


main()
