#!/usr/bin/env python3
"""What the second reader (io/read_cairn.py) makes of the files of a folder, in the order of their names. A line for each:

  whole      all states of the file, the newest first, written as described.h does
  readable   the newest state, where the file as a whole is to be refused: it is torn, or an older state is damaged
  refused    and why

Between the word and the rest stand the SHA-256 of the rest and that of the file.

usage: second_reader.py FOLDER_OF_READER FOLDER
"""
import hashlib
import math
import os
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import read_cairn


def described(value):
    if isinstance(value, read_cairn.Tensor):
        is_small = math.prod(max(n, 1) for n in value.shape) <= 1 << 20
        numbers = read_cairn.hash_of(value.elements()).hex() if is_small else "large"
        return (f"tensor({value.dtype} {list(value.shape)} {list(value.strides)} {int(value.requires_grad)} "
                f"{int(value.is_parameter)} {numbers})")
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return "float " + struct.pack(">d", value).hex()
    if isinstance(value, complex):
        return "complex " + struct.pack(">dd", value.real, value.imag).hex()
    if isinstance(value, str):
        return "text " + value.encode().hex()
    if isinstance(value, bytes):
        return "bytes " + value.hex()
    if isinstance(value, dict):
        entries = "; ".join(f"{described(key)}: {described(each)}" for key, each in value.items())
        metadata = " | " + described(value.metadata) if isinstance(value, read_cairn.StateDict) else ""
        return "{" + entries + metadata + "}"
    names = {list: "list", tuple: "tuple", read_cairn.Set: "set"}
    return names[type(value)] + "(" + "; ".join(map(described, value)) + ")"


def described_state(state):
    places = "".join(" " + tensor.location.encode().hex() for tensor in state.tensors)
    return f"{described(state.tree)} attributes {described(state.attributes)} on{places}"


def judged(data):
    try:
        return "whole", " || ".join(map(described_state, read_cairn.verify(data)))
    except read_cairn.Refused as why:
        try:
            return "readable", described_state(read_cairn.read(data))
        except read_cairn.Refused:
            return "refused", str(why)


for name in sorted(os.listdir(sys.argv[2])):
    with open(os.path.join(sys.argv[2], name), "rb") as file:
        data = file.read()
    verdict, text = judged(data)
    print(verdict, hashlib.sha256(text.encode()).hexdigest(), hashlib.sha256(data).hexdigest(), text)
