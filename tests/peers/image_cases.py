"""Convolution and pooling: sizes, strides, paddings that fit, and mistakes, alone and in pairs: which of two is found."""
import itertools

import torch

from draw import FLOATS, LAYOUTS
from operations import operations


def mistaken(right, mistakes):
    """The keyword arguments `right` with each of the mistakes in it, and with each two that have no argument in common."""
    for made in [[mistake] for mistake in mistakes] + list(itertools.combinations(mistakes, 2)):
        if len({key for mistake in made for key in mistake}) == sum(map(len, made)):
            yield right | {key: value for mistake in made for key, value in mistake.items()}


CONVOLUTION = dict(x=(1, 4, 5, 5), weight=(4, 4, 3, 2), bias=(4,), dtypes=[torch.float32] * 3, stride=(1, 1), padding=(1, 0), dilation=(1, 1), groups=1)
MISTAKES = [dict(x=x) for x in ((), (4,), (2, 3), (1, 1, 4, 5, 5), (1, 3, 5, 5), (3, 5, 5), (1, 4, 2, 1), (1, 4, 0, 5), (0, 4, 0, 5))] + [
    dict(weight=weight) for weight in ((), (4, 4), (4, 4, 3), (4, 4, 3, 3, 3), (4, 4, 0, 3), (4, 4, 0, 0), (0, 4, 3, 3), (4, 2, 3, 3))] + [
    dict(bias=bias) for bias in ((), (3,), (4, 1))] + [
    dict(groups=groups) for groups in (-1, 0, 2, 3, 5)] + [
    dict(stride=(0, 1)), dict(stride=(1, -1)), dict(stride=(2, 3)), dict(dilation=(0, 1)), dict(dilation=(1, -1)), dict(dilation=(2, 1))] + [
    dict(dtypes=dtypes) for dtypes in ([torch.float32, torch.float64, torch.float32], [torch.float32, torch.float32, torch.float16],
                                       [torch.float32, torch.float64, torch.int64], [torch.bool] * 3)]


@operations("conv2d", of_largest=64, grad_of_largest=64)
def cases(name, begin, draw):
    right = [((2, 3, 6, 5), (4, 3, 3, 2), (1, 1), (0, 0), (1, 1), 1), ((3, 6, 5), (4, 3, 2, 2), (2, 1), (1, 0), (1, 1), 1),
             ((1, 4, 9, 8), (6, 2, 3, 2), (2, 3), (1, 2), (1, 2), 2), ((0, 3, 6, 5), (4, 3, 3, 2), (1, 1), (0, 0), (1, 1), 1),
             ((2, 2, 5, 5), (2, 1, 3, 3), (1, 1), (1, 1), (1, 1), 2)]
    for dtype in FLOATS:
        for x_shape, weight_shape, stride, padding, dilation, groups in right:
            for with_bias in (True, False):
                program = begin()
                x = draw.operand(program, draw.numbers(x_shape, dtype), draw.choice(LAYOUTS[:3]))
                weight = program.leaf(draw.numbers(weight_shape, dtype))
                bias = program.leaf(draw.numbers(weight_shape[:1], dtype)) if with_bias else None
                program.finish(program.call(name, x, weight, bias, *stride, *padding, *dilation, groups), gradients=draw.generator)
    mistakes_of_convolution(name, begin, draw, CONVOLUTION, MISTAKES + [dict(padding=(-1, 0)), dict(padding=(0, -3))])


@operations("conv2d.named", of_largest=64, grad_of_largest=64)
def cases(name, begin, draw):
    for padding in ((0,), (1,), (2,)):
        mistakes_of_convolution(name, begin, draw, CONVOLUTION | dict(padding=padding), MISTAKES)


def mistakes_of_convolution(name, begin, draw, right, mistakes):
    alone = [right | dict(dtypes=[dtype] * 3) | mistake for dtype in FLOATS for mistake in [{}, *mistakes]]
    for case in alone + list(mistaken(right, mistakes)):
        program = begin()
        operands = [program.input(draw.numbers(case[operand], dtype)) for operand, dtype in zip(("x", "weight", "bias"), case["dtypes"])]
        program.finish(program.call(name, *operands, *case["stride"], *case["padding"], *case["dilation"], case["groups"]))


POOLS = [((2, 3, 6, 5), (2, 2), (2, 2), (0, 0)), ((3, 6, 5), (3, 2), (2, 1), (1, 1)), ((0, 3, 6, 5), (2, 2), (1, 1), (0, 0)),
         ((1, 2, 7, 8), (3, 3), (2, 3), (1, 0))]
POOLING = dict(x=(1, 4, 5, 5), kernel=(3, 2), stride=(1, 1), padding=(1, 0), dilation=(1, 1), ceil_mode=False, dtype=torch.float32)
POOLING_MISTAKES = [dict(x=x) for x in ((), (4,), (2, 3), (1, 1, 4, 5, 5), (0, 5, 5), (4, 0, 5), (1, 0, 5, 5), (1, 4, 0, 5), (0, 4, 0, 5), (1, 4, 1, 1))] + [
    dict(kernel=kernel) for kernel in ((0, 2), (2, -1), (8, 2), (2, 8))] + [
    dict(stride=stride) for stride in ((0, 1), (1, -1), (-2, 1))] + [
    dict(padding=padding) for padding in ((-1, 0), (2, 0), (0, 2))] + [dict(ceil_mode=True), dict(dtype=torch.bool)]


@operations("max_pool2d max_pool2d_with_indices")
def cases(name, begin, draw):
    for dtype in FLOATS:
        for shape, kernel, stride, padding in POOLS:
            for dilation in ((1, 1), (1, 2)):
                for ceil_mode in (False, True):
                    program = begin()
                    x = draw.operand(program, draw.numbers(shape, dtype), draw.choice(LAYOUTS[:3]))
                    y = program.call(name, x, *kernel, *stride, *padding, *dilation, ceil_mode)
                    program.finish(y, gradients=draw.generator)
    for case in mistaken(POOLING, POOLING_MISTAKES + [dict(dilation=(0, 1)), dict(dilation=(1, -1)), dict(dilation=(3, 1))]):
        program = begin()
        x = program.input(draw.numbers(case["x"], case["dtype"]))
        program.finish(program.call(name, x, *case["kernel"], *case["stride"], *case["padding"], *case["dilation"], case["ceil_mode"]))


@operations("avg_pool2d", of_largest=4, grad_of_largest=4)
def cases(name, begin, draw):
    for dtype in FLOATS:
        for shape, kernel, stride, padding in POOLS:
            for ceil_mode, count_include_pad, divisor in ((False, True, None), (True, True, None), (True, False, None), (False, False, 3)):
                program = begin()
                x = draw.operand(program, draw.numbers(shape, dtype), draw.choice(LAYOUTS[:3]))
                y = program.call(name, x, *kernel, *stride, *padding, ceil_mode, count_include_pad, divisor)
                program.finish(y, gradients=draw.generator)
    for case in mistaken(POOLING | dict(divisor=None), POOLING_MISTAKES + [dict(divisor=0)]):
        program = begin()
        x = program.input(draw.numbers(case["x"], case["dtype"]))
        program.finish(program.call(name, x, *case["kernel"], *case["stride"], *case["padding"], case["ceil_mode"], True, case["divisor"]))


@operations("adaptive_avg_pool2d", of_largest=4, grad_of_largest=4)
def cases(name, begin, draw):
    for dtype in FLOATS:
        for shape in ((2, 3, 6, 5), (3, 7, 4), (0, 2, 4, 4), (1, 0, 4, 4), (0, 3, 3), (5, 5), (5,), (1, 2, 3, 4, 5), (1, 1, 0, 5)):
            for size in ((1, 1), (2, 3), (7, 5), (0, 2), (-1, 2), (2, -1)):
                program = begin()
                x = draw.operand(program, draw.numbers(shape, dtype), draw.choice(LAYOUTS[:3]))
                program.finish(program.call(name, x, *size), gradients=draw.generator)
