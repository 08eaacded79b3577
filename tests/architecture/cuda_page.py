#!/usr/bin/env python3
"""docs/cuda.md names every operation that has a CUDA kernel of its own, in the file it is in, and no other.

Kernels are entered as `table.set<T>(Operation::name, ...)` in cuda/*.cu; the page has them in a table, `name` beside its file.
Elementwise operations (core/elementwise.h) are entered by their list: one that is named in a .cu file has a kernel it should
not need. Every other operation of core/operation.h must have one. The page's links to files must lead somewhere.

usage: cuda_page.py SOURCE_FOLDER
"""
import os
import re
import sys
import tempfile

PAGE = "docs/cuda.md"


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def entered_kernels(root):
    """operation -> the .cu files that enter it"""
    entered = {}
    for name in sorted(os.listdir(os.path.join(root, "cuda"))):
        if name.endswith(".cu"):
            for operation in re.findall(r"\.set<[^>]*>\(\s*Operation::(\w+)", read(root, f"cuda/{name}")):
                entered.setdefault(operation, set()).add(name)
    return entered


def described_kernels(page):
    """operation -> the files the page's table gives it"""
    described = {}
    for names, file in re.findall(r"^\| (`[^|]*`) \| \[(\w+\.cu)\]\([^|]*\) \|", page, re.M):
        for operation in re.findall(r"`(\w+)`", names):
            described.setdefault(operation, set()).add(file)
    return described


def faults_of(root):
    page = read(root, PAGE)
    entered, described = entered_kernels(root), described_kernels(page)
    for operation in sorted(entered.keys() | described.keys()):
        files, told = sorted(entered.get(operation, ())), sorted(described.get(operation, ()))
        if not told:
            yield f"{PAGE}: `{operation}` is not in the table, but has a kernel in {', '.join(files)}"
        elif not files:
            yield f"{PAGE}: `{operation}` is in the table, but no .cu file enters it"
        elif files != told:
            yield f"{PAGE}: `{operation}` is in {', '.join(files)}, not in {', '.join(told)}"
    listed = re.search(r"enum class Operation[^{]*\{(.*?)\bcount\b", read(root, "core/operation.h"), re.S).group(1)
    operations = set(re.findall(r"\b(\w+),", re.sub(r"//.*", "", listed)))
    elementwise = set(re.findall(r"\b(?:forward|backward) = Operation::(\w+)", read(root, "core/elementwise.h")))
    for operation in sorted(entered.keys() & elementwise):
        yield f"cuda: {operation} is elementwise, and needs no kernel of its own"
    for operation in sorted(operations - elementwise - entered.keys()):
        yield f"cuda: {operation} has no kernel"
    for link in re.findall(r"\]\(([^)#:]+)\)", page):
        if not os.path.exists(os.path.join(root, "docs", link)):
            yield f"{PAGE}: links to {link}, which is not there"


# Each line of the page but the first two has a fault, and so do the kernels.
FAULTY = {
    "docs/cuda.md": "| `sum` | [a.cu](../cuda/a.cu) | why |\n"
                    "| `fill`, `copy` | [b.cu](../cuda/b.cu) | why |\n"
                    "| `gone` | [a.cu](../cuda/a.cu) | why |\n"
                    "| `argmax` | [b.cu](../cuda/b.cu) | why |\n"
                    "see [there](../cuda/nowhere.h)\n",
    "cuda/a.cu": "table.set<T>(Operation::sum, sum<T>);\ntable.set<T>(Operation::argmax, argmax<T>);\n"
                 "table.set<T>(Operation::untold, untold<T>);\ntable.set<T>(Op::forward, unary<Op, T>);\n",
    "cuda/b.cu": "table.set<T>(Operation::fill, fill<T>);\ntable.set<T>(\n    Operation::copy, copy);\n"
                 "table.set<float>(Operation::neg, neg);\n",
    "core/operation.h": "enum class Operation : int {\n  neg,  // y -> x, twice\n  neg_backward,\n  sum,\n  argmax,\n  fill,\n"
                        "  copy,\n  untold,\n  forgotten,\n  count\n};\n",
    "core/elementwise.h": "  static constexpr Operation forward = Operation::neg, backward = Operation::neg_backward;\n",
}
FOUND = ["`argmax` is in a.cu, not in b.cu", "`gone` is in the table, but", "`neg` is not in the table", "`untold` is not in the table",
         "neg is elementwise", "forgotten has no kernel", "links to ../cuda/nowhere.h"]


def check_itself():
    with tempfile.TemporaryDirectory() as root:
        for path, text in FAULTY.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w") as file:
                file.write(text)
        found = list(faults_of(root))
    for wanted in FOUND:
        if not any(wanted in fault for fault in found):
            sys.exit(f"error: this test does not see the fault planted for it: {wanted}")
    if len(found) != len(FOUND):
        sys.exit("error: this test sees faults where none are:\n  " + "\n  ".join(found))


def main():
    check_itself()
    root = sys.argv[1]
    faults = list(faults_of(root))
    print(*faults, sep="\n")
    print(f"{len(entered_kernels(root))} operations have kernels of their own, {len(faults)} faults")
    sys.exit(bool(faults))


main()
