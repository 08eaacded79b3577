"""The cases of operations that work element by element."""
import math

import torch

from draw import ALL, FLOATS, LAYOUTS, SMALL, odd_numbers
from operations import Bound, changed_copy, operations

# --- elementwise, one input -------------------------------------------------------------------------------------------
SHAPES = [(), (0,), (1,), (7,), (3, 4), (2, 1, 3), (2, 0, 3), (3, 33)]
FROM_POSITIVE = ("log", "sqrt", "rsqrt")


def sweep(name, dtype):
    """Many numbers: small and large, of both signs where that has a meaning."""
    ways = torch.logspace(-40, 40, 1999, dtype=torch.float64, base=2)
    near = torch.linspace(0.0, 12, 997, dtype=torch.float64)
    numbers = torch.cat([ways, near])
    return (numbers if name.rstrip("_") in FROM_POSITIVE else torch.cat([numbers, -numbers])).to(dtype)


def unary(name, begin, draw):
    positive = name.startswith(FROM_POSITIVE)
    for dtype in ALL:
        for shape in SHAPES:
            for layout in LAYOUTS if len(shape) > 1 else LAYOUTS[:1]:
                program = begin()
                x = draw.operand(program, draw.numbers(shape, dtype, positive), layout)
                program.finish(program.call(name, x), gradients=draw.generator)
        program = begin()
        program.finish(program.call(name, program.leaf(odd_numbers(dtype))), gradients=draw.generator)
    for dtype in FLOATS:
        program = begin()
        x = program.call(name, program.leaf(sweep(name, dtype)))
        program.finish(x, grad=dtype not in SMALL, gradients=draw.generator)  # theirs overflow on the way


def unary_in_place(name, begin, draw):
    positive = name.startswith(FROM_POSITIVE)
    for dtype in ALL:
        for shape in [(), (0,), (5,), (2, 3)]:
            program = begin()
            changed_copy(program, name, program.leaf(draw.numbers(shape, dtype, positive)), gradients=draw.generator)
        program = begin()
        changed_copy(program, name, program.leaf(odd_numbers(dtype)), gradients=draw.generator)
        program = begin()  # a part of a tensor without gradient
        whole = program.input(draw.numbers((4, 3), dtype, positive))
        program.change(name, program.call("slice", program.call("t", whole), 1, 1, 4, 2))
        program.finish(whole)
    program = begin()
    x = program.leaf(draw.numbers((3,), torch.float32))
    program.change(name, x)


operations("neg abs relu")(unary)
operations("sqrt", ulp=1, grad_ulp=1)(unary)  # one of the two is not rounded correctly
operations("rsqrt", ulp=1, grad_ulp=4)(unary)
operations("exp log tanh sigmoid", ulp=3, grad_ulp=5, grad_of_largest=2)(unary)
operations("erf", ulp=3, grad_ulp=5, grad_of_largest=2)(unary)
operations("neg_ abs_ relu_")(unary_in_place)
operations("sqrt_", ulp=1, grad_ulp=1)(unary_in_place)
operations("rsqrt_", ulp=1, grad_ulp=4)(unary_in_place)
operations("exp_ log_ tanh_ sigmoid_ erf_", ulp=3, grad_ulp=5, grad_of_largest=2)(unary_in_place)


@operations("logical_not")
def cases(name, begin, draw):
    for dtype in ALL:
        for tensor in (draw.numbers((2, 3), dtype), draw.numbers((), dtype), odd_numbers(dtype)):
            program = begin()
            program.finish(program.call(name, program.leaf(tensor)))


# --- elementwise, two inputs ------------------------------------------------------------------------------------------
BROADCAST = [((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 3), ()), ((), (2, 3)), ((2, 1), (1, 3)), ((2, 1, 3), (4, 1)),
             ((0,), (1,)), ((0, 3), (3,)), ((2, 0), (2, 1)), ((5, 33), (5, 33)), ((5, 33), (5, 1))]
UNFIT = [((3,), (4,)), ((2, 3), (2,)), ((2, 3), (3, 2)), ((0,), (2,)), ((2, 1, 3), (3, 4, 2))]


def binary(name, begin, draw):
    positive = name == "pow"
    for a in ALL:
        for b in ALL:
            for shapes in (((3,), (3,)), ((3,), ()), ((), (3,)), ((), ()), ((2, 1), (3,))):
                program = begin()
                x, y = program.leaf(draw.numbers(shapes[0], a, positive)), program.leaf(draw.numbers(shapes[1], b))
                program.finish(program.call(name, x, y), gradients=draw.generator)
        odd = odd_numbers(a)
        program = begin()
        program.finish(program.call(name, program.input(odd.unsqueeze(1)), program.input(odd)))
        program = begin()
        program.finish(program.call(name, program.leaf(odd.unsqueeze(1)), program.leaf(odd)), gradients=draw.generator)
        program.bound = Bound(ulp=4, of_largest=1, grad_ulp=8, grad_of_largest=8)
    for dtype in (torch.float32, torch.float64, torch.bfloat16, torch.int32):
        for shapes in BROADCAST + UNFIT:
            for layout in LAYOUTS:
                program = begin()
                x = draw.operand(program, draw.numbers(shapes[0], dtype, positive), layout)
                y = draw.operand(program, draw.numbers(shapes[1], dtype), draw.choice(LAYOUTS))
                program.finish(program.call(name, x, y), gradients=draw.generator)
    program = begin()
    x = program.leaf(draw.numbers((3,), torch.float32, positive))
    program.finish(program.call(name, x, x), gradients=draw.generator)


def binary_in_place(name, begin, draw):
    positive = name == "pow_"
    for a in ALL:
        for b in ALL:
            for shapes in (((2, 3), (2, 3)), ((2, 3), (3,)), ((3,), ()), ((), ())):
                program = begin()
                x, y = program.leaf(draw.numbers(shapes[0], a, positive)), program.leaf(draw.numbers(shapes[1], b))
                changed_copy(program, name, x, y, gradients=draw.generator)
    for shapes in [((3,), (2, 3)), ((), (3,)), ((2, 1), (2, 3))] + UNFIT:
        program = begin()
        x, y = program.leaf(draw.numbers(shapes[0], torch.float32, positive)), program.leaf(draw.numbers(shapes[1], torch.float32))
        changed_copy(program, name, x, y, gradients=draw.generator)
    program = begin()  # with itself
    copy = program.call("clone", program.leaf(draw.numbers((3,), torch.float32, positive)))
    program.change(name, copy, copy)
    program.finish(copy, gradients=draw.generator)
    for dtype in (torch.float32, torch.float16, torch.int64):  # a square with its transpose
        program = begin()
        x = program.input(draw.numbers((3, 3), dtype, positive=True))
        program.change(name, program.call("slice", x, 0, 0, 2, 1), program.call("slice", program.call("t", x), 0, 1, 3, 1))
    program = begin()
    program.change(name, program.leaf(draw.numbers((3,), torch.float32)), program.input(draw.numbers((3,), torch.float32)))


NUMBERS = [2, -3, 0, 1, True, False, 2.5, -0.5, 0.0, -1.0, 0.1, 3.0, -2, 300, 2**40, math.inf, math.nan, 1e30]


def with_number(name, begin, draw):
    first = name.split(".")[1] != "number"
    for dtype in ALL:
        for number in NUMBERS:
            for shape in ((2, 3), ()):
                program = begin()
                x = program.leaf(draw.numbers(shape, dtype, name.startswith("pow")))
                arguments = (number, x) if first else (x, number)
                program.finish(program.call(name, *arguments), gradients=draw.generator)
        for number in (2, 0.5, 3, -1.0, 0, 0.1, -2.3):
            program = begin()
            near = torch.nextafter(torch.full((40,), number), torch.tensor([-10.0, 10.0]).repeat(20)).to(dtype)
            x = program.leaf(torch.cat([odd_numbers(dtype), near, draw.numbers((60,), dtype, name.startswith("pow"))]))
            program.finish(program.call(name, *((number, x) if first else (x, number))), gradients=draw.generator)


def with_number_in_place(name, begin, draw):
    for dtype in ALL:
        for number in NUMBERS:
            program = begin()
            x = program.leaf(draw.numbers((2, 3), dtype, name.startswith("pow")))
            changed_copy(program, name, x, number, gradients=draw.generator)
    program = begin()
    program.change(name, program.leaf(draw.numbers((2,), torch.float32)), 2.0)


POWER = dict(ulp=4, grad_ulp=8, grad_of_largest=4)
operations("add sub mul maximum minimum", grad_of_largest=4)(binary)
operations("div", grad_ulp=2, grad_of_largest=8)(binary)
operations("pow", **POWER)(binary)
operations("add_ sub_ mul_")(binary_in_place)
operations("div_", grad_ulp=2, grad_of_largest=2)(binary_in_place)
operations("pow_", **POWER)(binary_in_place)
operations("add.number add.to_number sub.number sub.from_number mul.number mul.by_number")(with_number)
operations("div.number div.of_number", ulp=1, grad_ulp=3)(with_number)
operations("pow.number pow.of_number", **POWER)(with_number)
operations("add_.number sub_.number mul_.number")(with_number_in_place)
operations("div_.number", ulp=1, grad_ulp=2)(with_number_in_place)
operations("pow_.number", **POWER)(with_number_in_place)
operations("eq ne lt le gt ge logical_and logical_or logical_xor")(binary)
operations("eq.number ne.number lt.number le.number gt.number ge.number")(with_number)


# --- choosing ---------------------------------------------------------------------------------------------------------
@operations("where")
def cases(name, begin, draw):
    for a in ALL:
        for b in ALL:
            for shapes in (((3,), (3,)), ((3,), ()), ((), (3,)), ((), ())):
                program = begin()
                condition = program.input(draw.numbers((3,), torch.bool))
                x, y = program.leaf(draw.numbers(shapes[0], a)), program.leaf(draw.numbers(shapes[1], b))
                program.finish(program.call(name, condition, x, y), gradients=draw.generator)
        program = begin()
        condition = program.input(draw.numbers((3,), a))
        x, y = program.leaf(draw.numbers((3,), torch.float32)), program.leaf(draw.numbers((3,), torch.float32))
        program.finish(program.call(name, condition, x, y), gradients=draw.generator)
    for dtype in (torch.float32, torch.float16, torch.int16):
        for shapes in BROADCAST + UNFIT:
            for condition_shape in ((), (3,), (2, 1), (4, 1, 1)):
                program = begin()
                condition = draw.operand(program, draw.numbers(condition_shape, torch.bool), draw.choice(LAYOUTS))
                x = draw.operand(program, draw.numbers(shapes[0], dtype), draw.choice(LAYOUTS))
                y = draw.operand(program, draw.numbers(shapes[1], dtype), draw.choice(LAYOUTS))
                program.finish(program.call(name, condition, x, y), gradients=draw.generator)


@operations("where.number where.or_number")
def cases(name, begin, draw):
    for dtype in ALL:
        for number in NUMBERS:
            for shape in ((2, 3), ()):
                program = begin()
                condition, x = program.input(draw.numbers((2, 3), torch.bool)), program.leaf(draw.numbers(shape, dtype))
                ends = (number, x) if name == "where.number" else (x, number)
                program.finish(program.call(name, condition, *ends), gradients=draw.generator)


@operations("masked_fill masked_fill_")
def cases(name, begin, draw):
    in_place = name.endswith("_")
    for a in ALL:
        for b in ALL:
            program = begin()
            x = program.leaf(draw.numbers((2, 3), a))
            rest = program.input(draw.numbers((2, 3), torch.bool)), program.leaf(draw.numbers((), b))
            if in_place:
                changed_copy(program, name, x, *rest, gradients=draw.generator)
            else:
                program.finish(program.call(name, x, *rest), gradients=draw.generator)
    for shape, mask, mask_dtype, value in [
            ((2, 3), (3,), torch.bool, ()), ((2, 3), (2, 1), torch.bool, ()), ((2, 3), (), torch.bool, ()),
            ((3,), (2, 3), torch.bool, ()), ((), (3,), torch.bool, ()), ((), (), torch.bool, ()), ((0,), (0,), torch.bool, ()),
            ((2, 3), (2,), torch.bool, ()), ((2, 3), (2, 3), torch.uint8, ()), ((2, 3), (2, 3), torch.float32, ()),
            ((2, 3), (2, 3), torch.bool, (1,)), ((2, 3), (2, 3), torch.bool, (2, 3))]:
        for layout in LAYOUTS:
            program = begin()
            x = draw.operand(program, draw.numbers(shape, torch.float32), layout)
            rest = program.input(draw.numbers(mask, mask_dtype)), program.leaf(draw.numbers(value, torch.float32))
            if in_place:
                changed_copy(program, name, x, *rest, gradients=draw.generator)
            else:
                program.finish(program.call(name, x, *rest), gradients=draw.generator)


@operations("masked_fill.number masked_fill_.number")
def cases(name, begin, draw):
    for dtype in ALL:
        for number in NUMBERS:
            program = begin()
            x, mask = program.leaf(draw.numbers((2, 3), dtype)), program.input(draw.numbers((2, 3), torch.bool))
            if name.startswith("masked_fill_."):
                changed_copy(program, name, x, mask, number, gradients=draw.generator)
            else:
                program.finish(program.call(name, x, mask, number), gradients=draw.generator)
    program = begin()
    program.change("masked_fill_.number", program.leaf(torch.ones(2)), program.input(torch.tensor([True, False])), 2.0)


@operations("clamp clamp_")
def cases(name, begin, draw):
    in_place = name.endswith("_")

    def finish(program, x, low, high):
        if in_place:
            return changed_copy(program, name, x, low, high, gradients=draw.generator)
        return program.finish(program.call(name, x, low, high), gradients=draw.generator)

    for a in ALL:
        for b in ALL:
            for shape in ((3,), ()):
                program = begin()
                x, low = program.leaf(draw.numbers((2, 3), a)), program.leaf(draw.numbers(shape, b))
                finish(program, x, low, None)
                program = begin()
                x, low, high = (program.leaf(draw.numbers(shape, dtype)) for dtype in (a, b, draw.choice(ALL)))
                finish(program, x, low, high)
        program = begin()
        x, low, high = (program.input(odd_numbers(a).view(shape)) for shape in ((-1, 1, 1), (-1, 1), (-1,)))
        if not in_place:
            program.finish(program.call(name, x, low, high))
    for shapes in [((2, 3), (3,), (2, 1)), ((3,), (2, 3), ()), ((2, 3), (2,), (3,)), ((2, 3), (), None), ((2, 3), None, (2, 3)),
                   ((2, 3), None, None), ((0,), (0,), None), ((), (3,), None)]:
        program = begin()
        finish(program, *(None if shape is None else program.leaf(draw.numbers(shape, torch.float32)) for shape in shapes))


@operations("clamp.number clamp_.number")
def cases(name, begin, draw):
    for dtype in ALL:
        for low, high in [(-1, 1), (-0.5, 0.5), (0, None), (None, 2.5), (2, 1), (None, None), (math.nan, 1.0), (-math.inf, 0.5),
                          (True, 3), (-300, 300), (0.1, 2)]:
            for tensor in (draw.numbers((2, 3), dtype), draw.numbers((), dtype), odd_numbers(dtype)):
                program = begin()
                x = program.leaf(tensor)
                if name.startswith("clamp_"):
                    changed_copy(program, name, x, low, high, gradients=draw.generator)
                else:
                    program.finish(program.call(name, x, low, high), gradients=draw.generator)
