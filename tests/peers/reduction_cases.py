"""The cases of reductions, softmax, losses and the layers."""
import math

import torch

from draw import ALL, FLOATS, INTEGERS, LAYOUTS, SMALL, odd_numbers
from operations import Bound, operations

# Shapes, and the dimensions to reduce.
OVER = [((), []), ((), [0]), ((), [-1]), ((5,), []), ((5,), [0]), ((3, 4), []), ((3, 4), [0]), ((3, 4), [1]), ((3, 4), [-1]),
        ((3, 4), [0, 1]), ((2, 3, 4), [1]), ((2, 3, 4), [0, 2]), ((2, 3, 4), [-1, 0]), ((0,), []), ((0,), [0]), ((2, 0, 3), [1]),
        ((2, 0, 3), [0]), ((2, 0, 3), []), ((1, 1), [0]), ((4, 300), [1]), ((300, 20), [0]), ((1000,), [])]
WRONG_DIMS = [((3, 4), [2]), ((3, 4), [-3]), ((3, 4), [0, 0]), ((3, 4), [1, -1]), ((), [1]), ((), [0, 0])]


def reduction(name, begin, draw, *arguments):
    """name(x, *arguments, dims, keepdim)"""
    for dtype in ALL:
        for shape, dims in OVER + WRONG_DIMS:
            for keepdim in (False, True):
                program = begin()
                x = draw.operand(program, draw.numbers(shape, dtype), draw.choice(LAYOUTS))
                program.finish(program.call(name, x, *arguments, dims, keepdim), gradients=draw.generator)
        program = begin()
        odd = odd_numbers(dtype)
        x = program.leaf(torch.stack([odd, odd.flip(0)]) if name in ("amax", "amin") else odd.unsqueeze(1).contiguous())
        program.finish(program.call(name, x, *arguments, [1], False), gradients=draw.generator)
    for layout in LAYOUTS:
        for dims in ([0], [1], [2], [0, 1], [1, 2], [0, 2], []):
            program = begin()
            x = draw.operand(program, draw.numbers((6, 7, 40), torch.float32), layout)
            program.finish(program.call(name, x, *arguments, dims, False), gradients=draw.generator)


SUMS = dict(of_largest=32, grad_of_largest=8)
operations("sum mean", **SUMS)(reduction)
operations("amax amin", grad_of_largest=2)(reduction)
operations("all any")(reduction)
operations("logsumexp", ulp=4, of_largest=4, grad_of_largest=8)(reduction)


@operations("sum.all mean.all max.all min.all argmax.all argmin.all", **SUMS)
def cases(name, begin, draw):
    for dtype in ALL:
        for shape in ((), (0,), (1,), (7,), (3, 4), (2, 0), (40, 50)):
            for layout in LAYOUTS:
                program = begin()
                x = draw.operand(program, draw.numbers(shape, dtype), layout)
                program.finish(program.call(name, x), gradients=draw.generator)
        if not name.startswith(("sum", "mean")):
            program = begin()
            program.finish(program.call(name, program.leaf(odd_numbers(dtype))), gradients=draw.generator)
            if dtype.is_floating_point:
                for row in torch.tensor([[1, math.inf, 3, math.inf], [0.0, -0.0, 0.0, -0.0], [-1, -math.inf, 2, 2]]).to(dtype):
                    program = begin()
                    program.finish(program.call(name, program.leaf(row)), gradients=draw.generator)


@operations("max min argmax argmin")
def cases(name, begin, draw):
    for dtype in ALL:
        for shape, dim in [((), 0), ((), -1), ((5,), 0), ((3, 4), 0), ((3, 4), 1), ((3, 4), -1), ((2, 3, 4), 1), ((0,), 0),
                           ((2, 0, 3), 0), ((2, 0, 3), 1), ((1, 1), 0), ((4, 300), 1), ((300, 20), 0), ((3, 4), 2), ((3, 4), -3),
                           ((), 1)]:
            for keepdim in (False, True):
                program = begin()
                x = draw.operand(program, draw.numbers(shape, dtype), draw.choice(LAYOUTS))
                program.finish(program.call(name, x, dim, keepdim), gradients=draw.generator)
        odd = odd_numbers(dtype)
        program = begin()
        x = program.leaf(torch.stack([odd, odd.flip(0), odd.roll(3)]))
        program.finish(program.call(name, x, 0, False), gradients=draw.generator)
        program = begin()
        program.finish(program.call(name, program.leaf(torch.stack([odd, odd.flip(0), odd.roll(3)])), 1, True), gradients=draw.generator)


@operations("var std", of_largest=8, grad_of_largest=8)
def cases(name, begin, draw):
    for dtype in ALL:
        for shape, dims in OVER + WRONG_DIMS:
            for correction in (1, 0, 2.5):
                program = begin()
                x = draw.operand(program, draw.numbers(shape, dtype), draw.choice(LAYOUTS))
                program.finish(program.call(name, x, dims, correction, draw.choice([False, True])), gradients=draw.generator)
    for row in ([math.nan, 1, 2], [math.inf, 1, 2], [3, 3, 3], [1e20, 1, 2]):
        program = begin()
        program.finish(program.call(name, program.leaf(torch.tensor(row)), [], 1, False), gradients=draw.generator)


@operations("norm", ulp=16, of_largest=4, grad_ulp=8, grad_of_largest=32)
def cases(name, begin, draw):
    for dtype in ALL:
        for shape, dims in OVER + WRONG_DIMS:
            for p in (2, 1, math.inf, -math.inf, 0, 3, 0.5, -1, 2.5):
                program = begin()
                if p == 0.5:
                    program.bound = Bound(ulp=128, grad_ulp=128)
                x = draw.operand(program, draw.numbers(shape, dtype), draw.choice(LAYOUTS))
                steep = dtype in SMALL and p not in (2, 1, math.inf, -math.inf)  # what is rounded on the way overflows
                program.finish(program.call(name, x, float(p), dims, draw.choice([False, True])), grad=not steep, gradients=draw.generator)
    for row in ([0.0, 0.0], [0.0, -3.0, 3.0], [math.nan, 1], [math.inf, 1], [-2.0, 2.0, 0.0]):
        for p in (2.0, 1.0, math.inf, -math.inf, 0.0, 3.0, 0.5):
            program = begin()
            program.finish(program.call(name, program.leaf(torch.tensor(row)), p, [], False), gradients=draw.generator)


@operations("softmax log_softmax", ulp=4, of_largest=3, grad_of_largest=8)
def cases(name, begin, draw):
    for dtype in ALL:
        for shape, dim in [((), 0), ((), -1), ((5,), 0), ((3, 4), 0), ((3, 4), 1), ((2, 3, 4), 1), ((2, 3, 4), -3), ((0,), 0),
                           ((2, 0, 3), 1), ((2, 0, 3), 0), ((1, 1), 1), ((20, 300), 1), ((300, 20), 0), ((3, 70, 5), 1), ((3, 4), 2),
                           ((3, 4), -3), ((), 1)]:
            program = begin()
            x = draw.operand(program, draw.numbers(shape, dtype), draw.choice(LAYOUTS))
            program.finish(program.call(name, x, dim), gradients=draw.generator)
    for dtype in FLOATS:
        for row in ([math.nan, 1, 2], [math.inf, 1, 2], [-math.inf, 1, 2], [-math.inf, -math.inf], [50.0, -50, 0], [1e4, -1e4, 1e4]):
            program = begin()
            program.finish(program.call(name, program.leaf(torch.tensor(row).to(dtype)), 0), gradients=draw.generator)


@operations("cross_entropy", of_largest=8, grad_of_largest=8)
def cases(name, begin, draw):
    for dtype in FLOATS + [torch.int64]:
        for rows, classes in ((4, 3), (1, 1), (7, 40), (0, 3), (None, 5)):
            for reduction in (0, 1, 2):
                for weighted, ignore, smoothing in ((False, -100, 0.0), (True, -100, 0.0), (False, 1, 0.0), (True, 0, 0.25), (False, -100, 0.1)):
                    program = begin()
                    shape = (classes,) if rows is None else (rows, classes)
                    x = program.leaf(draw.numbers(shape, dtype))
                    target = program.input(draw.whole(0, classes, () if rows is None else (rows,)))
                    weight = program.input(draw.numbers((classes,), dtype, positive=True)) if weighted else None
                    program.finish(program.call(name, x, target, weight, ignore, reduction, smoothing), gradients=draw.generator)
    x, target = torch.randn(3, 4, generator=draw.generator), torch.tensor([0, 1, 3])
    for input, goal, weight, ignore, smoothing in [
            (x, torch.tensor([0, 1, 4]), None, -100, 0.0), (x, torch.tensor([0, -1, 3]), None, -100, 0.0),
            (x, torch.tensor([0, 1]), None, -100, 0.0), (x, target.int(), None, -100, 0.0), (x, target.to(torch.uint8), None, -100, 0.0),
            (x, target, torch.ones(3), -100, 0.0), (x, target, torch.ones(4, dtype=torch.float64), -100, 0.0),
            (x, target, torch.ones(1, 4), -100, 0.0), (x, target, None, -100, 1.5), (x, target, None, -100, -0.1),
            (x, torch.tensor(1), None, -100, 0.0), (x, torch.tensor([[0], [1], [2]]), None, -100, 0.0),
            (torch.tensor(1.0), torch.tensor(0), None, -100, 0.0), (x, torch.tensor([1, 1, 1]), None, 1, 0.0),
            (x * math.inf, target, None, -100, 0.0), (x * 1000, target, None, -100, 0.0)]:
        program = begin()
        arguments = [program.leaf(input), program.input(goal), None if weight is None else program.input(weight), ignore, 1, smoothing]
        program.finish(program.call(name, *arguments), gradients=draw.generator)


@operations("mse_loss", of_largest=8, grad_of_largest=4)
def cases(name, begin, draw):
    for a in ALL:
        for b in ALL:
            program = begin()
            x, target = program.leaf(draw.numbers((2, 3), a)), program.leaf(draw.numbers((2, 3), b))
            program.finish(program.call(name, x, target, draw.choice([0, 1, 2])), gradients=draw.generator)
    for shapes in [((), ()), ((0,), (0,)), ((5,), (5,)), ((20, 30), (20, 30)), ((3,), (4,)), ((2, 3), (2,))]:
        for reduction in (0, 1, 2):
            for layout in LAYOUTS:
                program = begin()
                x = draw.operand(program, draw.numbers(shapes[0], torch.float32), layout)
                program.finish(program.call(name, x, program.leaf(draw.numbers(shapes[1], torch.float32)), reduction), gradients=draw.generator)


@operations("matmul", of_largest=8, grad_of_largest=8)
def cases(name, begin, draw):
    for dtype in ALL:
        for shapes in [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)),
                       ((5, 2, 3), (5, 3, 4)), ((5, 1, 2, 3), (6, 3, 4)), ((3,), (5, 3, 4)), ((5, 2, 3), (3,)), ((1, 2, 3), (5, 3, 4)), ((5, 2, 3), (1, 3, 4)),
                       ((1, 3), (5, 3, 4)), ((2, 3), (5, 3, 1)), ((1, 2, 3), (5, 4, 2)), ((1, 1, 2, 3), (5, 3, 4)), ((0, 3), (3, 2)),
                       ((2, 0), (0, 3)), ((2, 3), (3, 0)), ((0,), (0,)), ((0, 2, 3), (3, 4)), ((17, 33), (33, 19)), ((2, 3), (4, 5)),
                       ((3,), (4,)), ((3,), (4, 2)), ((2, 3), (4,)), ((5, 2, 3), (4, 3, 2)), ((5, 2, 3), (5, 4, 2)), ((2, 3), (5, 4, 2)),
                       ((), (3,)), ((3,), ()), ((), ()), ((2, 3), ())]:
            program = begin()
            layouts = [draw.choice(LAYOUTS[:3]) for _ in range(2)]
            a, b = (draw.operand(program, draw.numbers(shape, dtype), layout) for shape, layout in zip(shapes, layouts))
            program.finish(program.call(name, a, b), gradients=draw.generator)
        for other in ALL:
            for shapes in (((3,), (3,)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((2, 2, 3), (2, 3, 4)), ((2, 3), (4, 5))):
                program = begin()
                a, b = program.leaf(draw.numbers(shapes[0], dtype)), program.leaf(draw.numbers(shapes[1], other))
                program.finish(program.call(name, a, b), gradients=draw.generator)


@operations("linear", of_largest=8, grad_of_largest=8)
def cases(name, begin, draw):
    for dtype in ALL:
        for x_shape, weight_shape, bias_shape in [
                ((2, 3), (4, 3), (4,)), ((2, 3), (4, 3), None), ((3,), (4, 3), (4,)), ((3,), (4, 3), None), ((5, 2, 3), (4, 3), (4,)),
                ((5, 2, 3), (4, 3), None), ((0, 3), (4, 3), (4,)), ((2, 0), (4, 0), (4,)), ((33, 50), (20, 50), (20,)),
                ((2, 3), (4, 5), (4,)), ((2, 3), (4, 5), None), ((3,), (4, 5), (4,)), ((5, 2, 3), (4, 5), (4,)), ((5, 2, 3), (4, 5), None),
                ((2, 3), (4, 3), (5,)), ((2, 3), (4, 3), (1,)), ((2, 3), (4, 3), ()), ((2, 3), (4, 3), (2, 4)), ((2, 3), (3,), None),
                ((2, 3), (3,), ()), ((3,), (3,), None), ((2, 3), (2, 4, 3), None), ((), (4, 3), None), ((), (4, 3), (4,)), ((2, 3), (), None)]:
            program = begin()
            x = draw.operand(program, draw.numbers(x_shape, dtype), draw.choice(LAYOUTS[:3]))
            weight = draw.operand(program, draw.numbers(weight_shape, dtype), draw.choice(LAYOUTS[:3]))
            bias = None if bias_shape is None else program.leaf(draw.numbers(bias_shape, dtype))
            program.finish(program.call(name, x, weight, bias), gradients=draw.generator)
        for other in ALL:
            for dtypes in ((dtype, other, other), (dtype, other, None), (dtype, dtype, other)):
                program = begin()
                x, weight = program.leaf(draw.numbers((2, 3), dtypes[0])), program.leaf(draw.numbers((4, 3), dtypes[1]))
                bias = None if dtypes[2] is None else program.leaf(draw.numbers((4,), dtypes[2]))
                program.finish(program.call(name, x, weight, bias), gradients=draw.generator)


@operations("batch_norm", of_largest=16, grad_of_largest=32)
def cases(name, begin, draw):
    for dtype in FLOATS:
        for shape in ((4, 3), (5, 1), (2, 3, 4), (2, 3, 2, 2), (1, 3), (1, 3, 4), (0, 3), (30, 20)):
            for affine in (True, False):
                for training, tracked in ((True, True), (True, False), (False, True)):
                    program = begin()
                    channels = (shape[1],)
                    x = draw.operand(program, draw.numbers(shape, dtype), draw.choice(LAYOUTS[:3]))
                    mean = program.input(draw.numbers(channels, dtype)) if tracked else None
                    var = program.input(draw.numbers(channels, dtype, positive=True)) if tracked else None
                    weight = program.leaf(draw.numbers(channels, dtype)) if affine else None
                    bias = program.leaf(draw.numbers(channels, dtype)) if affine else None
                    y = program.call(name, x, mean, var, weight, bias, training, 0.1, 1e-5)
                    program.finish(y, *([mean, var] if tracked else []), gradients=draw.generator)
    for shapes, training in [(((4, 3), (4,), (3,), (3,), (3,)), True), (((4, 3), (3,), (4,), (3,), (3,)), True),
                             (((4, 3), (3,), (3,), (4,), (3,)), True), (((4, 3), (3,), (3,), (3,), (4,)), True),
                             (((4, 3), None, None, (3,), (3,)), False), (((3,), (3,), (3,), None, None), True),
                             (((), None, None, None, None), True)]:
        program = begin()
        operands = [None if shape is None else program.input(draw.numbers(shape, torch.float32, positive=True)) for shape in shapes]
        program.finish(program.call(name, *operands, training, 0.1, 1e-5))
