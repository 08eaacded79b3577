#!/usr/bin/env python3
"""Builds application/ against an installed prefix, runs it, and cleans up.

  find_package   by CMake, as a project of its own that knows nothing but the prefix
  pkg_config     by one call of the compiler with what pkg-config says
  size           as pkg_config, optimised and stripped; the program must stay below LARGEST_PROGRAM bytes

usage: build_application.py WAY APPLICATION PREFIX --cmake CMAKE --compiler COMPILER
"""
import argparse
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from package import pkg_config_flags, run

LARGEST_PROGRAM = 2_800_000


def by_find_package(arguments, folder):
    build = os.path.join(folder, "build")
    run(arguments.cmake, "-S", arguments.application, "-B", build, f"-DCMAKE_PREFIX_PATH={arguments.prefix}",
        f"-DCMAKE_CXX_COMPILER={arguments.compiler}", "-DCMAKE_BUILD_TYPE=Release")
    run(arguments.cmake, "--build", build)
    return os.path.join(build, "trainer")


def by_pkg_config(arguments, folder):
    program = os.path.join(folder, "trainer")
    run(arguments.compiler, "-std=c++20", "-O2", "-Wall", "-Wextra", "-Werror", os.path.join(arguments.application, "trainer.cpp"),
        "-o", program, *pkg_config_flags(arguments.prefix))
    return program


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=["find_package", "pkg_config", "size"])
    parser.add_argument("application")
    parser.add_argument("prefix")
    parser.add_argument("--cmake", required=True)
    parser.add_argument("--compiler", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program = (by_find_package if arguments.way == "find_package" else by_pkg_config)(arguments, folder)
        if arguments.way == "size":
            run("strip", program)
            size = os.path.getsize(program)
            print(f"the stripped trainer takes {size} bytes; at most {LARGEST_PROGRAM} are allowed")
            sys.exit(size > LARGEST_PROGRAM)
        print(run(program, os.path.join(folder, "classifier.cairn")), end="")


main()
