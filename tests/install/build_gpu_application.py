#!/usr/bin/env python3
"""Builds gpu_application/ against an installed prefix, with no CUDA toolkit in reach, and looks at how it starts.

The program is built in three ways: with Cairn::cuda linked in (by CMake, and by one call with what pkg-config says), with
the plug-in opened at run time, and, from the same build, with neither. On any machine, with or without a driver,

  - it starts, computes on the CPU, and ends well, in the same time in each way
  - it says what "cuda:0" lacks here, or adds its numbers there
  - it needs no library of NVIDIA's to start, nor does the plug-in, which shows one function only
  - nothing installed for compilers remembers where it was built

usage: build_gpu_application.py APPLICATION PREFIX --cmake CMAKE --compiler COMPILER --built-in FOLDER...
"""
import argparse
import glob
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from package import pkg_config_flags, run

NO_BACKEND = "Torch not compiled with CUDA enabled"
NO_GPU = ["Found no NVIDIA driver on your system", "No CUDA GPUs are available", "The NVIDIA driver on your system is too old"]
SLOWER_START = 0.010  # seconds; opening the driver or cuBLAS takes longer


def faults_of_answer(way, answer, expected):
    if not answer.startswith("cpu: 2\n"):
        yield f"{way}: does not compute on the CPU: {answer}"
    if not any(f"cuda:0: {text}" in answer for text in expected):
        yield f"{way}: says {answer!r}; expected is one of {expected}"


def faults_of_needs(file, listing):
    """`listing`: what readelf says of the file's dynamic section."""
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", listing)
    if not needed:
        yield f"{file}: readelf lists no libraries"
    for library in needed:
        if re.match(r"lib(cu|nv)", library):
            yield f"{file}: cannot start without {library}"


def faults_of_exports(file, listing):
    shown = [line.split()[-1] for line in listing.splitlines()]
    if shown != ["cairn_backend"]:
        yield f"{file}: shows {shown[:10]}; a plug-in shows cairn_backend alone"


def faults_of_texts(prefix, folders):
    for file in glob.glob(os.path.join(prefix, "**", "*.cmake"), recursive=True) + glob.glob(os.path.join(prefix, "**", "*.pc"), recursive=True):
        with open(file) as text:
            content = text.read()
        yield from (f"{file}: holds {folder}" for folder in folders if folder in content)


def check_itself():
    found = [*faults_of_needs("program", "(NEEDED) Shared library: [libcublas.so.13]\n(NEEDED) Shared library: [libcuda.so.1]\n"),
             *faults_of_needs("program", ""), *faults_of_exports("plug-in", "0 T cairn_backend\n0 T cudaMalloc\n"),
             *faults_of_answer("linked", "cpu: 2\ncuda:0: something else\n", NO_GPU)]
    if len(found) != 5:
        sys.exit(f"error: this test does not see the faults planted for it: {found}")


def seconds_to_start(programs):
    """The shortest of several starts of each, taken in turn."""
    shortest = [float("inf")] * len(programs)
    for _ in range(15):
        for i, program in enumerate(programs):
            start = time.perf_counter()
            subprocess.run([program, "no", "device"], stdout=subprocess.DEVNULL, check=True)
            shortest[i] = min(shortest[i], time.perf_counter() - start)
    return shortest


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("application")
    parser.add_argument("prefix")
    parser.add_argument("--cmake", required=True)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--built-in", nargs="+", required=True)
    arguments = parser.parse_args()
    check_itself()
    for name in ("CUDA_HOME", "CUDA_PATH", "CUDACXX", "CUDAToolkit_ROOT", "LIBRARY_PATH", "LD_LIBRARY_PATH", "CAIRN_TEST_BACKEND"):
        os.environ.pop(name, None)
    os.environ["PATH"] = os.pathsep.join(folder for folder in os.environ["PATH"].split(os.pathsep) if not os.path.exists(os.path.join(folder, "nvcc")))

    plugin, = glob.glob(os.path.join(arguments.prefix, "**", "cairn", "libcairn_cuda.so"), recursive=True)
    gpu = ["2\n"] if os.path.exists("/dev/nvidia0") else NO_GPU
    with tempfile.TemporaryDirectory() as folder:
        run(arguments.cmake, "-S", arguments.application, "-B", folder, f"-DCMAKE_PREFIX_PATH={arguments.prefix}",
            f"-DCMAKE_CXX_COMPILER={arguments.compiler}", "-DCMAKE_BUILD_TYPE=Release")
        run(arguments.cmake, "--build", folder)
        linked, opened, by_hand = (os.path.join(folder, name) for name in ("linked", "opened", "by_hand"))
        run(arguments.compiler, "-std=c++20", "-O2", "-Wall", "-Wextra", "-Werror", "-DLINKED",
            os.path.join(arguments.application, "device_report.cpp"), "-o", by_hand, *pkg_config_flags(arguments.prefix, "cairn-cuda"))
        faults = [*faults_of_answer("linked", run(linked), gpu),
                  *faults_of_answer("linked by hand", run(by_hand), gpu),
                  *faults_of_answer("opened", run(opened, os.path.dirname(plugin)), gpu),
                  *faults_of_answer("neither", run(opened), [NO_BACKEND]),
                  *faults_of_exports(plugin, run("nm", "-D", "--defined-only", plugin)),
                  *faults_of_texts(arguments.prefix, arguments.built_in)]
        for file in (linked, by_hand, plugin):
            faults += faults_of_needs(file, run("readelf", "-d", file))
        with_backend, without = seconds_to_start([linked, opened])
        print(f"linked: {run(linked)}a start takes {with_backend * 1e3:.1f} ms with the backend linked in, {without * 1e3:.1f} ms without")
        if with_backend > without + SLOWER_START:
            faults.append("the linked backend makes the start slower")
    print(*faults, sep="\n")
    print(f"{len(faults)} faults")
    sys.exit(bool(faults))


main()
