#!/usr/bin/env python3
"""Times operations on a million numbers beside PyTorch, one thread each, in turns; the median round counts.

Prints microseconds of both and how fast Cairn is: 2 is twice as fast as PyTorch. Below 0.7 a line is marked.

usage: speed.py EVALUATE [--only TEXT] [--rounds N]
"""
import argparse
import statistics
import subprocess
import tempfile
import time

import pytorch

pytorch.go_on_with_pytorch()
import torch

from draw import Draw
from program import FUNCTIONS, Name, Program, write_programs

ROUND_SECONDS = 0.02
SLOW = 0.7
ROWS = COLUMNS = 1000


class Timed:
    """One call, of inputs that are there: a program whose last line is repeated."""

    def __init__(self, draw, name, function, *arguments, dtype=torch.float32):
        self.program = Program(name.replace(" ", "_"))
        made = []
        for argument in arguments:
            if isinstance(argument, tuple):
                argument = self.program.input(draw.numbers(argument, dtype, positive=function in ("log", "sqrt", "rsqrt", "pow")))
            elif isinstance(argument, torch.Tensor):
                argument = self.program.input(argument)
            elif isinstance(argument, str) and argument == "transposed":
                argument = self.program.call("t", self.program.input(draw.numbers((COLUMNS, ROWS), dtype)))
            made.append(argument)
        if function in ("cat", "stack"):
            made = [made[:-1], made[-1]]
        self.program.call(function, *made)
        if self.program.error:
            raise RuntimeError(f"{name}: {self.program.error}")
        self.function = FUNCTIONS[function]
        self.arguments = [[self.program.tensor(item) for item in argument] if isinstance(argument, list) and argument and isinstance(argument[0], Name)
                          else self.program.tensor(argument) if isinstance(argument, Name) else argument for argument in made]
        self.name = self.program.name

    def seconds(self, count):
        begin = time.perf_counter()
        for _ in range(count):
            self.function(*self.arguments)
        return time.perf_counter() - begin


def cases(draw):
    matrix = (ROWS, COLUMNS)

    def timed(name, function, *arguments, dtype=torch.float32):
        return Timed(draw, name, function, *arguments, dtype=dtype)

    for function in "neg abs exp log sqrt rsqrt tanh sigmoid erf relu".split():
        yield timed(function, function, matrix)
    for function in "add sub mul div pow maximum minimum lt eq".split():
        yield timed(function, function, matrix, matrix)
    yield timed("add a number", "add.number", matrix, 2.5)
    yield timed("power 3", "pow.number", matrix, 3)
    yield timed("power 2.5", "pow.number", matrix, 2.5)
    yield timed("add a row", "add", matrix, (COLUMNS,))
    yield timed("add a column", "add", matrix, (ROWS, 1))
    yield timed("add transposed", "add", matrix, "transposed")
    yield timed("add int64", "add", matrix, matrix, dtype=torch.int64)
    yield timed("mul int32", "mul", matrix, matrix, dtype=torch.int32)
    for dtype, short in ((torch.float16, "float16"), (torch.bfloat16, "bfloat16")):
        yield timed(f"add {short}", "add", matrix, matrix, dtype=dtype)
        yield timed(f"exp {short}", "exp", matrix, dtype=dtype)
        yield timed(f"sum {short}", "sum.all", matrix, dtype=dtype)
        yield timed(f"float32 to {short}", "to", matrix, dtype)
        yield timed(f"{short} to float32", "to", matrix, torch.float32, dtype=dtype)
    yield timed("float32 to float64", "to", matrix, torch.float64)
    yield timed("float32 to int64", "to", matrix, torch.int64)
    yield timed("int64 to float32", "to", matrix, torch.float32, dtype=torch.int64)
    yield timed("float32 to bool", "to", matrix, torch.bool)
    yield timed("lt a number", "lt.number", matrix, 0.5)
    yield timed("lt int64", "lt", matrix, matrix, dtype=torch.int64)
    yield timed("logical_and", "logical_and", matrix, matrix, dtype=torch.bool)
    yield timed("logical_not", "logical_not", matrix, dtype=torch.bool)
    mask = draw.numbers(matrix, torch.bool)
    yield timed("where", "where", mask, matrix, matrix)
    yield timed("masked_fill", "masked_fill.number", matrix, mask, 0.5)
    yield timed("clamp", "clamp.number", matrix, -1, 1)
    yield timed("clamp from below", "clamp.number", matrix, 0, None)
    for function in "sum mean amax amin".split():
        for dims, where in (([], "all"), ([0], "columns"), ([1], "rows")):
            yield timed(f"{function} of {where}", function, matrix, dims, False)
    for function in "argmax max".split():
        yield timed(f"{function} of all", f"{function}.all", matrix)
        yield timed(f"{function} of columns", function, matrix, 0, False)
        yield timed(f"{function} of rows", function, matrix, 1, False)
    for function in "any all".split():
        for dims, where in (([], "all"), ([0], "columns"), ([1], "rows")):
            yield timed(f"{function} of {where}", function, torch.full(matrix, function == "all"), dims, False)
    for dims, where in (([], "all"), ([0], "columns"), ([1], "rows")):
        yield timed(f"var of {where}", "var", matrix, dims, 1.0, False)
        yield timed(f"norm of {where}", "norm", matrix, 2.0, dims, False)
    for dims, where in (([0], "columns"), ([1], "rows")):
        yield timed(f"logsumexp of {where}", "logsumexp", matrix, dims, False)
        yield timed(f"softmax of {where}", "softmax", matrix, dims[0])
        yield timed(f"log_softmax of {where}", "log_softmax", matrix, dims[0])
    yield timed("softmax of short rows", "softmax", (100_000, 10), 1)
    yield timed("sum of short rows", "sum", (100_000, 10), [1], False)
    yield timed("amax of short rows", "amax", (100_000, 10), [1], False)
    yield timed("clone", "clone", matrix)
    yield timed("clone transposed", "contiguous", "transposed")
    yield timed("cat rows", "cat", (ROWS // 2, COLUMNS), (ROWS // 2, COLUMNS), 0)
    yield timed("cat columns", "cat", (ROWS, COLUMNS // 2), (ROWS, COLUMNS // 2), 1)
    yield timed("stack", "stack", (ROWS // 2, COLUMNS), (ROWS // 2, COLUMNS), 0)
    for dim, where in ((0, "columns"), (1, "rows")):
        places = draw.whole(0, ROWS, matrix)
        yield timed(f"gather along {where}", "gather", matrix, dim, places)
        yield timed(f"scatter_add along {where}", "scatter_add", matrix, dim, places, matrix)
        yield timed(f"index_select of {where}", "index_select", matrix, dim, draw.whole(0, ROWS, (ROWS,)))
    yield timed("one_hot", "one_hot", draw.whole(0, 10, (100_000,)), 10)
    yield timed("full", "full", [ROWS, COLUMNS], 2.5, torch.float32)
    yield timed("arange", "arange", 0, 1_000_000, 1)
    yield timed("linspace", "linspace", 0.0, 1.0, 1_000_000, torch.float32)
    yield timed("mse_loss", "mse_loss", matrix, matrix, 1)
    yield timed("cross_entropy", "cross_entropy", matrix, draw.whole(0, COLUMNS, (ROWS,)), None, -100, 1, 0.0)


def main():
    options = argparse.ArgumentParser(usage=__doc__.rpartition("usage: ")[2])
    options.add_argument("evaluate")
    options.add_argument("--only", default="", metavar="TEXT", help="the cases whose names contain it")
    options.add_argument("--rounds", type=int, default=9)
    options = options.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    timed = [case for case in cases(Draw(0)) if options.only.replace(" ", "_") in case.name]
    print(f"{'':26}{'Cairn':>9}{'PyTorch':>9}   us    speed")
    with tempfile.TemporaryDirectory() as folder:
        files = write_programs([case.program for case in timed], folder)
        with subprocess.Popen([options.evaluate, "--time", *files], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as cairn:
            def seconds(case, count):
                print(case.name, count, file=cairn.stdin, flush=True)
                return float(cairn.stdout.readline())
            slow = 0
            for case in timed:
                ways = {"cairn": lambda count: seconds(case, count), "torch": case.seconds}
                counts = {}
                for way, run in ways.items():
                    run(2)
                    counts[way] = max(1, int(ROUND_SECONDS / max(run(1), 1e-7)))
                rounds = {way: [] for way in ways}
                for _ in range(options.rounds):
                    for way, run in ways.items():
                        rounds[way].append(run(counts[way]) / counts[way])
                ours, theirs = (statistics.median(rounds[way]) * 1e6 for way in ways)
                slow += theirs / ours < SLOW
                print(f"{case.name.replace('_', ' '):26}{ours:9.1f}{theirs:9.1f}{theirs / ours:13.2f}{'  slow' if theirs / ours < SLOW else ''}", flush=True)
            cairn.stdin.close()
    print(f"{slow} of {len(timed)} slower than {SLOW} of PyTorch's speed")


if __name__ == "__main__":
    main()
