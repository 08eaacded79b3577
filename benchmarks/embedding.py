#!/usr/bin/env python3
"""What embedding Cairn costs: the size of a small trainer, the time to start and end it, the time to compile it.

Installs build/ into a temporary folder and builds tests/install/application/trainer.cpp against it with pkg-config.

  size      stripped, linked to Cairn's static libraries
  run       the whole life of the program: start, 300 training steps of the 3-5-2 model, save, load, end
  start     the same with a single training step and no file: how long a program that uses Cairn takes to start and end
  compile   at -O2, beside a file that includes six large headers of the standard library; the ratio counts

usage: embedding.py [--json] [--build FOLDER]
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
from package import pkg_config_flags, run
SIX_HEADERS = "".join(f"#include <{name}>\n" for name in ["algorithm", "functional", "iostream", "map", "regex", "vector"])
SIX_HEADERS += "int main() {}\n"
START = """#include <cairn/cairn.h>
struct Classifier : cairn::nn::Module {
  cairn::nn::Child<cairn::nn::Linear> fc1{this, "fc1", 3, 5}, fc2{this, "fc2", 5, 2};
  cairn::Tensor forward(const cairn::Tensor& x) override { return fc2(cairn::relu(fc1(x))); }
};
int main() {
  Classifier model;
  cairn::optim::SGD sgd(model.parameters(), {.lr = 0.1, .momentum = 0.9});
  cairn::cross_entropy(model(cairn::rand({4, 3})), cairn::zeros({4}, {.dtype = cairn::DType::int64})).backward();
  sgd.step();
}
"""


def seconds(command, **options):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--compiler", default="g++")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run("cmake", "--install", arguments.build, "--prefix", folder)
        flags = pkg_config_flags(folder)
        with open(os.path.join(folder, "six.cpp"), "w") as file:
            file.write(SIX_HEADERS)
        with open(os.path.join(folder, "start.cpp"), "w") as file:
            file.write(START)
        sources = {"trainer": os.path.join(ROOT, "tests/install/application/trainer.cpp"), "start": os.path.join(folder, "start.cpp"),
                   "six": os.path.join(folder, "six.cpp")}
        compile_times = {name: [] for name in sources}
        for _ in range(5):
            for name, source in sources.items():
                output = os.path.join(folder, name + ".o")
                compile_times[name].append(seconds([arguments.compiler, "-std=c++20", "-O2", "-c", source, "-o", output, *flags]))
        for name in ("trainer", "start"):
            program = os.path.join(folder, name)
            run(arguments.compiler, program + ".o", "-o", program, *flags)
            run("strip", program)
        runs, starts = [], []
        for _ in range(30):
            runs.append(seconds([os.path.join(folder, "trainer")], cwd=folder))
            starts.append(seconds([os.path.join(folder, "start")], cwd=folder))
        result = {
            "stripped_bytes": os.path.getsize(os.path.join(folder, "trainer")),
            "run_milliseconds": statistics.median(runs) * 1e3,
            "start_milliseconds": statistics.median(starts) * 1e3,
            "compile_seconds": statistics.median(compile_times["trainer"]),
            "six_headers_seconds": statistics.median(compile_times["six"]),
        }
        result["compile_ratio"] = result["compile_seconds"] / result["six_headers_seconds"]
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:22} {value:12,.3f}" if isinstance(value, float) else f"{name:22} {value:12,}")


main()
