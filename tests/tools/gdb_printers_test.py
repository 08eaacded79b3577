#!/usr/bin/env python3
"""What gdb prints with tools/gdb/cairn_printers.py, of a running program and of its core dump.

The program, gdb_program.cpp, is compiled with -g and Cairn's libraries as they are built, so without as a rule. Should a
member of TensorImpl, Storage or Node have moved, this test says so: the printers list them, too.

Skipped (exit code 77) where there is no gdb, where it has no Python, and where it may not trace processes.

usage: gdb_printers_test.py PROGRAM PRINTERS
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77

MATRIX = "shape=[2, 3], float32, cpu, strides=[3, 1], data=[0.1, -2.0, 1e-08, 1e+30, 16777216.0, 0.0]"
SCALAR = "tensor(shape=[], float32, cpu, strides=[], data=[2.5])"
RUN = (r"dict(10) = {['none'] = None, ['flag'] = True, ['epoch'] = -3, ['big'] = -123456789012345678901234567890, "
       r"['lr'] = 0.1, ['complex'] = (1-2j), ['text'] = 'grüß\n\\xff', ['bytes'] = b'\x00a', "
       r"['list'] = list(4) = {1, list(0), tuple(1) = {2}, set(1) = {3}}, "
       rf"[7] = OrderedDict(1) = {{['weight'] = {SCALAR}}}}}")

EXPECTED = {
    "matrix": f"tensor({MATRIX})",
    "reference": f"tensor({MATRIX})",
    "transposed": "tensor(shape=[3, 2], float32, cpu, strides=[1, 3], data=[0.1, 1e+30, -2.0, 16777216.0, 1e-08, 0.0])",
    "row": "tensor(shape=[3], float32, cpu, strides=[1], data=[1e+30, 16777216.0, 0.0])",
    "spread": "tensor(shape=[2, 2], float32, cpu, strides=[0, 0], data=[7.0, 7.0, 7.0, 7.0])",
    "scalar": SCALAR,
    "empty_one": "tensor(shape=[0, 3], float32, cpu, strides=[3, 1], data=[])",
    "long_one": "tensor(shape=[100], int64, cpu, strides=[1], data=[0, 1, 2, 3, 4, 5, 6, 7, ...])",
    "undefined": "tensor(undefined)",
    "deep": "tensor(shape=[1, 1, 1, 1, 1, 1, 2, 1], float32, cpu, strides=[2, 2, 2, 2, 2, 2, 1, 1], data=[0.0, 0.0])",
    "weight": "tensor(shape=[2], float32, cpu, strides=[1], data=[1.0, 1.0], requires_grad)",
    "computed": "tensor(shape=[2], float32, cpu, strides=[1], data=[1.0, 1.0], requires_grad, grad_fn=ReluBackward0)",
    "meta": "tensor(shape=[2, 3], float32, meta, strides=[3, 1])",
    "deferred": "tensor(shape=[2], int8, cpu, strides=[1], deferred)",
    "parameter": "tensor(shape=[1], float32, cpu, strides=[1], data=[1.0], parameter, requires_grad)",
    "none": "[]",
    "shape": "[2, 3]",
    "long_shape": "[1, 2, 3, 4, 5, 6, 7]",
    "cpu": "cpu",
    "device": "sim:1",
    "dtype": "bfloat16",
    "counted": r"cairn::TensorImpl at ADDRESS, count 5",
    "null": "null",
    "name": '"it\'s"',
    "number": "-5",
    "run": RUN,
    "dict": RUN,
    "list": "list(4) = {1, list(0), tuple(1) = {2}, set(1) = {3}}",
    "state": f"OrderedDict(2) = {{['bias'] = {SCALAR}, ['extra'] = 1}}",
    "empty_dict": "dict(0)",
    "empty_state": "OrderedDict(0)",
    "long_text": repr("a" * 200) + "...",
    "of_tensor": SCALAR,
    "*(cairn::Tensor*)garbage": "<unreadable>",
    "*(cairn::Shape*)garbage": "<corrupt: rank 1515870810>",
    "*(cairn::Device*)garbage": "<corrupt: device type 90>",
    "*(cairn::Value*)garbage": "<corrupt: kind 90>",
    "*(cairn::Dict*)garbage": "<unreadable>",
    "*(cairn::Key*)garbage": "<corrupt: key 90>",
    "*(cairn::Tensor*)&to_zeroed": "<corrupt: no tensor>",
    "*(cairn::Tensor*)&broken": "<corrupt: no tensor>",
    "*(cairn::Tensor*)&there": "tensor(shape=[2, 3], float32, sim:1, strides=[3, 1])",
    "*(cairn::Tensor*)&outside": "tensor(shape=[2, 3], float32, cpu, strides=[3, 1], data=<unreadable>)",
    "*(cairn::Value*)zeroed": "None",
    "(cairn::DType)13": "<corrupt: dtype 13>",
}
DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "float8_e4m3fn",
          "float8_e5m2", "complex64"]
EACH = {"bool": "[False, True, True]", "float64": "[0.0, 0.10000000149011612, 2.5]", "float8_e5m2": "[0.0, 0.09, 2.5]",
        "complex64": "[0j, (0.1+0j), (2.5+0j)]"}
EXTREME = {"float16": "[inf, -inf, 0.001953, -0.0]", "bfloat16": "[inf, -inf, 0.00195, -0.0]",
           "float32": "[inf, -inf, 0.001953125, -0.0]", "float64": "[inf, -inf, 0.001953125, -0.0]",
           "float8_e4m3fn": "[450.0, -450.0, 0.002, -0.0]", "float8_e5m2": "[inf, -inf, 0.002, -0.0]",
           "complex64": "[(inf+0j), (-inf+0j), (0.001953125+0j), (-0+0j)]"}
for code, dtype in enumerate(DTYPES):
    data = EACH.get(dtype, "[0, 0, 2]" if "int" in dtype else "[0.0, 0.1, 2.5]")
    EXPECTED[f"each[{code}]"] = f"tensor(shape=[3], {dtype}, cpu, strides=[1], data={data})"
    data = EXTREME.get(dtype)
    EXPECTED[f"extreme[{code}]"] = f"tensor(shape=[4], {dtype}, cpu, strides=[1], data={data})" if data else "tensor(undefined)"
RETURNED = {
    "made_shape": "[2, 3]",
    "made_tensor": "tensor(shape=[3], int64, cpu, strides=[1], data=[0, 1, 2])",
    "made_value": "list(2) = {1, 'two'}",
}


def gdb(commands, *arguments):
    arguments = [argument for command in commands for argument in ("-ex", command)] + list(arguments)
    result = subprocess.run(["gdb", "-nx", "-batch", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", env={**os.environ, "LC_ALL": "C.UTF-8"})
    return result.stdout


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def faults(output, expected, of):
    # "scalar is:", perhaps what `finish` says, "$1 = tensor(...)" or "Value returned is $1 = tensor(...)"
    printed = dict(re.findall(r"^(.+) is:\n(?:(?!.* is:$).*\n)*?(?:Value returned is )?\$\d+ = (.*)$", output, re.MULTILINE))
    for name, text in expected.items():
        found = re.sub(r"0x[0-9a-f]+", "ADDRESS", printed.get(name, "nothing"))
        if found != text:
            yield f"{of}, {name}:\n  expected {text}\n  found    {found}"


def main():
    program, printers = sys.argv[1:]
    if not shutil.which("gdb"):
        skip("there is no gdb; Debian's package is called gdb")
    if "has Python" not in gdb(["python print('has Python')"]):
        skip("this gdb has no Python")

    look = ["source " + printers, "set print elements 200"]
    prints = [command for name in EXPECTED for command in (f"echo {name} is:\\n", f"print {name}")]
    with tempfile.TemporaryDirectory() as folder:
        core = os.path.join(folder, "core")
        finishes = [command for name in RETURNED for command in (f"break {name}", "continue", f"echo {name} is:\\n", "finish")]
        output = gdb(look + ["break stop", "run", "up"] + prints + ["generate-core-file " + core] + finishes + ["continue"], program)
        if not re.search(r"^Breakpoint 1, |hit Breakpoint 1, ", output, re.MULTILINE):
            if re.search(r"trace", output):
                skip("gdb may not trace processes here: " + output.strip().splitlines()[-1])
            sys.exit("error: the program did not get to its breakpoint:\n" + output)
        found = list(faults(output, EXPECTED, "running"))
        found += faults(output, RETURNED, "returned")
        found += faults(gdb(look + ["up"] + prints, program, core), EXPECTED, "core dump")
    if "Python Exception" in output or "Traceback" in output:
        found.append("the printers raised an exception")
    if found:
        sys.exit("\n".join(found) + f"\nerror: {len(found)} faults\n\n{output}")
    print(f"{len(EXPECTED)} objects, running and in a core dump, and {len(RETURNED)} returned print as they should")


main()
