#!/usr/bin/env python3
"""Every installed header stands alone, brings in no third party, and keeps its macros to itself.

Compiles each header under the prefix as the only line of a program, with all warnings as errors; a header that lost an
include fails. Cairn's headers may include Cairn's headers and the standard library, and define no macro that is not
named CAIRN_. <sys/single_threaded.h> (in core/reference.h, for cheap counts) is the one header of the operating system.
Where there is an nvcc, it must take them as well, so that an application's own .cu files may include them.

usage: headers.py INCLUDE_FOLDER COMPILER [NVCC]
"""
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ALLOWED = {"cairn/core/reference.h": {"sys/single_threaded.h"}}


def includes_of(text):
    return re.findall(r"^\s*#\s*include\s*[<\"]([^>\"]+)[>\"]", text, re.M)


def text_faults(header, text, exists):
    for macro in re.findall(r"^\s*#\s*define\s+(\w+)", text, re.M):
        if not macro.startswith("CAIRN_"):
            yield f"{header}: defines the macro {macro}; a public one is named CAIRN_..."
    for include in includes_of(text):
        if include.startswith("cairn/"):
            if not exists(include):
                yield f"{header}: includes <{include}>, which is not installed"
        elif not re.fullmatch(r"[a-z_]+", include) and include not in ALLOWED.get(header, ()):
            yield f"{header}: includes <{include}>, which is not the standard library's"


def errors_of(command, include_folder, headers, name):
    """What the compiler says of a source that includes the headers and holds nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, name)
        with open(source, "w") as file:
            file.writelines(f"#include <{header}>\n" for header in headers)
        result = subprocess.run([*command, "-std=c++20", "-I", include_folder, source], capture_output=True, text=True, cwd=folder)
    return result.stdout + result.stderr if result.returncode else ""


def compile_faults(compiler, include_folder, header):
    errors = errors_of([compiler, "-fsyntax-only", "-Wall", "-Wextra", "-Werror"], include_folder, [header], "alone.cpp")
    return [f"{header}: does not compile alone:\n{errors}"] if errors else []


def nvcc_faults(nvcc, compiler, include_folder, headers):
    errors = errors_of([nvcc, "-ccbin", compiler, "-c", "-arch=sm_90", "-Werror=all-warnings"], include_folder, headers, "all.cu")
    return [f"nvcc does not take the headers:\n{errors}"] if errors else []


def check_itself(compiler, nvcc):
    faulty = '#include <vector>\n#include <Eigen/Core>\n#include <cairn/core/gone.h>\n#define MAX 1\n#define CAIRN_MAX 1\n'
    found = list(text_faults("cairn/nn/faulty.h", faulty, lambda path: False))
    if len(found) != 3:
        sys.exit(f"error: this test does not see the faults planted for it: {found}")
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "faulty.h"), "w") as file:
            file.write("#pragma once\ninline std::vector<int> numbers;\n")
        if not compile_faults(compiler, folder, "faulty.h"):
            sys.exit("error: this test accepts a header that lacks an include")
        if nvcc and not nvcc_faults(nvcc, compiler, folder, ["faulty.h"]):
            sys.exit("error: this test accepts a header that nvcc does not")


def main():
    include_folder, compiler, *nvcc = sys.argv[1:]
    nvcc = nvcc[0] if nvcc else None
    check_itself(compiler, nvcc)
    headers = sorted(os.path.relpath(os.path.join(folder, name), include_folder)
                     for folder, _, names in os.walk(os.path.join(include_folder, "cairn")) for name in names)
    if not headers:
        sys.exit(f"error: no headers under {include_folder}")
    faults = []
    for header in headers:
        with open(os.path.join(include_folder, header), encoding="utf-8") as file:
            faults += text_faults(header, file.read(), lambda path: os.path.exists(os.path.join(include_folder, path)))
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda header: compile_faults(compiler, include_folder, header), headers):
            faults += found
    if nvcc:
        faults += nvcc_faults(nvcc, compiler, include_folder, headers)
    print(*faults, sep="\n")
    print(f"{len(headers)} headers, {len(faults)} faults")
    sys.exit(bool(faults))


main()
