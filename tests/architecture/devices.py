#!/usr/bin/env python3
"""No code but a backend's own knows a device by name.

A tensor's device is a value: what is done with it may not ask whether it is "cuda" or "sim", or the next backend would
have to be taught to every such place. So neither word stands in an identifier or a text of the code outside the files in
KNOW, where a backend is made and where the names of types are listed. Comments may give examples, and tests may choose.
A text that has to show a name takes it from the device (to_string, name); a program that wants an accelerator asks
which there are (available_devices). Lessons run on a device that every machine has, which one place names.

usage: devices.py SOURCE_FOLDER
"""
import os
import re
import sys
import tempfile
from fnmatch import fnmatch

KNOW = ["cuda/*", "core/sim_backend.cpp", "core/builtin_backends.*", "core/device.h", "core/device.cpp",
        "lessons/lesson.cpp"]
SOURCES = ["core", "nn", "optim", "io", "cuda", "train", "tools", "lessons", "benchmarks", "cairn.h"]
DEVICES = {"cuda", "sim"}

TOKEN = re.compile(r"""
    (?P<comment>  //[^\n]* | /\*.*?\*/ )
  | (?P<text>     R"(?P<mark>\w*)\(.*?\)(?P=mark)" | "(?:\\.|[^"\\\n])*" )
  | (?P<other>    \d[\w'.]* | '(?:\\.|[^'\\\n])*' )
  | (?P<name>     [A-Za-z_]\w* )
  """, re.VERBOSE | re.DOTALL)


def words_of(name):
    """on_sim -> on, sim; CudaGpu -> cuda, gpu."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def faults_of_file(path, text):
    for token in TOKEN.finditer(text):
        found = set()
        if token["text"]:
            found = {word for word in DEVICES if re.search(rf"(?<![A-Za-z]){word}(?![A-Za-z])", token["text"], re.I)}
        elif token["name"]:
            found = words_of(token["name"]) & DEVICES
        for word in sorted(found):
            line = text.count("\n", 0, token.start()) + 1
            yield f"{path}:{line}: {token.group()} knows {word} by name"


def faults_of_tree(root):
    for top in SOURCES:
        path = os.path.join(root, top)
        files = [path] if os.path.isfile(path) else [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]
        for file in sorted(files):
            relative = os.path.relpath(file, root)
            if file.endswith((".h", ".cpp", ".cu")) and not any(fnmatch(relative, known) for known in KNOW):
                with open(file, encoding="utf-8") as source:
                    yield from faults_of_file(relative, source.read())


# What must be found, and what must not, or this test could not fail.
FAULTY = {
    "io/load.cpp": "bool first = device.type() == Device::Type::cuda;",
    "nn/module.cpp": 'if (to_string(device) == "sim:0") return;',
    "core/tensor.cpp": "const Backend& table = sim_backend();",
    "optim/adam.h": "#include <cairn/cuda/gpu.h>",
    "train/trainer.cpp": 'throw DeviceError("needs a CUDA device");',
    "tools/demo.cpp": 'auto text = R"(on cuda)";',
    "lessons/6_best/best.cpp": 'model.to("sim:0");',
    "benchmarks/speed.cpp": "int cudaCount = 1'000; // a comment",
}
FAULTLESS = {
    "core/sim_backend.cpp": 'const char* name = "sim";',
    "cuda/gpu.cpp": 'const char* name = "cuda";',
    "core/simple.cpp": 'int simd = 1\'0; int similar; // cuda, "sim:0"\n/* sim */ const char* text = "a simulation"; int c = \'"\'; // sim',
}


def check_itself():
    with tempfile.TemporaryDirectory() as root:
        for path, text in {**FAULTY, **FAULTLESS}.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w") as file:
                file.write(text + "\n")
        found = sorted(fault.split(":")[0] for fault in faults_of_tree(root))
    if found != sorted(FAULTY):
        sys.exit(f"error: faults were planted in {sorted(FAULTY)}, and this test sees them in {found}")


def main():
    check_itself()
    faults = list(faults_of_tree(sys.argv[1]))
    print(*faults, sep="\n")
    print(f"{len(faults)} faults")
    sys.exit(bool(faults))


main()
