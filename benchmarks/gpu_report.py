#!/usr/bin/env python3
"""Measures a GPU beside PyTorch's CUDA, and writes what came out to RESULTS/<gpu>.md.

The program `gpu` and peers/gpu_torch.py, which does the same in PyTorch, run at the same time and take turns: a round of
one, a round of the other, of each case seven, and the medians count. What drifts, drifts for both. Where python3 has no
PyTorch, or that finds no such device, the program runs alone and the page says so.

A section of the page is written as soon as it is measured, in place of what it was before; all else on the page stays.
So whoever cuts this off loses the section under way and nothing else.

usage: gpu_report.py BUILD RESULTS [--device cuda:0] [--section NAME]... [--tiny]
       gpu_report.py BUILD RESULTS --case NAME...      prints these figures and writes nothing
"""
import argparse
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile

from contender import Contender, number

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PEER = os.path.join(ROOT, "benchmarks", "peers", "gpu_torch.py")
ROUNDS = 7
SECTIONS = {
    "steps": ("Training steps", "A step is zero_grad, forward, cross-entropy, backward and update, queued one after the other; a round ends "
              "when the\ndevice has done them all. `row` is one row through the network, without a graph."),
    "products": ("Matrix products", "Two square matrices. float32 is computed in float32 (no TF32); float16 and bfloat16 are added in float32."),
    "memory": ("Numbers through a kernel", "A matrix of 8192 rows and columns; GB/s count what must be read and written."),
    "copies": ("Copies", "From and to ordinary, pageable memory of the host."),
    "files": ("Files", "Tensors on the device into a file (not synced, in the system's cache), and back into tensors that are on the device "
              "already;\nCairn checks every byte. PyTorch: torch.save; torch.load to the device and copy_."),
}


def measure(name, contenders):
    """The medians of rounds in turns: a result or an {"error": ...} for each contender."""
    results, seconds = [None] * len(contenders), [[] for _ in contenders]
    for _ in range(ROUNDS):
        for i, contender in enumerate(contenders):
            if results[i] is None or "error" not in results[i]:
                results[i] = contender.ask(name)
                seconds[i].append(results[i].get("seconds"))
    return [result if "error" in result else {**result, "seconds": statistics.median(times)} for result, times in zip(results, seconds)]


# --- as text ------------------------------------------------------------------------------------------------------------
def figure(result):
    """What a result says, in the units of its kind."""
    if "error" in result:
        return "-"
    seconds = result["seconds"]
    text = f"{number(seconds * 1e6)} us" if seconds < 1e-2 else f"{number(seconds * 1e3)} ms"
    if result["flops"]:
        text += f", {number(result['flops'] / seconds / 1e12)} TFLOP/s"
    if result["bytes"]:
        text += f", {number(result['bytes'] / seconds / 1e9)} GB/s"
    return text


def row(name, results, again):
    ours, theirs = results[0], results[1] if len(results) > 1 else {"error": "not there"}
    ratio = "-" if "error" in ours or "error" in theirs else f"{number(theirs['seconds'] / ours['seconds'])}x"
    remark = "".join(f" ({' '.join(result['error'].split())})" for result in results if "error" in result)
    return f"| {name} | {figure(ours)} | {figure(theirs)} | {ratio}{remark.replace('|', '/')} | `{again}` |"


def table(section, rows, head):
    title, note = SECTIONS[section]
    return (f"## {title}\n\n{note}\n{head}\n\n| case | Cairn | PyTorch | PyTorch's time / Cairn's | again by |\n|---|---|---|---|---|\n"
            + "\n".join(rows) + "\n")


class Page:
    """A page of sections, "## TITLE" and what follows it, that are replaced one by one."""

    def __init__(self, folder, device_name, tiny):
        os.makedirs(folder, exist_ok=True)
        name = re.sub(r"[^a-z0-9]+", "-", device_name.lower()).strip("-") + ("-tiny" if tiny else "")
        self.path = os.path.join(folder, name + ".md")
        self.device_name = device_name

    def replace(self, title, section):
        text = f"# {self.device_name}\n\n"
        if os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as file:
                text = file.read()
        parts = re.split(r"(?m)^(?=## )", text)
        for i, part in enumerate(parts):
            if part.startswith(f"## {title}\n"):
                parts[i] = section + "\n"
                break
        else:
            parts[-1] = parts[-1].rstrip("\n") + "\n\n"
            parts.append(section)
        with tempfile.NamedTemporaryFile("w", dir=os.path.dirname(self.path), delete=False, encoding="utf-8") as file:
            file.write("".join(parts).rstrip("\n") + "\n")
        os.chmod(file.name, 0o644)
        os.replace(file.name, self.path)


# --- the whole ----------------------------------------------------------------------------------------------------------
def different_losses(contenders):
    """Contenders that do different work are not worth comparing: what twenty steps come to must agree."""
    if len(contenders) < 2:
        return ""
    ours, theirs = (contender.ask("losses") for contender in contenders)
    for name, loss in ours.items():
        if name not in theirs or abs(loss - theirs[name]) > 1e-3 * abs(theirs[name]):
            return f"after twenty steps of {name} the losses are {loss} and {theirs.get(name, theirs)}"
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", help="the build folder, which holds benchmarks/gpu")
    parser.add_argument("results", help="the folder of the page")
    parser.add_argument("--device", default="cuda:0", help="%(default)s")
    parser.add_argument("--plugin", help="the device's backend, if it is not in the build folder")
    parser.add_argument("--python", default=sys.executable, help="the python3 to look for PyTorch in (this one)")
    parser.add_argument("--peer-device", help="PyTorch's name for the device, if it is another")
    parser.add_argument("--section", action="append", choices=SECTIONS, help="only this section; may be repeated")
    parser.add_argument("--case", action="append", help="only print this figure; may be repeated")
    parser.add_argument("--tiny", action="store_true", help="little to do, for emulated devices; the page is NAME-tiny.md")
    arguments = parser.parse_args()

    program = os.path.join(os.path.abspath(arguments.build), "benchmarks", "gpu")
    tiny = ["--tiny"] if arguments.tiny else []
    plugin = ["--plugin", os.path.abspath(arguments.plugin)] if arguments.plugin else []
    ours = Contender([program, "--device", arguments.device, *plugin, *tiny, "--serve"])
    if ours.facts is None:
        sys.exit(f"error: {program}: {ours.last_words()}")
    peer = Contender([arguments.python, PEER, "--device", arguments.peer_device or arguments.device, *tiny, "--serve"])
    contenders = [ours] if peer.facts is None else [ours, peer]
    different = different_losses(contenders)
    if different:
        sys.exit(f"error: Cairn and PyTorch do different work: {different}")
    if peer.facts is None:
        head = f"PyTorch was not measured: {peer.last_words()}"
    else:
        head = f"PyTorch {peer.facts['version']}. Both took turns; medians of {ROUNDS} rounds."
    if arguments.tiny:
        head += "\nThe cases are tiny: they try the programs, and say nothing about the device."
    known = dict(reversed(line.split(" ", 1)) for line in subprocess.run(
        [program, *tiny, "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines())

    words = ["python3", "benchmarks/gpu_report.py", arguments.build, arguments.results, "--device", arguments.device, *plugin, *tiny]
    again = lambda name: shlex.join([*words, "--case", name])
    if arguments.case:
        print(head)
        for name in arguments.case:
            print(row(name, measure(name, contenders), again(name)), flush=True)
    else:
        page = Page(arguments.results, ours.facts["name"], arguments.tiny)
        for section, (title, _) in SECTIONS.items():
            if arguments.section and section not in arguments.section:
                continue
            rows = []
            for name in (name for name, of in known.items() if of == section):
                rows.append(row(name, measure(name, contenders), again(name)))
                print(rows[-1].rsplit(" | ", 1)[0], flush=True)
            page.replace(title, table(section, rows, head))
        print(f"{sum(of in (arguments.section or SECTIONS) for of in known.values())} figures; {page.path}")
    for contender in contenders:
        contender.stop()


if __name__ == "__main__":
    main()
