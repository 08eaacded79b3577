#!/usr/bin/env python3
"""The kernels of the instruction sets share no symbol, and ask nothing of the machine.

The sources in core/cpu and io/kernels are compiled once for each instruction set. Were an inline function or a template's
instance defined under one name for two of them, the linker would keep either, and a machine without AVX-512 might be handed
the AVX-512 one: a crash that shows only elsewhere. So whatever such an object defines for others (global or weak) may not be
defined by an object of another instruction set, nor by an ordinary object of core or io.

usage: kernels.py NM ordinary: OBJECT... INSTRUCTION_SET: OBJECT... ...
"""
import collections
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from package import run


def defined_symbols(listing):
    """What others may link to: global and weak symbols, as `nm --demangle` prints them."""
    return set(re.findall(r"^[0-9a-f]+ [A-TV-ZuvVwW] (.+)$", listing, re.M))


def shared_symbols(symbols_of):
    """(symbol, groups) for every symbol that two groups define."""
    homes = collections.defaultdict(list)
    for group, symbols in symbols_of.items():
        for symbol in symbols:
            homes[symbol].append(group)
    return sorted((symbol, groups) for symbol, groups in homes.items() if len(groups) > 1)


def asked_about_the_machine(listing):
    """Symbols, defined or not, by which results could come to depend on the machine: the sizes of its caches."""
    return sorted(set(re.findall(r"^.*\b(\S*(?:cach\w*_?sizes?|sysconf|__cpuid)\S*).*$", listing, re.M | re.I)))


def check_itself():
    if len(asked_about_the_machine("0 W Eigen::internal::manage_caching_sizes(a)\n U sysconf\n0 T tile(int)\n")) != 2:
        sys.exit("error: this test does not see the question for cache sizes planted for it")
    planted = {"avx2": defined_symbols("0000 W shared()\n0000 T own_a()\n0000 t hidden()\n                 U used\n"),
               "avx512": defined_symbols("0000 W shared()\n0000 T own_b()\n0000 t hidden()\n                 U used\n")}
    if [symbol for symbol, _ in shared_symbols(planted)] != ["shared()"]:
        sys.exit("error: this test does not see the shared symbol planted for it")


def main():
    check_itself()
    nm, *arguments = sys.argv[1:]
    objects_of = {}
    for argument in arguments:
        if argument.endswith(":"):
            objects = objects_of[argument[:-1]] = []
        else:
            objects.append(argument)
    symbols_of = {group: defined_symbols(run(nm, "--demangle", "--defined-only", *objects)) for group, objects in objects_of.items()}
    for group, symbols in symbols_of.items():
        print(f"{group}: {len(symbols)} symbols in {len(objects_of[group])} objects")
        if not symbols:
            sys.exit(f"error: no symbols were found in the objects of {group}")
    # Files are mapped by pages, whose size only the system knows; nothing is computed there.
    computing = {group: [path for path in objects if "_posix." not in path] for group, objects in objects_of.items()}
    machine = {group: asked_about_the_machine(run(nm, "--demangle", *objects)) for group, objects in computing.items()}
    for group, symbols in machine.items():
        for symbol in symbols:
            print(f"{group}: {symbol} asks about the machine")
    if len(symbols_of) < 2:
        sys.exit("error: there is nothing to compare")
    shared = shared_symbols(symbols_of)
    for symbol, groups in shared:
        print(f"{symbol}: in {' and '.join(groups)}")
    print(f"{len(shared)} symbols are shared")
    sys.exit(bool(shared) or any(machine.values()))


main()
