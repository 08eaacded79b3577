#!/usr/bin/env python3
"""safetensors beside the benchmark save_load: the same states saved, under a name that is free, and loaded.

Reads "CASE WHAT", one of the cases of 1 GiB and save or load, and answers each line with {"seconds": ...}: of saving NumPy's arrays, or
of loading the file and copying it into arrays that were there. Its time is that of the library as it is used; it takes the threads it takes.

usage: save_load_safetensors.py --serve [--folder F] [--synced]
"""
import argparse
import json
import os
import sys
import tempfile
import time

import numpy
import safetensors
from safetensors.numpy import load_file, save_file


def state_of(name):
    """As save_load.cpp makes it; bfloat16, which NumPy has not, as two bytes."""
    random = numpy.random.default_rng(0)
    block = (random.standard_normal((1 << 20) + 4099) * 0.02).astype(numpy.float32)
    if name == "1gib-bf16":
        block = (block.view(numpy.uint32) >> 16).astype(numpy.uint16)
    return {f"layers.{i}.weight": numpy.resize(block, (8192 if name == "1gib-bf16" else 4096, 4096)) for i in range(16)}


def touch_free_memory(size):
    """As bare_files.h does."""
    numpy.empty(size, numpy.uint8)[::4096] = 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--serve", action="store_true", required=True)
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="where files are saved to")
    parser.add_argument("--synced", action="store_true", help="saves return when the file is on the disk")
    arguments = parser.parse_args()
    path = os.path.join(arguments.folder, f"cairn_benchmark_{os.getpid()}.safetensors")
    states = {}
    print(json.dumps({"name": "safetensors", "version": safetensors.__version__}), flush=True)
    try:
        for line in sys.stdin:
            name, what = line.split()
            if name not in states:
                states = {name: state_of(name)}  # one at a time
            state = states[name]
            if what == "load":
                save_file(state, path)
            else:
                if os.path.exists(path):
                    os.remove(path)
                touch_free_memory(sum(array.nbytes for array in state.values()) * 3 // 2)
            start = time.perf_counter()
            if what == "load":
                for key, array in load_file(path).items():
                    state[key][...] = array
            else:
                save_file(state, path)
                if arguments.synced:
                    with open(path, "rb") as file:
                        os.fsync(file.fileno())
            print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)
    finally:
        if os.path.exists(path):
            os.remove(path)


if __name__ == "__main__":
    main()
