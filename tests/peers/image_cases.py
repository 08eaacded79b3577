"""Convolution and pooling: sizes, strides, paddings that fit and that do not."""
import torch

from draw import FLOATS, LAYOUTS
from operations import operations


@operations("conv2d", of_largest=64, grad_of_largest=64)
def cases(name, begin, draw):
    right = [((2, 3, 6, 5), (4, 3, 3, 2), (1, 1), (0, 0), (1, 1), 1), ((3, 6, 5), (4, 3, 2, 2), (2, 1), (1, 0), (1, 1), 1),
             ((1, 4, 9, 8), (6, 2, 3, 2), (2, 3), (1, 2), (1, 2), 2), ((0, 3, 6, 5), (4, 3, 3, 2), (1, 1), (0, 0), (1, 1), 1),
             ((2, 2, 5, 5), (2, 1, 3, 3), (1, 1), (1, 1), (1, 1), 2)]
    wrong = [((2, 3), (4, 3, 3, 3), (1, 1), (0, 0), (1, 1), 1), ((1, 2, 5, 5), (4, 3, 3, 3), (1, 1), (0, 0), (1, 1), 1),
             ((1, 3, 2, 2), (4, 3, 3, 3), (1, 1), (0, 0), (1, 1), 1), ((1, 3, 5, 5), (4, 1, 3, 3), (1, 1), (0, 0), (1, 1), 3),
             ((1, 3, 5, 5), (2, 1, 3, 3), (1, 1), (0, 0), (1, 1), 3), ((1, 3, 5, 5), (4, 3, 3, 3), (0, 1), (0, 0), (1, 1), 1),
             ((1, 3, 5, 5), (4, 3, 3, 3), (1, 1), (-1, 0), (1, 1), 1), ((1, 3, 5, 5), (4, 3, 3, 3), (1, 1), (0, 0), (0, 1), 1)]
    for dtype in FLOATS:
        for x_shape, weight_shape, stride, padding, dilation, groups in right + wrong:
            for with_bias in (True, False):
                program = begin()
                x = draw.operand(program, draw.numbers(x_shape, dtype), draw.choice(LAYOUTS[:3]))
                weight = program.leaf(draw.numbers(weight_shape, dtype))
                bias = program.leaf(draw.numbers(weight_shape[:1], dtype)) if with_bias else None
                program.finish(program.call(name, x, weight, bias, *stride, *padding, *dilation, groups), gradients=draw.generator)


POOLS = [((2, 3, 6, 5), (2, 2), (2, 2), (0, 0)), ((3, 6, 5), (3, 2), (2, 1), (1, 1)), ((0, 3, 6, 5), (2, 2), (1, 1), (0, 0)),
         ((1, 2, 7, 8), (3, 3), (2, 3), (1, 0)), ((5, 5), (2, 2), (2, 2), (0, 0)), ((1, 1, 5, 5), (6, 2), (2, 2), (0, 0)),
         ((1, 1, 5, 5), (2, 2), (2, 2), (2, 0)), ((1, 1, 5, 5), (2, 2), (0, 1), (0, 0)), ((1, 0, 5, 5), (2, 2), (1, 1), (0, 0))]


@operations("max_pool2d max_pool2d_with_indices")
def cases(name, begin, draw):
    for dtype in FLOATS:
        for shape, kernel, stride, padding in POOLS:
            for dilation in ((1, 1), (1, 2), (0, 1)):
                for ceil_mode in (False, True):
                    program = begin()
                    x = draw.operand(program, draw.numbers(shape, dtype), draw.choice(LAYOUTS[:3]))
                    y = program.call(name, x, *kernel, *stride, *padding, *dilation, ceil_mode)
                    program.finish(y, gradients=draw.generator)


@operations("avg_pool2d", of_largest=4, grad_of_largest=4)
def cases(name, begin, draw):
    for dtype in FLOATS:
        for shape, kernel, stride, padding in POOLS:
            for ceil_mode, count_include_pad, divisor in ((False, True, None), (True, True, None), (True, False, None), (False, False, 3), (False, True, 0)):
                program = begin()
                x = draw.operand(program, draw.numbers(shape, dtype), draw.choice(LAYOUTS[:3]))
                y = program.call(name, x, *kernel, *stride, *padding, ceil_mode, count_include_pad, divisor)
                program.finish(y, gradients=draw.generator)


@operations("adaptive_avg_pool2d", of_largest=4, grad_of_largest=4)
def cases(name, begin, draw):
    for dtype in FLOATS:
        for shape in ((2, 3, 6, 5), (3, 7, 4), (0, 2, 4, 4), (5, 5), (1, 1, 0, 5)):
            for size in ((1, 1), (2, 3), (7, 5), (0, 2), (-1, 2)):
                program = begin()
                x = draw.operand(program, draw.numbers(shape, dtype), draw.choice(LAYOUTS[:3]))
                program.finish(program.call(name, x, *size), gradients=None if 0 in size else draw.generator)  # which PyTorch refuses
