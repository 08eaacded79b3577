#!/usr/bin/env python3
"""What the second reader (io/read_cairn.py) makes of the files of a folder, in the order of their names, a line for each:
"whole" and the tree, written as second_reader_test.cpp does, or "refused" and why.

usage: second_reader.py FOLDER_OF_READER FOLDER
"""
import os
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import read_cairn


def described(value):
    if isinstance(value, read_cairn.Tensor):
        digest = read_cairn.hash_of(value.elements()).hex()
        return (f"tensor({value.dtype} {list(value.shape)} {list(value.strides)} {value.location.encode().hex()} {int(value.requires_grad)} "
                f"{int(value.is_parameter)} {digest})")
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


for name in sorted(os.listdir(sys.argv[2])):
    with open(os.path.join(sys.argv[2], name), "rb") as file:
        data = file.read()
    try:
        print("whole", described(read_cairn.read(data)))
    except read_cairn.Refused as why:
        print("refused", why)
