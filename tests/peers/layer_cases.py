"""The cases of layers and losses that the reductions' file does not have: activations, losses, layer_norm, embedding."""
import math

import torch

from draw import ALL, FLOATS, LAYOUTS, SMALL, odd_numbers
from elementwise_cases import SHAPES, sweep
from operations import changed_copy, operations


def activation(name, begin, draw, *arguments):
    """name(x, *arguments)"""
    for dtype in ALL:
        for shape in SHAPES:
            for layout in LAYOUTS if len(shape) > 1 else LAYOUTS[:1]:
                program = begin()
                x = draw.operand(program, draw.numbers(shape, dtype), layout)
                program.finish(program.call(name, x, *arguments), gradients=draw.generator)
        program = begin()
        program.finish(program.call(name, program.leaf(odd_numbers(dtype)), *arguments), gradients=draw.generator)
    for dtype in FLOATS:
        program = begin()
        x = program.leaf(sweep(name, dtype).clamp(-1e4, 1e4))
        program.finish(program.call(name, x, *arguments), grad=dtype not in SMALL, gradients=draw.generator)


@operations("leaky_relu")
def cases(name, begin, draw):
    for slope in (0.01, 0.2, -0.5, 0.0, 1.5):
        activation(name, begin, draw, slope)


@operations("leaky_relu_")
def cases(name, begin, draw):
    for dtype in ALL:
        for slope in (0.01, 0.2, 0.0, 1.5):
            program = begin()
            changed_copy(program, name, program.leaf(draw.numbers((2, 3), dtype)), slope, gradients=draw.generator)
    program = begin()
    program.change(name, program.leaf(draw.numbers((3,), torch.float32)), 0.1)


@operations("gelu", ulp=4, of_largest=2, grad_ulp=8, grad_of_largest=5)
def cases(name, begin, draw):
    activation(name, begin, draw, False)
    activation(name, begin, draw, True)


@operations("nll_loss", of_largest=4, grad_of_largest=4)
def cases(name, begin, draw):
    for dtype in FLOATS + [torch.int64]:
        for shape in ((4, 3), (1, 1), (7, 40), (0, 3), (5,), (2, 3, 4), (2, 3, 2, 3), (2, 3, 0)):
            for reduction in (0, 1, 2):
                for weighted, ignore in ((False, -100), (True, -100), (False, 1), (True, 0)):
                    program = begin()
                    classes = shape[min(1, len(shape) - 1)]
                    x = draw.operand(program, draw.numbers(shape, dtype), draw.choice(LAYOUTS[:3]))
                    target = program.input(draw.whole(0, classes, shape[:1] + shape[2:] if len(shape) > 1 else ()))
                    weight = program.input(draw.numbers((classes,), dtype, positive=True)) if weighted else None
                    program.finish(program.call(name, x, target, weight, ignore, reduction), gradients=draw.generator)
    x, target = torch.randn(3, 4, generator=draw.generator), torch.tensor([0, 1, 3])
    deep, plane = torch.randn(2, 3, 4, generator=draw.generator), torch.randn(2, 3, 4, 5, generator=draw.generator)
    whole = torch.zeros((2, 4), dtype=torch.int64)
    for input, goal, weight in [
            (x, torch.tensor([0, 1, 4]), None), (x, torch.tensor([0, -1, 3]), None), (x, torch.tensor([0, 1]), None), (x, target.int(), None),
            (x, target.to(torch.uint8), None), (x, target.float(), None), (x, target, torch.ones(3)), (x, target, torch.ones(4).double()),
            (x, target, torch.ones(1, 4)), (x, torch.tensor(1), None), (x, torch.tensor([[0], [1], [2]]), None),
            (torch.tensor(1.0), torch.tensor([0]), None), (x[0], torch.tensor([1, 2]), None), (x[0], torch.tensor([1]), None),
            (x * math.inf, target, None), (x, torch.tensor([-100, -100, -100]), None),
            (deep, whole[:, :3], None), (deep, whole[:1], None), (deep, whole[:, 0], None), (deep, whole + 3, None), (deep, whole, torch.ones(2)),
            (plane, whole, None), (plane, whole.unsqueeze(2), None)]:
        program = begin()
        arguments = [program.leaf(input), program.input(goal), None if weight is None else program.input(weight), -100, 1]
        program.finish(program.call(name, *arguments), gradients=draw.generator)


@operations("l1_loss smooth_l1_loss", of_largest=8, grad_of_largest=4)
def cases(name, begin, draw):
    further = [[1.0], [0.25], [0.0], [3.0]] if name == "smooth_l1_loss" else [[]]
    for more in further:
        for a in ALL:
            for b in ALL:
                program = begin()
                x, target = program.leaf(draw.numbers((2, 3), a)), program.leaf(draw.numbers((2, 3), b))
                program.finish(program.call(name, x, target, draw.choice([0, 1, 2]), *more), gradients=draw.generator)
        for shapes in [((), ()), ((0,), (0,)), ((5,), (5,)), ((20, 30), (20, 30)), ((3,), (4,)), ((2, 3), (3,)), ((2, 3), (2,))]:
            for reduction in (0, 1, 2):
                for layout in LAYOUTS:
                    program = begin()
                    x = draw.operand(program, draw.numbers(shapes[0], torch.float32), layout)
                    target = program.leaf(draw.numbers(shapes[1], torch.float32))
                    program.finish(program.call(name, x, target, reduction, *more), gradients=draw.generator)
    if name == "smooth_l1_loss":
        program = begin()
        program.finish(program.call(name, program.leaf(torch.ones(2)), program.leaf(torch.ones(2)), 1, -1.0))
        for row in ([math.nan, 1, 2], [math.inf, 1, -math.inf]):
            program = begin()
            program.finish(program.call(name, program.leaf(torch.tensor(row)), program.leaf(torch.ones(3)), 0, 1.0), gradients=draw.generator)


def probabilities(draw, shape, dtype):
    return draw.numbers(shape, torch.float64).sigmoid().to(dtype)


@operations("binary_cross_entropy", ulp=4, of_largest=8, grad_ulp=4, grad_of_largest=8)
def cases(name, begin, draw):
    for dtype in ALL:
        for shape in ((), (0,), (5,), (2, 3), (20, 30)):
            for reduction in (0, 1, 2):
                for weight_shape in (None, shape, shape[-1:], ()):
                    program = begin()
                    make = probabilities if dtype.is_floating_point else type(draw).numbers
                    x = draw.operand(program, make(draw, shape, dtype), draw.choice(LAYOUTS))
                    target = program.leaf(make(draw, shape, dtype))
                    weight = None if weight_shape is None else program.input(draw.numbers(weight_shape, dtype, positive=True))
                    program.finish(program.call(name, x, target, weight, reduction), gradients=draw.generator)
    half = torch.full((3,), 0.5)
    for x, target, weight in [
            (half + 1, half, None), (half * math.nan, half, None), (half, half + 1, None), (half, half - 1, None), (half - 1, half, None),
            (half, half, torch.ones(4)), (half, half, torch.ones(2, 3)), (half, half.double(), None), (half, half.long(), None),
            (half, half[:2], None), (half, half.unsqueeze(0), None), (half, half, torch.ones(3).double()),
            (torch.tensor([0.0, 1, 0, 1, 1e-30, 1 - 2.0**-24]), torch.tensor([0.0, 1, 1, 0, 1, 0]), None)]:
        program = begin()
        weight = None if weight is None else program.input(weight)
        program.finish(program.call(name, program.leaf(x), program.leaf(target), weight, 0), gradients=draw.generator)
    program = begin()
    program.finish(program.call(name, program.leaf(half), program.leaf(half), program.leaf(half), 0))


@operations("binary_cross_entropy_with_logits", ulp=4, of_largest=8, grad_ulp=4, grad_of_largest=8)
def cases(name, begin, draw):
    for dtype in ALL:
        for shape in ((), (0,), (5,), (2, 3), (20, 30)):
            for reduction in (0, 1, 2):
                for weight_shape, pos_shape in ((None, None), (shape, None), (None, shape[-1:]), (shape[-1:], shape), ((), ())):
                    program = begin()
                    x = draw.operand(program, draw.numbers(shape, dtype), draw.choice(LAYOUTS))
                    target = program.leaf(probabilities(draw, shape, dtype))
                    weights = [None if given is None else program.input(draw.numbers(given, dtype, positive=True)) for given in (weight_shape, pos_shape)]
                    program.finish(program.call(name, x, target, weights[0], reduction, weights[1]), gradients=draw.generator)
    half = torch.full((3,), 0.5)
    for x, target, weight, pos_weight in [
            (half, half, torch.ones(2, 3), None), (half, half.double(), None, None), (half, half.long(), None, None), (half, half[:2], None, None),
            (half, half.unsqueeze(0), None, None), (torch.tensor([1e4, -1e4, 100, -100, 0, 30]), torch.tensor([0.0, 1, 1, 0, 1, 0]), None, None),
            (torch.tensor([math.inf, -math.inf, math.nan, 0.0]), torch.tensor([1.0, 0.0, 0.5, 0.5]), None, None)]:
        program = begin()
        weight, pos_weight = (None if given is None else program.input(given) for given in (weight, pos_weight))
        program.finish(program.call(name, program.leaf(x), program.leaf(target), weight, 0, pos_weight), gradients=draw.generator)
    for place in (2, 4):
        program = begin()
        arguments = [program.leaf(half), program.leaf(half), None, 0, None]
        arguments[place] = program.leaf(half)
        program.finish(program.call(name, *arguments))


@operations("layer_norm", of_largest=16, grad_of_largest=64)
def cases(name, begin, draw):
    for dtype in FLOATS + [torch.int64]:
        for shape, last in [((4, 3), 1), ((5, 7), 1), ((2, 3, 4), 1), ((2, 3, 4), 2), ((2, 3, 4), 3), ((30, 200), 1), ((3, 2000), 1), ((6,), 1),
                            ((0, 3), 1), ((2, 0), 1), ((1, 1), 1)]:
            for weighted, biased in ((True, True), (True, False), (False, True), (False, False)):
                for eps in (1e-5, 0.1):
                    program = begin()
                    x = draw.operand(program, draw.numbers(shape, dtype), draw.choice(LAYOUTS[:3]))
                    weight, bias = (program.leaf(draw.numbers(shape[-last:], dtype)) if given else None for given in (weighted, biased))
                    program.finish(program.call(name, x, list(shape[-last:]), weight, bias, eps), gradients=draw.generator)
    x = draw.numbers((2, 3), torch.float32)
    for x, shape, weight, bias in [
            (x, [4], None, None), (x, [], None, None), (x, [3], torch.ones(4), None), (x, [3], torch.ones(3), torch.ones(4)),
            (x, [3], torch.ones(3).double(), None), (x[0], [2, 3], None, None), (x, [2, 3], torch.ones(6), None),
            (x.half(), [3], torch.ones(3), torch.ones(3)), (x.bfloat16(), [3], torch.ones(3), None)]:
        program = begin()
        weight, bias = (None if given is None else program.leaf(given) for given in (weight, bias))
        program.finish(program.call(name, program.leaf(x), shape, weight, bias, 1e-5), gradients=draw.generator)


@operations("embedding", grad_of_largest=4)
def cases(name, begin, draw):
    for dtype in ALL:
        for shape in ((), (0,), (7,), (2, 3), (40,)):
            for padding in (None, 0, 3, -1):
                program = begin()
                weight = draw.operand(program, draw.numbers((5, 4), dtype), draw.choice(LAYOUTS[:3]))
                indices = draw.whole(0, 5, shape)
                indices = program.input(draw.choice([indices, indices.int()]))
                program.finish(program.call(name, indices, weight, padding), gradients=draw.generator)
    for indices, shape in [(torch.tensor([5]), (5, 4)), (torch.tensor([-1]), (5, 4)), (torch.tensor([0.5]), (5, 4)), (torch.tensor([1]).byte(), (5, 4)),
                           (torch.tensor([True]), (5, 4)), (torch.tensor([0]), (5,)), (torch.tensor([0]), (5, 2, 2)), (torch.tensor([0]), (0, 4)),
                           (torch.tensor([0]), (5, 0))]:
        program = begin()
        program.finish(program.call(name, program.input(indices), program.leaf(draw.numbers(shape, torch.float32)), None), gradients=draw.generator)
