"""What an operation in the comparison is: how its cases are drawn, and how near its numbers must be.

The tables stand in *_cases.py and list every operation of core/ops.h and core/tensor.h once. Cases are programs
(program.py). Arguments that are wrong stand among the right ones: then the texts of the errors are compared.
"""
import zlib

from draw import SMALL, Draw
from program import Program


class Bound:
    """What a result may differ by: so many units of an element's last place, or of the largest one's. Of the small
    floats, which are rounded once, results may differ by one rounding, and gradients by three of the largest."""

    def __init__(self, ulp=0, of_largest=0, grad_ulp=0, grad_of_largest=2):
        self.value, self.grad = (ulp, of_largest), (grad_ulp, grad_of_largest)

    def allows(self, kind, difference, dtype):
        ulp, of_largest = self.value if kind == "value" else self.grad
        if dtype in SMALL:
            ulp, of_largest = max(ulp, 1), of_largest if kind == "value" else max(of_largest, 3)
        return difference.ulp <= ulp or difference.of_largest <= of_largest


class Operation:
    def __init__(self, name, cases, bound):
        self.name, self._cases, self.bound = name, cases, bound

    def programs(self):
        draw, made = Draw(zlib.crc32(self.name.encode())), []

        def begin():
            made.append(Program(f"{self.name}/{len(made)}"))
            return made[-1]

        self._cases(self.name, begin, draw)
        return made


OPERATIONS = []


def operations(names, **bound):
    """Enters the operations; the function decorated draws the cases of each."""
    def enter(cases):
        OPERATIONS.extend(Operation(name, cases, Bound(**bound)) for name in names.split())
        return cases
    return enter


def changed_copy(program, name, x, *arguments, gradients=None):
    """name(copy of x, ...) in place; what is returned is the copy, and x's gradient goes through it."""
    copy = program.call("clone", x)
    program.change(name, copy, *arguments)
    return program.finish(copy, gradients=gradients)
