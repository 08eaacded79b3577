#!/usr/bin/env python3
"""Compares every operation of core/ops.h and core/tensor.h, and expressions drawn at random, with PyTorch.

    *_cases.py, expressions.py ──► programs ──► PyTorch, at once          ──► values, gradients, names of their nodes,
                                           └──► evaluate (Cairn), in one go ──► texts of errors: side by side

Prints, for each operation, how many cases there were, of which dtypes, and the largest difference of a number, in units
of its last place and of the largest number beside it. Then what differs: a number by more than the table of the
operation allows, a dtype, a shape, the text of an error, the name of a node; what accepted.py gives a reason for is
only counted. What Python's argument parser alone refuses is not compared. Exit code 1 when anything differs.

usage: compare.py EVALUATE [--only NAME]... [--expressions N] [--seed S] [--details N] [--accepted]
"""
import argparse
import collections
import subprocess
import sys
import tempfile
import warnings

import pytorch

pytorch.go_on_with_pytorch()
import torch

import elementwise_cases
import expressions
import image_cases
import layer_cases
import reduction_cases
import tensor_cases
from accepted import reason_for
from operations import OPERATIONS, Operation
from program import EPSILON, NAMES, Difference, run_with_cairn

warnings.simplefilter("ignore")


class Comparison:
    """What came of the cases of one operation."""

    def __init__(self, operation):
        self.operation, self.cases, self.dtypes = operation, 0, set()
        self.ulp = {"value": 0.0, "grad": 0.0}
        self.of_largest = {"value": 0.0, "grad": 0.0}
        self.faults = collections.defaultdict(list)  # what differs: [(program, more)]

    def fault(self, program, what, more=""):
        self.faults[what].append((program, more))

    def add(self, program, outcome):
        if program.is_for_python_alone:
            return
        self.cases += 1
        self.dtypes |= {tensor.dtype for tensor in program.inputs.values()}
        if program.error or outcome.error:
            return self.compare_errors(program, outcome)
        expected = program.results()
        if [kind for kind, _, _ in outcome.tensors] != [kind for kind, _ in expected]:
            return self.fault(program, "another number of results", f"{len(outcome.tensors)}, expected {len(expected)}")
        for (kind, found, node), (_, wanted) in zip(outcome.tensors, expected):
            self.compare_tensors(program, kind, found, node, wanted)

    def compare_errors(self, program, outcome):
        if program.error and not outcome.error:
            return self.fault(program, f"computes, where PyTorch raises {program.error[1]!r}")
        if outcome.error and not program.error:
            return self.fault(program, f"raises {outcome.error[1]!r}, where PyTorch computes")
        found, wanted = outcome.error, program.error
        if found[1] != wanted[1]:
            self.fault(program, f"another text:\n      found    {found[1]!r}\n      expected {wanted[1]!r}")
        elif wanted[2] and not found[2]:
            self.fault(program, f"no IndexError: {wanted[1]!r}")
        elif found[0] != wanted[0]:
            self.fault(program, f"raised by another line: {wanted[1]!r}")

    def compare_tensors(self, program, kind, found, node, wanted):
        if found is None or wanted is None:
            if found is not wanted:
                self.fault(program, f"{'no ' if found is None else 'a '}gradient")
            return
        if found.dtype != wanted.dtype:
            return self.fault(program, f"dtype of {kind}", f"{found.dtype}, expected {wanted.dtype}")
        if found.shape != wanted.shape:
            return self.fault(program, f"shape of {kind}", f"{list(found.shape)}, expected {list(wanted.shape)}")
        if kind == "value":
            expected_node = wanted.grad_fn.name().removeprefix("torch::autograd::") if wanted.grad_fn else None
            if node != expected_node:
                self.fault(program, f"grad_fn {node}, expected {expected_node}")
        self.compare_numbers(program, kind, found, wanted)

    def compare_numbers(self, program, kind, found, wanted):
        both = f"{found.tolist()}, expected {wanted.tolist()}"[:600]
        if wanted.dtype not in EPSILON:
            wide = torch.complex64 if wanted.is_complex() else torch.float32 if wanted.is_floating_point() else wanted.dtype
            if not torch.equal(found.to(wide).nan_to_num(), wanted.to(wide).nan_to_num()):
                self.fault(program, f"numbers of {kind} ({NAMES[wanted.dtype]})", both)
            return
        coarsest = wanted.dtype  # a gradient may have been summed as the dtype that was computed in
        if kind == "grad":
            coarsest = max((tensor.dtype for tensor in program.inputs.values() if tensor.is_floating_point()), key=EPSILON.get)
        difference = Difference(found, wanted, program.largest_input, coarsest)
        if difference.signed_zero and self.operation.name != "expressions":  # sums in another order have others
            self.fault(program, f"sign of a zero of {kind}", both)
        if (program.bound or self.operation.bound).allows(kind, difference, coarsest):
            self.ulp[kind] = max(self.ulp[kind], difference.ulp)
            self.of_largest[kind] = max(self.of_largest[kind], difference.of_largest)
        else:
            self.fault(program, f"numbers of {kind} ({NAMES[wanted.dtype]})", f"{difference}: {both}")

    def split_faults(self):
        """Those without a reason, and those with one."""
        split = {False: {}, True: {}}
        for what, cases in self.faults.items():
            split[reason_for(self.operation.name, what) is not None][what] = cases
        return split[False], split[True]

    def line(self):
        dtypes = ", ".join(sorted(map(NAMES.get, self.dtypes))) if len(self.dtypes) < 10 else "all"
        numbers = [f"{number:10.3g}" for kind in ("value", "grad") for number in (self.ulp[kind], self.of_largest[kind])]
        counts = [f"{sum(map(len, faults.values())):9}" for faults in self.split_faults()]
        return f"{self.operation.name:22}{self.cases:6}{''.join(numbers)}{''.join(counts)}  {dtypes}"

    def print_faults(self, faults, details):
        for what, cases in sorted(faults.items(), key=lambda fault: -len(fault[1])):
            print(f"\n  {self.operation.name}, {len(cases)} cases: {what}")
            reason = reason_for(self.operation.name, what)
            if reason:
                print(f"      accepted: {reason}")
            for program, more in cases[:details]:
                print("".join(f"      {line}\n" for line in program.text.splitlines()), end="")
                for name, tensor in program.inputs.items():
                    print(f"      {name}: {NAMES[tensor.dtype]} {list(tensor.shape)}" + (f" {tensor.tolist()}" if tensor.numel() < 9 else ""))
                if more:
                    print(f"      {more}")


class ExpressionComparison(Comparison):
    """What differs in float32 may do so as much as it differs from its value in float64, in which both must agree."""

    def __init__(self, count, seed):
        super().__init__(Operation("expressions", None, expressions.BOUND))
        self.programs = expressions.programs(count, seed)
        self.twins = {program.name: program.in_float64() for program in self.programs}

    def compare(self, evaluate, folder):
        outcomes = run_with_cairn(evaluate, self.programs + list(self.twins.values()), folder)
        for program in self.programs:
            self.twin, self.twin_outcome = self.twins[program.name], outcomes[program.name + "/float64"]
            self.at = -1
            self.add(program, outcomes[program.name])
            exact = Comparison(Operation("expressions", None, expressions.BOUND))
            exact.add(self.twin, self.twin_outcome)
            for what, cases in exact.faults.items():
                self.faults[what + ", all in float64"] += cases
        return self

    def compare_tensors(self, program, kind, found, node, wanted):
        self.at += 1
        super().compare_tensors(program, kind, found, node, wanted)

    def compare_numbers(self, program, kind, found, wanted):
        if wanted.dtype not in EPSILON or not self.twin_outcome.tensors:
            return super().compare_numbers(program, kind, found, wanted)
        exact = self.twin_outcome.tensors[self.at][1].double()
        largest = max(exact.abs().max().item() if exact.numel() else 0.0, program.largest_input)
        error, error_of_other = ((numbers.double() - exact).abs() for numbers in (found, wanted))
        allowed = 4 * (error_of_other.max() if exact.numel() else 0) + 100 * program.coarsest * largest
        if not (error <= allowed).all():
            return super().compare_numbers(program, kind, found, wanted)
        self.of_largest[kind] = max(self.of_largest[kind], ((found.double() - wanted.double()).abs().max() / (largest * program.coarsest)).item()
                                    if exact.numel() and largest else 0.0)


def main():
    options = argparse.ArgumentParser(usage=__doc__.rpartition("usage: ")[2])
    options.add_argument("evaluate")
    options.add_argument("--only", action="append", default=[], metavar="NAME", help="this operation, or 'expressions'; may be repeated")
    options.add_argument("--expressions", type=int, default=1000, metavar="N", help="so many expressions")
    options.add_argument("--seed", type=int, default=0, metavar="S", help="draw other expressions")
    options.add_argument("--details", type=int, default=1, metavar="N", help="show so many cases of each difference")
    options.add_argument("--accepted", action="store_true", help="show the accepted differences, too, each with its reason")
    options = options.parse_args()
    torch.set_num_threads(1)
    print(f"{'operation':22}{'cases':>6}{'value: ulp':>10}{'largest':>10}{'grad: ulp':>10}{'largest':>10}{'differ':>9}{'accepted':>9}  dtypes")
    comparisons = []

    def finish(comparison):
        print(comparison.line(), flush=True)
        comparisons.append(comparison)

    with tempfile.TemporaryDirectory() as folder:
        for operation in OPERATIONS:
            if not options.only or operation.name in options.only:
                comparison, programs = Comparison(operation), operation.programs()
                outcomes = run_with_cairn(options.evaluate, programs, folder)
                for program in programs:
                    comparison.add(program, outcomes[program.name])
                finish(comparison)
        if not options.only or "expressions" in options.only:
            finish(ExpressionComparison(options.expressions, options.seed).compare(options.evaluate, folder))
    called = subprocess.run([options.evaluate, "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    unlisted = sorted({operation.name for operation in OPERATIONS} ^ set(called))
    for name in unlisted:
        print(f"\n  {name} is not both in functions.cpp and in a table of cases")
    different, accepted = len(unlisted), 0
    for comparison in comparisons:
        faults, with_reason = comparison.split_faults()
        comparison.print_faults(faults | with_reason if options.accepted else faults, options.details)
        different += sum(map(len, faults.values()))
        accepted += sum(map(len, with_reason.values()))
    print(f"\n{len(comparisons)} operations, {sum(comparison.cases for comparison in comparisons)} cases: "
          f"{different} differences, and {accepted} accepted")
    sys.exit(different > 0)


if __name__ == "__main__":
    main()
