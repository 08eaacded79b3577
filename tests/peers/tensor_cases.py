"""The cases of views, copies, joining, indexing, and of tensors made from nothing."""
import math

import torch

from draw import ALL, FLOATS, INTEGERS, LAYOUTS, odd_numbers
from operations import Bound, changed_copy, operations
from program import DTYPES


NEW = "clone zeros_like ones_like empty_like".split()  # lie row by row, where PyTorch keeps the strides of x


def on_layouts(name, begin, draw, shape, *arguments, dtype=torch.float32):
    """name(x, *arguments) for x of this shape, however it lies: values, strides and gradients."""
    for layout in LAYOUTS if len(shape) > 0 else LAYOUTS[:1]:
        program = begin()
        x = draw.operand(program, draw.numbers(shape, dtype), layout)
        y = program.call(name, x, *arguments)
        program.finish(y, gradients=draw.generator)
        if name not in NEW and not isinstance(program.values.get(y), (tuple, list)) and not program.error:
            program.finish(program.call("strides", y), program.call("storage_offset", y), program.call("is_contiguous", y))


def table(names, rows, **bound):
    """Operations whose cases are these shapes and arguments."""
    @operations(names, **bound)
    def cases(name, begin, draw):
        for shape, *arguments in rows:
            on_layouts(name, begin, draw, shape, *arguments)
        for dtype in ALL:
            on_layouts(name, begin, draw, *rows[0], dtype=dtype)


table("view reshape", [
    ((2, 6), [3, 4]), ((2, 6), [12]), ((2, 6), [-1]), ((2, 6), [-1, 4]), ((2, 6), [2, 1, 6]), ((2, 6), [2, 3, 2]), ((), [1]), ((), []),
    ((), [1, 1]), ((1,), []), ((0,), [0]), ((0,), [2, 0]), ((0,), [-1, 2]), ((0, 3), [-1]), ((2, 3, 4), [6, 4]), ((2, 3, 4), [2, 12]),
    ((2, 3, 4), [24]), ((2, 6), [5]), ((2, 6), [-1, 5]), ((2, 6), [-1, -1]), ((2, 6), [-2, 6]), ((0,), [-1, 0]), ((2, 6), [0, -1]),
    ((2, 6), [0]), ((2, 6), []), ((2, 1, 6), [2, 6])])
table("flatten", [
    ((2, 3, 4), 0, -1), ((2, 3, 4), 1, 2), ((2, 3, 4), 0, 1), ((2, 3, 4), 1, 1), ((), 0, -1), ((5,), 0, -1), ((2, 0, 3), 0, -1),
    ((2, 3, 4), 2, 1), ((2, 3, 4), 0, 3), ((2, 3, 4), -4, 1)])
table("transpose", [
    ((2, 3), 0, 1), ((2, 3, 4), 0, 2), ((2, 3, 4), -1, -2), ((2, 3, 4), 1, 1), ((), 0, 0), ((), 0, -1), ((2, 0), 0, 1), ((2, 3), 0, 2),
    ((2, 3), -3, 0), ((), 0, 1)])
table("t", [((2, 3),), ((3,),), ((),), ((0, 2),), ((2, 3, 4),)])
table("permute", [
    ((2, 3), [1, 0]), ((2, 3, 4), [2, 0, 1]), ((2, 3, 4), [-1, 0, 1]), ((), []), ((3,), [0]), ((2, 3), [0]), ((2, 3), [0, 0]),
    ((2, 3), [0, 2]), ((2, 3), [0, 1, 2]), ((), [0]), ((2, 3), [1, -1])])
table("select", [
    ((2, 3), 0, 1), ((2, 3), 1, -1), ((2, 3, 4), 1, 0), ((3,), 0, 2), ((), 0, 0), ((2, 3), 0, 2), ((2, 3), 0, -3), ((2, 3), 2, 0),
    ((2, 3), -3, 0), ((0, 3), 0, 0)])
table("index.number", [((2, 3), 1), ((3,), -1), ((2, 3, 4), 0)])
table("narrow", [
    ((5, 3), 0, 1, 2), ((5, 3), 1, 0, 3), ((5, 3), -1, -2, 1), ((5, 3), 0, 5, 0), ((5,), 0, 0, 5), ((5, 3), 0, 3, 3), ((5, 3), 0, 6, 0),
    ((5, 3), 0, -6, 1), ((5, 3), 0, 1, -1), ((5, 3), 2, 0, 1), ((5, 3), -3, 0, 1), ((), 0, 0, 1), ((0,), 0, 0, 0)])
table("slice", [
    ((5, 3), 0, 1, 4, 1), ((5, 3), 0, 0, 5, 2), ((5, 3), 1, 1, 100, 1), ((5, 3), 0, -3, -1, 1), ((5, 3), 0, 3, 2, 1), ((5, 3), 0, -100, 2, 1),
    ((5, 3), 0, 0, 5, 3), ((5, 3), 0, 7, 9, 1), ((5, 3), 0, 0, 5, 0), ((5, 3), 0, 0, 5, -1), ((5, 3), 2, 0, 1, 1), ((), 0, 0, 1, 1),
    ((5, 3), -2, 1, 2**62, 2)])
table("squeeze.all", [((2, 1, 3),), ((1, 1),), ((),), ((2, 3),), ((1, 0, 1),)])
table("squeeze", [((2, 1, 3), 1), ((2, 1, 3), 0), ((2, 1, 3), -2), ((1,), 0), ((), 0), ((), -1), ((2, 1), 2), ((2, 1), -3), ((), 1)])
table("unsqueeze", [((2, 3), 0), ((2, 3), 1), ((2, 3), 2), ((2, 3), -1), ((), 0), ((), -1), ((2, 3), 3), ((2, 3), -4), ((), 1), ((0,), 1)])
table("expand", [
    ((3,), [2, 3]), ((1, 3), [2, 3]), ((1, 3), [4, -1, 3]), ((2, 1), [2, 5]), ((2, 1), [-1, 5]), ((), [2, 3]), ((), []), ((1,), [0]),
    ((0,), [2, 0]), ((2, 3), [2, 3]), ((3,), [2]), ((2, 3), [3]), ((3,), [-1, 3]), ((3,), [2, 4]), ((2, 3), [3, 3]), ((3,), [2, -3]),
    ((1,), [-2]), ((2, 3), [2, 0]), ((1, 3), [0, 3])])
table("contiguous clone", [((2, 3),), ((2, 3, 4),), ((),), ((0, 3),), ((300,),)])
table("detach", [((2, 3),), ((),)])
table("shape strides storage_offset dim numel nbytes is_contiguous is_leaf requires_grad version", [
    ((2, 3),), ((),), ((0, 3),), ((2, 1, 3),), ((1, 1),)])
table("size", [((2, 3), 0), ((2, 3), -1), ((2, 3), 2), ((2, 3), -3), ((), 0), ((), -1)])
table("zeros_like ones_like empty_like", [((2, 3),), ((),), ((0,),), ((2, 3, 4),)])
table("split", [
    ((7,), 3, 0), ((6, 2), 3, 0), ((2, 6), 4, 1), ((2, 6), 4, -1), ((2, 6), 100, 1), ((2, 0), 1, 1), ((2, 0), 0, 1), ((2, 6), 0, 1),
    ((2, 6), -1, 1), ((2, 6), 2, 2), ((), 1, 0)])
table("split.sizes", [
    ((7,), [3, 4], 0), ((2, 6), [1, 2, 3], 1), ((2, 6), [0, 6], -1), ((2, 6), [6], 1), ((2, 6), [2, 2], 1), ((2, 6), [7, -1], 1),
    ((2, 6), [6], 2), ((), [1], 0), ((0,), [0, 0], 0)])
table("chunk", [((7,), 3, 0), ((6, 2), 3, 0), ((2, 6), 4, 1), ((2, 6), 100, 1), ((0, 2), 3, 0), ((2, 6), 0, 1), ((2, 6), -1, 1),
                ((2, 6), 2, 2), ((), 1, 0)])


@operations("as_strided")
def cases(name, begin, draw):
    for shape, *arguments in [((12,), [3, 4], [4, 1], 0), ((12,), [3], [2], 1), ((12,), [2, 2], [0, 1], 3), ((12,), [], [], 5),
                              ((12,), [0], [1], 0), ((12,), [3], [5], 3), ((12,), [3, 4], [4], 0), ((12,), [3], [-1], 5), ((12,), [-1], [1], 0),
                              ((12,), [3], [1], -1), ((12,), [13], [1], 0)]:
        program = begin()
        program.finish(program.call(name, program.input(draw.numbers(shape, torch.float32)), *arguments))


@operations("to")
def cases(name, begin, draw):
    numbers = torch.tensor([0.0, -0.0, 1.5, -1.5, 2.5, 127.9, 128, -129, 255, 256, -1, 300.7, 40000, -40000, 2.0**31, -2.0**31, 2.0**33 + 5,
                            2.0**63, -2.0**63, 1e20, math.inf, -math.inf, math.nan, 65504, 65520, 70000, 1e-3, 1e-7, 6e-8, 1e-40, 3.4e38,
                            1e300, 1 + 2.0**-11, 1 + 2.0**-8, 1 + 3 * 2.0**-9, 448, 465, 57344, 62000], dtype=torch.float64)
    for source in ALL:
        for target in DTYPES.values():
            for tensor in (draw.numbers((2, 3), source), odd_numbers(source), *([numbers.to(source)] if source in FLOATS else [])):
                program = begin()
                x = program.leaf(tensor)
                program.finish(program.call(name, x, target), gradients=draw.generator)
            for layout in LAYOUTS[1:]:
                program = begin()
                x = draw.operand(program, draw.numbers((30, 9), source), layout)
                program.finish(program.call(name, x, target), grad=not target.is_complex, gradients=draw.generator)


@operations("copy_")
def cases(name, begin, draw):
    for a in ALL:
        for b in ALL:
            program = begin()
            changed_copy(program, name, program.leaf(draw.numbers((2, 3), a)), program.leaf(draw.numbers((2, 3), b)), gradients=draw.generator)
    for shapes in [((2, 3), (3,)), ((2, 3), ()), ((2, 3), (2, 1)), ((), ()), ((0,), (0,)), ((3,), (2, 3)), ((2, 3), (2,)), ((), (1,)), ((3,), (1, 3)),
                   ((2, 3), (3, 2))]:
        program = begin()
        changed_copy(program, name, *(program.leaf(draw.numbers(shape, torch.float32)) for shape in shapes), gradients=draw.generator)
    program = begin()  # a square becomes its transpose
    x = program.input(draw.numbers((5, 5), torch.float32))
    program.change(name, x, program.call("t", x))
    program.finish(x)
    program = begin()
    program.change(name, program.leaf(draw.numbers((3,), torch.float32)), program.input(draw.numbers((3,), torch.float32)))


@operations("fill_ zero_")
def cases(name, begin, draw):
    for dtype in ALL:
        for number in ([2, -3, 0, True, 2.5, -0.5, math.inf, math.nan, 300, 70000, 2**40, 1e30, 1e300, -1] if name == "fill_" else [None]):
            program = begin()
            arguments = [] if number is None else [number]
            x = program.leaf(draw.numbers((2, 3), dtype))
            changed_copy(program, name, x, *arguments, gradients=draw.generator)
    program = begin()
    program.change(name, program.leaf(torch.ones(2)), *([2] if name == "fill_" else []))


@operations("item item_int64")
def cases(name, begin, draw):
    for dtype in INTEGERS + [torch.bool] + (FLOATS if name == "item" else []):
        for shape in ((), (1,), (1, 1), (2,), (0,)):
            program = begin()
            program.finish(program.call(name, program.input(draw.numbers(shape, dtype))))


@operations("requires_grad_")
def cases(name, begin, draw):
    for dtype in ALL:
        for on in (True, False):
            program = begin()
            program.change(name, program.input(draw.numbers((2,), dtype)), on)
    program = begin()
    program.change(name, program.call("neg", program.leaf(torch.ones(2))), False)


# --- joining ----------------------------------------------------------------------------------------------------------
@operations("cat stack")
def cases(name, begin, draw):
    for a in ALL:
        for b in ALL:
            program = begin()
            x, y = program.leaf(draw.numbers((2, 3), a)), program.leaf(draw.numbers((2, 3), b))
            program.finish(program.call(name, [x, y], 0), gradients=draw.generator)
            program = begin()
            x, y = program.leaf(draw.numbers((0,), a)), program.leaf(draw.numbers((2,) if name == "cat" else (0,), b))
            program.finish(program.call(name, [x, y], 0), gradients=draw.generator)
    for shapes in [[(2, 3), (2, 3)], [(2, 3), (4, 3)], [(2, 3), (2, 5)], [(3,), (4,), (5,)], [(3,)], [(0,), (2, 3)], [(2, 3), (0,), (2, 3)],
                   [(0,), (0,)], [(2, 0), (2, 3)], [(), ()], [(3,), ()], [(2, 3), (3,)], [(2, 3), (2, 3, 1)], [(2, 3), (0, 3)], [(2, 3), (3, 2)],
                   [(2, 0), (1, 3)], [(0, 2), (0,)]]:
        for dim in (0, 1, -1, 2, -3):
            program = begin()
            parts = [draw.operand(program, draw.numbers(shape, torch.float32), draw.choice(LAYOUTS)) for shape in shapes]
            program.finish(program.call(name, parts, dim), gradients=draw.generator)


# --- indexing ---------------------------------------------------------------------------------------------------------
@operations("gather")
def cases(name, begin, draw):
    for dtype in ALL:
        for shape, dim, index_shape in [((5,), 0, (3,)), ((4, 5), 0, (2, 5)), ((4, 5), 1, (4, 7)), ((4, 5), -1, (2, 2)), ((2, 3, 4), 1, (2, 6, 1)),
                                        ((), 0, ()), ((), 0, (1,)), ((5,), 0, ()), ((4, 5), 0, (0, 5)), ((4, 5), 0, (0,))]:
            for layout in LAYOUTS[:3]:
                program = begin()
                x = draw.operand(program, draw.numbers(shape, dtype), layout)
                extent = shape[dim] if shape else 1
                index = draw.operand(program, draw.whole(0, extent, index_shape), draw.choice(LAYOUTS[:2]))
                program.finish(program.call(name, x, dim, index), gradients=draw.generator)
    wrong_index(name, begin, draw, [])


def wrong_index(name, begin, draw, rest):
    """Indices out of range, of another dtype or shape."""
    for dtype in ALL:
        program = begin()
        index = program.input(torch.zeros((2, 3), dtype=dtype))
        program.finish(program.call(name, program.leaf(draw.numbers((2, 3), torch.float32)), 0, index,
                                    *(program.leaf(tensor) for tensor in rest)), gradients=draw.generator)
    for shape, dim, index in [((2, 3), 0, [[0, 1, 2]]), ((2, 3), 0, [[0, -1, 1]]), ((2, 3), 1, [[0, 3, 1]]), ((2, 3), 2, [[0]]), ((2, 3), -3, [[0]]),
                              ((2, 3), 0, [0, 1]), ((2, 3), 1, [[0], [1], [1]]), ((3,), 0, [[0]]), ((), 0, [0]), ((), 1, [0]), ((), 0, [1]),
                              ((0, 3), 0, [[0, 0, 0]])]:
        program = begin()
        x, index = program.leaf(draw.numbers(shape, torch.float32)), program.input(torch.tensor(index))
        program.finish(program.call(name, x, dim, index, *(program.leaf(tensor) for tensor in rest)), gradients=draw.generator)


@operations("scatter_add scatter_add_", of_largest=4)
def cases(name, begin, draw):
    def finish(program, x, *arguments):
        if name.endswith("_"):
            return changed_copy(program, name, x, *arguments, gradients=draw.generator)
        return program.finish(program.call(name, x, *arguments), gradients=draw.generator)

    for dtype in ALL:
        for shape, dim, index_shape, source_shape in [
                ((5,), 0, (3,), (3,)), ((5,), 0, (9,), (10,)), ((4, 5), 0, (6, 5), (6, 5)), ((4, 5), 1, (3, 7), (4, 8)), ((2, 3, 4), 1, (2, 6, 1), (2, 6, 4)),
                ((), 0, (), ()), ((), 0, (1,), (1,)), ((5,), 0, (), ()), ((4, 5), 0, (0, 5), (0, 5)), ((4, 5), 0, (5, 5), (4, 5)), ((4, 5), 0, (2, 6), (2, 6)),
                ((4, 5), 0, (2,), (2,)), ((4, 5), 0, (2, 5), (2,))]:
            for layout in LAYOUTS[:3]:
                program = begin()
                x = draw.operand(program, draw.numbers(shape, dtype), layout)
                extent = shape[dim] if shape else 1
                index = draw.operand(program, draw.whole(0, extent, index_shape), draw.choice(LAYOUTS[:2]))
                source = draw.operand(program, draw.numbers(source_shape, dtype), draw.choice(LAYOUTS[:3]))
                finish(program, x, dim, index, source)
        for other in ALL:
            program = begin()
            x, index = program.leaf(draw.numbers((4, 3), dtype)), program.input(draw.whole(0, 4, (2, 3)))
            finish(program, x, 0, index, program.leaf(draw.numbers((2, 3), other)))
    if not name.endswith("_"):
        wrong_index(name, begin, draw, [torch.ones(2, 3)])
    else:
        program = begin()
        program.change(name, program.leaf(torch.ones(3)), 0, program.input(torch.tensor([1])), program.input(torch.ones(1)))


@operations("index_select", grad_of_largest=2)
def cases(name, begin, draw):
    for dtype in ALL:
        for shape, dim, index_shape in [((5,), 0, (3,)), ((4, 5), 0, (7,)), ((4, 5), 1, (3,)), ((2, 3, 4), 1, (5,)), ((2, 3, 4), -1, (2,)), ((), 0, (1,)),
                                        ((), 0, ()), ((5,), 0, ()), ((4, 5), 0, (0,)), ((), 0, (0,)), ((), 0, (2,)), ((0, 3), 1, (2,)), ((50, 70), 0, (30,))]:
            for layout in LAYOUTS[:3]:
                program = begin()
                x = draw.operand(program, draw.numbers(shape, dtype), layout)
                index = program.input(draw.whole(0, shape[dim] if shape else 1, index_shape))
                program.finish(program.call(name, x, dim, index), gradients=draw.generator)
    for dtype in ALL:
        program = begin()
        x, index = program.leaf(draw.numbers((2, 3), torch.float32)), program.input(torch.zeros((2,), dtype=dtype))
        program.finish(program.call(name, x, 0, index), gradients=draw.generator)
    for shape, dim, index in [((2, 3), 0, [2]), ((2, 3), 0, [-1]), ((2, 3), 1, [0, 3]), ((2, 3), 2, [0]), ((2, 3), -3, [0]), ((2, 3), 0, [[0]]),
                              ((3,), 0, [3]), ((), 0, [1]), ((), 1, [0]), ((0, 3), 0, [0])]:
        program = begin()
        x, index = program.leaf(draw.numbers(shape, torch.float32)), program.input(torch.tensor(index))
        program.finish(program.call(name, x, dim, index), gradients=draw.generator)


@operations("one_hot")
def cases(name, begin, draw):
    for classes, count in [([0, 2, 1], -1), ([0, 2, 1], 3), ([0, 2, 1], 5), ([[0, 1], [2, 0]], -1), (3, -1), (3, 7), ([], 4), ([], -1), ([], 0), ([0, 2], 2),
                           ([-1, 2], -1), ([-1, 2], 3), ([0], 0), ([0], -2), ([[0, 1]], 1)]:
        program = begin()
        program.finish(program.call(name, program.input(torch.tensor(classes, dtype=torch.int64)), count))
    for dtype in ALL:
        program = begin()
        program.finish(program.call(name, program.input(torch.ones(2).to(dtype)), -1))


# --- made from nothing ------------------------------------------------------------------------------------------------
@operations("zeros ones empty")
def cases(name, begin, draw):
    for dtype in ALL:
        for shape in ([], [0], [3], [2, 3], [2, 0, 3], [-1], [2, -3]):
            program = begin()
            program.finish(program.call(name, shape, dtype))


@operations("full scalar_tensor full_like")
def cases(name, begin, draw):
    for dtype in ALL:
        for number in (2, -3, 0, True, False, 2.5, -0.5, math.inf, -math.inf, math.nan, 255, 256, -129, 300, 70000, 2**40, 2**62 + 1, 1e30, 1e300, -1, -1.5):
            program = begin()
            if name == "full_like":
                program.finish(program.call(name, program.input(draw.numbers((2,), dtype)), number))
            else:
                program.finish(program.call(name, *([[2]] if name == "full" else []), number, dtype))
    if name == "full":
        program = begin()
        program.finish(program.call(name, [-2], 1, torch.float32))


@operations("arange arange.dtype arange.end", ulp=1)  # where a number is rounded depends on PyTorch's packets
def cases(name, begin, draw):
    if name == "arange.end":
        for end in (0, 1, 5, -1, 1000):
            program = begin()
            program.finish(program.call(name, end))
        return
    for start, end, step in [(0, 5, 1), (2, 10, 3), (5, 0, -2), (0, 0, 1), (-3, 4, 2), (0, 5, -1), (5, 0, 1), (0, 5, 0), (0.0, 1.0, 0.1), (0, 1, 0.25),
                             (1.0, 0.0, -0.3), (0.5, 3, 1), (0, 5, 1.0), (0.0, math.inf, 1.0), (math.nan, 1.0, 1.0), (0, 3, 0.0), (0, 3.0, -1), (0.0, 10.0, 0.7),
                             (2**53, 2**53 + 5, 1), (0, 300, 7), (0, 1000, 1), (-1.5, 1.5, 0.3), (0.0, 100.0, 0.1), (1, 300, 0.3), (True, 5, 1), (0.0, 1.0, math.nan)]:
        for dtype in ALL if name == "arange.dtype" else [None]:
            program = begin()
            program.finish(program.call(name, start, end, step, *([] if dtype is None else [dtype])))


@operations("linspace", ulp=1, of_largest=1)
def cases(name, begin, draw):
    for dtype in ALL:
        for start, end, steps in [(0.0, 1.0, 5), (0.0, 10.0, 11), (1.0, -1.0, 4), (3.0, 3.0, 3), (0.0, 1.0, 1), (0.0, 1.0, 0), (2.0, 7.0, 2), (0.0, 1.0, 1000),
                                  (-5.0, 100.0, 37), (0.1, 0.7, 50), (0.0, 1.0, -1), (0.0, math.inf, 3), (math.nan, 1.0, 3), (0.0, 100.0, 7), (-3.0, 3.0, 8)]:
            program = begin()
            program.finish(program.call(name, start, end, steps, dtype))


@operations("eye")
def cases(name, begin, draw):
    for dtype in ALL:
        for rows, columns in ((3, None), (0, None), (2, 4), (4, 2), (0, 3), (3, 0), (-1, None), (2, -1), (-1, -1)):
            program = begin()
            program.finish(program.call(name, rows, columns, dtype))
