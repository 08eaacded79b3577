#!/usr/bin/env python3
"""Measures saving and loading as ratios, beside memcpy, the bare calls and safetensors, and writes RESULTS/save_load.md.

Each figure is the median of rounds in turns: the program save_load times a call, and right after it a memcpy of the same bytes and the
bare calls of the system; where safetensors is compared, it and the calls take turns, each in a process that keeps its state. Files are in
the system's cache and not synced, unless a row says otherwise.

usage: save_load_report.py BUILD RESULTS [--section NAME]... [--rounds N] [--tmpfs F] [--folder F] [--python P]
"""
import argparse
import os
import statistics
import sys
import tempfile

from contender import Contender, number

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PEER = os.path.join(ROOT, "benchmarks", "peers", "save_load_safetensors.py")


def against_memcpy(result):
    return result["memcpy_seconds"] / result["seconds"]


def against_bare(result):
    return result["seconds"] / result["bare_seconds"]


def stored(result):
    return result["stored"] / result["bytes"]


def milliseconds(result):
    return result["seconds"] * 1e3


def microseconds(result):
    return result["seconds"] * 1e6


def gigabytes(result):
    return result["bytes"] / result["seconds"] / 1e9


RATIO = "{} M"
# SECTION: (where files are, options, what they are about, rows). A row: what is said, the unit, the figure, a line for save_load.
SECTIONS = {
    "1 GiB, one thread": ("folder", [], "M is a memcpy of the decoded bytes into warm memory. Every chunk is verified; loads go into tensors that are there.", [
        ("M itself", "{} GB/s", lambda result: result["bytes"] / result["memcpy_seconds"] / 1e9, "1gib-bf16 load none memory"),
        ("raw load, memory", RATIO, against_memcpy, "1gib-bf16 load none memory"),
        ("raw load, pread", RATIO, against_memcpy, "1gib-bf16 load none pread"),
        ("raw load, mapped", RATIO, against_memcpy, "1gib-bf16 load none mmap"),
        ("the same beside bare calls, which verify nothing: pread", "{} x their time", against_bare, "1gib-bf16 load none pread"),
        ("the same beside bare calls, which verify nothing: mapped", "{} x their time", against_bare, "1gib-bf16 load none mmap"),
        ("`fast`, bfloat16: load, memory", RATIO, against_memcpy, "1gib-bf16 load fast memory"),
        ("`fast`, bfloat16: load, pread", RATIO, against_memcpy, "1gib-bf16 load fast pread"),
        ("`fast`, bfloat16: load, mapped", RATIO, against_memcpy, "1gib-bf16 load fast mmap"),
        ("`fast`, bfloat16: size", "{}", stored, "1gib-bf16 load fast memory"),
        ("`fast`, bfloat16: save to memory", RATIO, against_memcpy, "1gib-bf16 save fast memory"),
        ("`small`, bfloat16: size", "{}", stored, "1gib-bf16 load small memory"),
        ("`small`, bfloat16: load, memory", "{} GB/s", gigabytes, "1gib-bf16 load small memory"),
        ("`fast`, float32: load, memory", RATIO, against_memcpy, "1gib-f32 load fast memory"),
        ("`fast`, float32: load, pread", RATIO, against_memcpy, "1gib-f32 load fast pread"),
        ("`fast`, float32: load, mapped", RATIO, against_memcpy, "1gib-f32 load fast mmap"),
        ("`fast`, float32: size", "{}", stored, "1gib-f32 load fast memory"),
        ("`fast`, float32: save to memory", RATIO, against_memcpy, "1gib-f32 save fast memory"),
        ("`small`, float32: size", "{}", stored, "1gib-f32 load small memory"),
        ("`small`, float32: load, memory", "{} GB/s", gigabytes, "1gib-f32 load small memory"),
    ]),
    "1 GiB on tmpfs, one thread": ("tmpfs", [], "tmpfs has pages of 4 KiB here.", [
        ("raw load, pread", RATIO, against_memcpy, "1gib-bf16 load none pread"),
        ("raw load, mapped", RATIO, against_memcpy, "1gib-bf16 load none mmap"),
        ("the same beside bare calls: pread", "{} x their time", against_bare, "1gib-bf16 load none pread"),
        ("the same beside bare calls: mapped", "{} x their time", against_bare, "1gib-bf16 load none mmap"),
    ]),
    "1 GiB, two threads, beside safetensors": ("folder", ["--threads", "2"], "Under a name that is free. The ratio is safetensors' time by Cairn's.", [
        ("raw save", "{} ms", milliseconds, "1gib-f32 save none pread"),
        ("`fast` save, float32", "{} ms", milliseconds, "1gib-f32 save fast pread"),
        ("`fast` save, bfloat16", "{} ms", milliseconds, "1gib-bf16 save fast pread"),
        ("raw load", "{} ms", milliseconds, "1gib-f32 load none pread"),
    ]),
    "1 GiB, two threads, synced": ("folder", ["--threads", "2", "--synced"], "The file is on the disk when the save returns.", [
        ("raw save", "{} ms", milliseconds, "1gib-f32 save none pread"),
        ("`fast` save, float32", "{} ms", milliseconds, "1gib-f32 save fast pread"),
        ("`fast` save, bfloat16", "{} ms", milliseconds, "1gib-bf16 save fast pread"),
    ]),
    "Cold, two threads": ("folder", ["--threads", "2", "--cold"], "The file is out of the system's cache before each load; what the disk keeps is its own.", [
        ("raw load", "{} ms", milliseconds, "1gib-f32 load none pread"),
        ("`fast` load, float32", "{} ms", milliseconds, "1gib-f32 load fast pread"),
    ]),
    "Small, on tmpfs": ("tmpfs", [], "many: 10,000 tensors of 1 KiB. tiny: 9.6 KB in 4 tensors. Saves are under a name that is free.", [
        ("many, save", "{} ms", milliseconds, "many save fast pread"),
        ("many, load into tensors that are there", "{} ms", milliseconds, "many load fast pread"),
        ("many, load into new tensors", "{} ms", milliseconds, "many load_new fast pread"),
        ("tiny, memory, save", "{} us", microseconds, "tiny save fast memory"),
        ("tiny, memory, load", "{} us", microseconds, "tiny load fast memory"),
        ("tiny, save", "{} us", microseconds, "tiny save fast pread"),
        ("tiny, load into new tensors", "{} us", microseconds, "tiny load_new fast pread"),
        ("tiny, save beside bare calls", "{} x their time", against_bare, "tiny save fast pread"),
    ]),
    "Small, on disk": ("folder", [], "Saves are under a name that is free.", [
        ("tiny, save", "{} us", microseconds, "tiny save fast pread"),
        ("tiny, load into new tensors", "{} us", microseconds, "tiny load_new fast pread"),
        ("tiny, save beside bare calls", "{} x their time", against_bare, "tiny save fast pread"),
    ]),
}


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return f"{len(names)} cores of {names[0]}" if names else "an unknown processor"


def measure(ours, peer, lines, rounds):
    """For each line the results of all rounds, and safetensors' seconds; lines take turns."""
    results, seconds = {line: [] for line in lines}, {line: [] for line in lines}
    for case in dict.fromkeys(line.split()[0] for line in lines):  # a state is made once
        for _ in range(rounds):
            for line in (line for line in lines if line.split()[0] == case):
                result = ours.ask(line)
                if "error" in result:
                    sys.exit(f"error: save_load: {line}: {result['error']}")
                results[line].append(result)
                if peer:
                    answer = peer.ask(" ".join(line.split()[:2]))
                    if "error" in answer:
                        sys.exit(f"error: safetensors: {line}: {answer['error']}")
                    seconds[line].append(answer["seconds"])
    return results, seconds


def table(title, about, rows, results, seconds):
    beside = any(seconds.values())
    lines = [f"## {title}", "", about, "", f"| work | median | lowest to highest |{' safetensors | ratio |' if beside else ''}",
             f"|---|---|---|{'---|---|' if beside else ''}"]
    for name, unit, figure, line in rows:
        figures = sorted(figure(result) for result in results[line])
        text = f"| {name} | {unit.format(number(statistics.median(figures)))} | {number(figures[0])} to {number(figures[-1])} |"
        if beside:
            ratios = [theirs / result["seconds"] for theirs, result in zip(seconds[line], results[line])]
            text += f" {number(statistics.median(seconds[line]) * 1e3)} ms | {statistics.median(ratios):.2f}x |"
        lines.append(text)
        print(text, flush=True)
    return "\n".join(line for i, line in enumerate(lines) if line or lines[i - 1]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", help="the build folder, which holds benchmarks/save_load")
    parser.add_argument("results", help="the folder of the page")
    parser.add_argument("--section", action="append", choices=SECTIONS, help="only print this section; may be repeated")
    parser.add_argument("--rounds", type=int, default=7, help="of each figure (%(default)s)")
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="on a disk (%(default)s)")
    parser.add_argument("--tmpfs", default="/dev/shm", help="in memory (%(default)s)")
    parser.add_argument("--python", default=sys.executable, help="the python3 to look for safetensors in (this one)")
    arguments = parser.parse_args()

    program = os.path.join(os.path.abspath(arguments.build), "benchmarks", "save_load")
    pages, missing = [], ""
    for title, (where, options, about, rows) in SECTIONS.items():
        if arguments.section and title not in arguments.section:
            continue
        print(title, flush=True)
        options = ["--serve", "--folder", getattr(arguments, where), *options]
        ours = Contender([program, *options])
        if ours.facts is None:
            sys.exit(f"error: {program}: {ours.last_words()}")
        peer = None
        if "safetensors" in title:
            peer = Contender([arguments.python, PEER, *options[:3]])
            if peer.facts is None:
                missing = f" safetensors was not measured: {peer.last_words()}"
                peer = None
        results, seconds = measure(ours, peer, list(dict.fromkeys(line for *_, line in rows)), arguments.rounds)
        pages.append(table(title, about, rows, results, seconds))
        for contender in (ours, peer):
            if contender:
                contender.stop()
    if not arguments.section:
        path = os.path.join(arguments.results, "save_load.md")
        os.makedirs(arguments.results, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"# Saving and loading\n\n{machine()}; medians of {arguments.rounds} rounds in turns.{missing} Again by\n"
                       f"`python3 benchmarks/save_load_report.py {arguments.build} {arguments.results}`.\n\n" + "\n".join(pages))
        print(path)


if __name__ == "__main__":
    main()
