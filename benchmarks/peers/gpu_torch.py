#!/usr/bin/env python3
"""The cases of benchmarks/gpu_cases.h in PyTorch: the same work, under the same names, timed the same way (measure.h).

usage: gpu_torch.py [--device cuda:0] [--case NAME]... [--section NAME]... [--json] [--list] [--tiny] [--serve] [--rounds N]
"""
import argparse
import json
import os
import statistics
import sys
import tempfile
import time

import torch
from torch import nn
from torch.nn import functional

ROUND_SECONDS = 0.05
MLPS = {
    "mlp-3-5-2-b4": (3, 5, 2, 4, False),
    "mlp-64-32-10-b32": (64, 32, 10, 32, False),
    "mlp-bn-64-32-10-b32": (64, 32, 10, 32, True),
    "mlp-784-256-10-b64": (784, 256, 10, 64, False),
    "mlp-784-1024-10-b256": (784, 1024, 10, 256, False),
}
TIMING_LR = 1e-9
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


class Work:
    """A case made ready: what is called, and what a call moves or computes. With `prepare` a round is one call."""

    def __init__(self, call, size=0, flops=0, prepare=None):
        self.call, self.bytes, self.flops, self.prepare = call, size, flops, prepare
        self.calls = 1


# --- training steps -----------------------------------------------------------------------------------------------------
class Mlp(nn.Module):
    def __init__(self, inputs, hidden, outputs, norm):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(inputs, hidden), nn.Linear(hidden, outputs)
        self.norm = nn.BatchNorm1d(hidden) if norm else None

    def forward(self, x):
        hidden = self.fc1(x)
        if self.norm is not None:
            hidden = self.norm(hidden)
        return self.fc2(functional.relu(hidden))


def data_of(name, device):
    inputs, _, outputs, batch, _ = MLPS[name]
    x = torch.rand(batch, inputs) * 2 - 1
    return x.to(device), (torch.arange(batch) * 7 % outputs).to(device)


def model_of(name, device):
    inputs, hidden, outputs, _, norm = MLPS[name]
    return Mlp(inputs, hidden, outputs, norm).to(device)


def step(model, optimizer, x, target):
    optimizer.zero_grad()
    loss = functional.cross_entropy(model(x), target)
    loss.backward()
    optimizer.step()
    return loss


def training(name, device, optimizer_class, **options):
    torch.manual_seed(0)
    x, target = data_of(name, device)
    model = model_of(name, device)
    optimizer = optimizer_class(model.parameters(), lr=TIMING_LR, **options)
    return Work(lambda: step(model, optimizer, x, target))


def one_row(name, device):
    model, row = model_of(name, device).eval(), torch.rand(1, MLPS[name][0]).to(device)

    def call():
        with torch.no_grad():
            model(row)

    return Work(call)


def losses(device):
    found = {}
    for name in MLPS:
        torch.manual_seed(0)
        x, target = data_of(name, device)
        model = model_of(name, device)
        sgd = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        for _ in range(20):
            loss = step(model, sgd, x, target).item()
        found[name] = loss
    return found


# --- products, kernels, copies, files -----------------------------------------------------------------------------------
def product(n, dtype, device):
    a, b = (torch.rand(n, n).to(DTYPES[dtype]).to(device) for _ in range(2))
    return Work(lambda: a @ b, flops=2 * n**3)


KERNELS = {
    "add": (3, lambda x: x + x),
    "add-transposed": (3, lambda x: x + x.t()),
    "relu": (2, functional.relu),
    "sum": (1, torch.sum),
    "sum-rows": (1, lambda x: x.sum(1)),
    "sum-columns": (1, lambda x: x.sum(0)),
}


def kernel(kind, dtype, side, device):
    passes, compute = KERNELS[kind]
    x = torch.rand(side, side).to(DTYPES[dtype]).to(device)
    return Work(lambda: compute(x), size=passes * x.nbytes)


def copy(to_device, size, device):
    here = torch.rand(size // 4)
    there = torch.zeros(size // 4, device=device)
    return Work((lambda: there.copy_(here)) if to_device else (lambda: here.copy_(there)), size=size)


class Saved:
    """A state dict on the device, and its file."""

    def __init__(self, tensors, size, folder, device):
        self.device = device
        self.path = os.path.join(folder, f"torch_benchmark_{os.getpid()}.pth")
        self.state = {f"layers.{i}.weight": (torch.rand(size // tensors // 4) * 0.04 - 0.02).to(device) for i in range(tensors)}
        self.targets = {name: torch.zeros_like(tensor) for name, tensor in self.state.items()}

    def __del__(self):
        self.remove()

    def remove(self):
        if os.path.exists(self.path):
            os.remove(self.path)

    def save(self):
        torch.save({"model": self.state}, self.path)

    def load(self):
        loaded = torch.load(self.path, map_location=self.device, weights_only=True)
        for name, tensor in loaded["model"].items():
            self.targets[name].copy_(tensor)


def file_case(saving, tensors, size, folder, device):
    saved = Saved(tensors, size, folder, device)
    if saving:
        return Work(saved.save, size=size, prepare=saved.remove)
    saved.save()
    return Work(saved.load, size=size)


def size_text(size):
    return next(f"{size >> shift}{unit}" for shift, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")) if size >= 1 << shift)


def cases(tiny, folder):
    """{name: (section, how to make it ready)}, in the order of gpu_cases.cpp."""
    table = {}
    for name, sizes in MLPS.items():
        if tiny and sizes[0] > 64:
            continue
        table[f"sgd-{name}"] = "steps", lambda device, name=name: training(name, device, torch.optim.SGD, momentum=0.9)
        table[f"adam-{name}"] = "steps", lambda device, name=name: training(name, device, torch.optim.Adam)
        table[f"row-{name}"] = "steps", lambda device, name=name: one_row(name, device)
    for dtype in DTYPES:
        for n in (256, 512, 1024) if tiny else (256, 512, 1024, 2048, 4096, 8192):
            n = n // 32 if tiny else n
            table[f"matmul-{n}-{dtype}"] = "products", lambda device, n=n, dtype=dtype: product(n, dtype, device)
    for dtype in ("float32", "bfloat16"):
        for kind in KERNELS:
            table[f"{kind}-{dtype}"] = "memory", lambda device, kind=kind, dtype=dtype: kernel(kind, dtype, 48 if tiny else 8192, device)
    for size in (4 << 10, 1 << 20) if tiny else (4 << 10, 1 << 20, 256 << 20):
        for way in ("to-device", "to-host"):
            table[f"{way}-{size_text(size)}"] = "copies", lambda device, way=way, size=size: copy(way == "to-device", size, device)
    for tensors, size in ((4, 64 << 10),) if tiny else ((44, 44 << 20), (16, 1 << 30)):
        for way in ("save", "load"):
            table[f"{way}-{size_text(size)}"] = "files", lambda device, way=way, tensors=tensors, size=size: file_case(
                way == "save", tensors, size, folder, device)
    return table


# --- measuring ----------------------------------------------------------------------------------------------------------
class Bench:
    def __init__(self, table, device):
        self.table, self.device = table, device
        self.ready, self.work = None, None

    def finish(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def make_ready(self, name):
        self.ready, self.work = None, None
        self.work = work = self.table[name][1](self.device)
        if work.prepare:
            work.prepare()
        work.call()
        self.finish()
        if not work.prepare:
            start, warmed, calls = time.perf_counter(), 0, 1
            while time.perf_counter() - start < 2 * ROUND_SECONDS:
                for _ in range(calls):
                    work.call()
                self.finish()
                warmed += calls
                calls *= 2
            work.calls = max(1, int(ROUND_SECONDS * warmed / (time.perf_counter() - start)))
        self.ready = name

    def round(self, name):
        if name not in self.table:
            raise KeyError(f"there is no case {name}; --list lists them")
        if name != self.ready:
            self.make_ready(name)
        if self.work.prepare:
            self.work.prepare()
        start = time.perf_counter()
        for _ in range(self.work.calls):
            self.work.call()
        self.finish()
        return (time.perf_counter() - start) / self.work.calls

    def result(self, name, seconds):
        return {"case": name, "section": self.table[name][0], "device": str(self.device), "seconds": seconds,
                "bytes": self.work.bytes, "flops": self.work.flops}


def serve(bench):
    for line in map(str.strip, sys.stdin):
        try:
            answer = losses(bench.device) if line == "losses" else bench.result(line, bench.round(line))
        except Exception as error:  # whatever it is, the peer goes on
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("json", "list", "tiny", "serve"):
        parser.add_argument("--" + flag, action="store_true")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("--section", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--folder", default=tempfile.gettempdir())
    arguments = parser.parse_args()
    table = cases(arguments.tiny, arguments.folder)
    if arguments.list:
        print(*(f"{section} {name}" for name, (section, _) in table.items()), sep="\n")
        return
    torch.set_num_threads(1)
    device = torch.device(arguments.device)
    torch.zeros(1, device=device)  # fails here where there is no such device
    bench = Bench(table, device)
    if arguments.serve:
        product_name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
        print(json.dumps({"device": str(device), "name": product_name, "version": torch.__version__}), flush=True)
        return serve(bench)
    results = []
    for name, (section, _) in table.items():
        if (not arguments.case or name in arguments.case) and (not arguments.section or section in arguments.section):
            seconds = statistics.median(bench.round(name) for _ in range(arguments.rounds))
            results.append(bench.result(name, seconds))
            if not arguments.json:
                print(f"{name:26} {seconds * 1e6:12.2f} us", flush=True)
    if arguments.json:
        print(json.dumps({"results": results}))


if __name__ == "__main__":
    main()
