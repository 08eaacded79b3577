#!/usr/bin/env python3
"""What the compiler does not check about the sources.

Third parties, operating-system headers and intrinsics stay in the files named for them, so that replacing one, or moving
to another platform, is a matter of those files. Includes are written one way. Every file opens with its concept, and none
outgrows a reader. (The order of the layers is the compiler's to check: layers.py.)

usage: files.py SOURCE_FOLDER
"""
import os
import re
import sys
import tempfile
from fnmatch import fnmatch

# Where a header that is neither Cairn's nor the standard library's may be included. `*` also matches a slash.
HOMES = {
    # third parties
    "Eigen/*": ["core/cpu/*", "benchmarks/peers/plain_eigen.cpp"],
    "torch/*": ["benchmarks/peers/libtorch.cpp"],
    "zstd.h": ["io/codecs/zstd.cpp"],
    "xxhash.h": ["io/checksum.cpp", "io/kernels/hash.cpp"],
    "zlib.h": ["train/gzip*.cpp"],
    "CLI/*": ["tools/*", "benchmarks/*"],
    "fmt/*": ["tools/*", "benchmarks/*"],
    "nlohmann/*": ["tools/*", "benchmarks/*", "tests/*", "io/interop/*.cpp"],
    "catch2/*": ["tests/support/catch.h"],
    # intrinsics
    "*intrin.h": ["core/cpu/*", "io/kernels/*"],
    "cuda_runtime*.h": ["cuda/*", "tests/cuda/*"],
    "cublas_v2.h": ["cuda/blas.cpp", "tests/cuda/emulation/*"],
    # the operating system, and what the compiler knows of types
    "sys/single_threaded.h": ["core/reference.h"],
    "sys/mman.h": ["core/huge_pages_posix.cpp", "core/sim_backend.cpp", "io/*_posix.cpp", "tests/*"],
    "sys/*": ["io/*_posix.cpp", "tools/terminal.cpp", "tests/*", "benchmarks/*"],
    "unistd.h": ["io/*_posix.cpp", "tools/terminal.cpp", "tests/*", "benchmarks/*"],
    "dlfcn.h": ["core/plugin_posix.cpp", "cuda/library_posix.cpp", "tests/*"],
    "fcntl.h": ["io/*_posix.cpp", "tests/*", "benchmarks/*"],
    "poll.h": ["io/*_posix.cpp"],
    "arpa/inet.h": ["tests/*"],
    "netinet/in.h": ["tests/*"],
    "sched.h": ["tests/*"],
    "stdlib.h": ["tests/support/*"],
    "ucontext.h": ["tests/cuda/emulation/*"],
    "sanitizer/*": ["tests/cuda/emulation/*"],
    "cxxabi.h": ["nn/module_print.cpp"],
}
SOURCES = ["core", "nn", "optim", "io", "cuda", "train", "tools", "lessons", "tests", "benchmarks", "cairn.h"]
DATA = ["tests/golden/reference"]
LONGEST_FILE = 500

STANDARD = set("""
algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits clocale
cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib
cstring ctime cuchar cwchar cwctype deque exception execution filesystem format forward_list fstream functional future
initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map memory memory_resource mutex new
numbers numeric optional ostream queue random ranges ratio regex scoped_allocator semaphore set shared_mutex source_location
span sstream stack stdexcept stop_token streambuf string string_view strstream syncstream system_error thread tuple
type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector version""".split())


def may_include(path, header):
    if header.startswith("cairn/") or header in STANDARD:
        return True
    homes = [home for pattern, homes in HOMES.items() if fnmatch(header, pattern) for home in homes]
    return any(fnmatch(path, home) for home in homes)


def faults_of_file(path, text, has_header):
    lines = text.splitlines()
    if not text.startswith("//") and not has_header:
        yield f"{path}:1: does not open with its concept, a comment"
    if path.endswith(".h") and "\n#pragma once\n" not in text:
        yield f"{path}: a header without #pragma once"
    if len(lines) > LONGEST_FILE:
        yield f"{path}: {len(lines)} lines; split it, or raise LONGEST_FILE and say why"
    for number, line in enumerate(lines, 1):
        found = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if not found:
            continue
        quote, header = found.groups()
        of_program = path.startswith(("tests/", "benchmarks/", "tools/", "lessons/")) and ".." not in header
        if quote == '"' and not of_program:
            yield f'{path}:{number}: #include "{header}"; write <cairn/...>'
        elif quote == "<" and not may_include(path, header):
            yield f"{path}:{number}: <{header}> has no business here; see HOMES in tests/architecture/files.py"


def faults_of_tree(root):
    for top in SOURCES:
        folders = os.walk(os.path.join(root, top)) if os.path.isdir(os.path.join(root, top)) else [(root, [], [top])]
        for folder, _, names in folders:
            relative = os.path.relpath(folder, root)
            if any(relative.startswith(data) for data in DATA):
                continue
            for name in sorted(names):
                path = os.path.normpath(os.path.join(relative, name))
                if name.endswith((".h", ".cpp", ".cu")) and os.path.exists(os.path.join(root, path)):
                    with open(os.path.join(root, path), encoding="utf-8") as file:
                        # a source with a header of its name, its part for a platform, and that header's test, are
                        # explained there
                        beside = re.sub(r"(_test|_posix)?\.cpp$", ".h", path)
                        headers = [beside, beside.removeprefix("tests/")]
                        has_header = path.endswith(".cpp") and any(os.path.exists(os.path.join(root, header)) for header in headers)
                        yield from faults_of_file(path, file.read(), has_header)


# Each of these must be found, or this test could not fail.
FAULTY = {
    "nn/kernel.cpp": ("// A kernel.\n#include <Eigen/Core>\n", "<Eigen/Core> has no business here"),
    "io/reader.cpp": ("// A reader.\n#include <zstd.h>\n", "<zstd.h> has no business here"),
    "train/data.cpp": ("// Data.\n#include <unistd.h>\n", "<unistd.h> has no business here"),
    "core/fast.cpp": ("// Fast.\n#include <immintrin.h>\n", "<immintrin.h> has no business here"),
    "train/fast.cu": ("// Fast.\n#include <cuda_runtime.h>\n", "<cuda_runtime.h> has no business here"),
    "cuda/product.cpp": ("// A product.\n#include <cublas_v2.h>\n", "<cublas_v2.h> has no business here"),
    "cuda/opened.cpp": ("// Opened.\n#include <dlfcn.h>\n", "<dlfcn.h> has no business here"),
    "cuda/eigen.cu": ("// Arrays.\n#include <Eigen/Core>\n", "<Eigen/Core> has no business here"),
    "cuda/bare.cu": ("int x;\n", "does not open with its concept"),
    "core/strange.cpp": ("// Strange.\n#include <boost/any.hpp>\n", "<boost/any.hpp> has no business here"),
    "nn/relative.cpp": ('// Relative.\n#include "nn/module.h"\n', "write <cairn/...>"),
    "nn/bare.cpp": ("int x;\n", "does not open with its concept"),
    "nn/twice.h": ("// Twice.\n", "without #pragma once"),
    "optim/long.cpp": ("// Long.\n" * (LONGEST_FILE + 1), "lines; split it"),
}


def check_itself():
    with tempfile.TemporaryDirectory() as root:
        for path, (text, _) in FAULTY.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w") as file:
                file.write(text)
        found = list(faults_of_tree(root))
    for path, (_, wanted) in FAULTY.items():
        if not any(fault.startswith(path) and wanted in fault for fault in found):
            sys.exit(f"error: this test does not see the fault planted in {path}")
    if len(found) != len(FAULTY):
        sys.exit("error: this test sees faults where none are:\n  " + "\n  ".join(found))


def main():
    check_itself()
    faults = list(faults_of_tree(sys.argv[1]))
    print(*faults, sep="\n")
    print(f"{len(faults)} faults")
    sys.exit(bool(faults))


main()
