#!/usr/bin/env python3
"""Every module that nn offers can come out of a file with a whole model.

A class of nn's public headers that is a module stands in the registry, nn/built_in_classes.cpp, or here with the reason
why it does not. tests/integration/whole_models_test.cpp then makes it, with other options than its own.

usage: registry.py SOURCE_FOLDER
"""
import os
import re
import sys
import tempfile

EXCEPTIONS = {
    "BatchNorm": "what BatchNorm1d and BatchNorm2d share",
    "ModuleSequence": "what ModuleList and Sequential share",
    "SoftmaxBase": "what Softmax and LogSoftmax share",
}

CLASS = re.compile(r"^(?:class|struct) (\w+)(?: final)? : public ([\w:]+)", re.MULTILINE)


def faults_of(headers, registry, exceptions):
    bases = {}
    for text in headers:
        bases.update(CLASS.findall(text))
    modules = {"Module"}
    while True:
        more = {name for name, base in bases.items() if base in modules} - modules
        if not more:
            break
        modules |= more
    modules.remove("Module")
    registered = set(re.findall(r"\.add<(\w+)>\(", registry))
    for name in sorted(modules - registered - set(exceptions)):
        yield f"{name}: a module without a line in nn/built_in_classes.cpp"
    for name in sorted(set(exceptions) & registered):
        yield f"{name}: is registered, and named as one that is not"
    for name in sorted(set(exceptions) - modules):
        yield f"{name}: there is no such module"


def faults_of_tree(root, exceptions):
    folder = os.path.join(root, "nn")
    read = {}
    for name in os.listdir(folder):
        if name.endswith(".h") or name == "built_in_classes.cpp":
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                read[name] = file.read()
    registry = read.pop("built_in_classes.cpp")
    return list(faults_of(read.values(), registry, exceptions))


def check_itself():
    with tempfile.TemporaryDirectory() as root:
        os.mkdir(os.path.join(root, "nn"))
        for name, text in {
                "a.h": "class A : public Module {\n};\nclass B final : public A {\n};\nclass C : public B {\n};\n",
                "d.h": "class D : public Module {};\n  class E : public Module {};\nclass F : public Stateful {};\n",
                "built_in_classes.cpp": "made.add<A>();\nmade.add<D>();\n"}.items():
            with open(os.path.join(root, "nn", name), "w") as file:
                file.write(text)
        found = [fault.split(":")[0] for fault in faults_of_tree(root, {"B": "", "D": "", "G": ""})]
    if found != ["C", "D", "G"]:
        sys.exit(f"error: faults were planted in C, D and G, and this test sees them in {found}")


def main():
    check_itself()
    faults = faults_of_tree(sys.argv[1], EXCEPTIONS)
    print(*faults, sep="\n")
    print(f"{len(faults)} faults")
    sys.exit(bool(faults))


main()
