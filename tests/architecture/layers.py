#!/usr/bin/env python3
"""A layer includes only layers below it: anything else does not compile.

Every layer has an include root of its own (cmake/layer.cmake). This test takes the include roots that a source of each
layer was really compiled with, and tries every layer's umbrella header with them: those on or below its own level must
compile, every other must be unknown to the compiler. The first half is what shows that the second can fail.

usage: layers.py SOURCE_FOLDER COMPILE_COMMANDS
"""
import json
import os
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

MAY_INCLUDE = {
    "core": {"core"},
    "nn": {"nn", "core"},
    "optim": {"optim", "core"},
    "io": {"io", "core"},
    "cuda": {"cuda", "core"},
    "train": {"train", "nn", "optim", "io", "interop", "core"},
}
HEADERS = ["core", "nn", "optim", "io", "cuda", "train"]


def compile_command(commands, root, layer):
    """The compiler and include roots of the first source in the layer's folder. (Without a toolkit, those of cuda are
    compiled for the tests' emulation.)"""
    folder = os.path.join(root, layer)
    for entry in commands:
        if os.path.dirname(entry["file"]) == folder and entry["file"].endswith(".cpp"):
            words = shlex.split(entry["command"])
            roots = [word for word in words if word.startswith("-I")]
            roots += [flag for i, word in enumerate(words) if word == "-isystem" for flag in words[i:i + 2]]
            compiler = next(word for word in words if not os.path.basename(word).startswith("ccache"))
            return [compiler, "-std=c++20", "-fsyntax-only", *roots]
    sys.exit(f"error: {layer}: no source of this layer is compiled")


def compiles(command, header):
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "include.cpp")
        with open(source, "w") as file:
            file.write(f"#include <cairn/{header}.h>\n")
        result = subprocess.run([*command, source], capture_output=True, text=True)
    if result.returncode == 0:
        return True
    if f"cairn/{header}.h: No such file or directory" in result.stderr or f"'cairn/{header}.h' file not found" in result.stderr:
        return False
    sys.exit(f"error: <cairn/{header}.h> fails for another reason than its place:\n{result.stderr}")


def main():
    root, commands_file = os.path.abspath(sys.argv[1]), sys.argv[2]
    with open(commands_file) as file:
        commands = json.load(file)
    trials = [(layer, header, compile_command(commands, root, layer)) for layer in MAY_INCLUDE for header in HEADERS]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        seen = list(pool.map(lambda trial: compiles(trial[2], trial[1]), trials))
    faults = 0
    for (layer, header, _), compiled in zip(trials, seen):
        wanted = header in MAY_INCLUDE[layer]
        if compiled != wanted:
            faults += 1
            print(f"{layer}: #include <cairn/{header}.h> {'compiles, and must not' if compiled else 'does not compile, and must'}")
    print(f"{len(trials)} includes tried, {faults} faults")
    sys.exit(faults != 0)


main()
