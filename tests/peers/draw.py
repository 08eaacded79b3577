"""Operands drawn for the comparison: numbers of a dtype, laid out in memory in several ways, and the odd ones."""
import math

import torch

FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
INTEGERS = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
ALL = FLOATS + INTEGERS + [torch.bool]
SMALL = [torch.float16, torch.bfloat16]
LAYOUTS = ["row by row", "transposed", "sliced", "expanded"]


def odd_numbers(dtype):
    """What tests of arithmetic forget."""
    if dtype == torch.bool:
        return torch.tensor([False, True])
    if not dtype.is_floating_point:
        limits = torch.iinfo(dtype)
        return torch.tensor([number for number in (0, 1, -1, 2, 3, -2, 63, 64, limits.min, limits.max, limits.max - 1)
                             if number >= limits.min], dtype=dtype)
    limits = torch.finfo(dtype)
    tiny = limits.smallest_normal
    return torch.tensor([0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2, -2, 3, -3, 10.25, math.inf, -math.inf, math.nan, limits.max,
                         limits.min, tiny, -tiny, tiny / 4, -tiny / 4, limits.eps, 1 + limits.eps, 1e-3], dtype=torch.float64).to(dtype)


class Draw:
    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def numbers(self, shape, dtype, positive=False):
        """About normally distributed, few equal; whole ones from -5 to 5, or 0 to 10."""
        if dtype == torch.bool:
            return torch.randint(2, shape, generator=self.generator).bool()
        if not dtype.is_floating_point:
            low = 0 if positive or dtype == torch.uint8 else -5
            return torch.randint(low, low + 11, shape, generator=self.generator).to(dtype)
        drawn = torch.randn(shape, generator=self.generator, dtype=torch.float64) * 2
        return (drawn.abs() + 0.1 if positive else drawn).to(dtype)

    def whole(self, low, high, shape=()):
        return torch.randint(low, high, shape, generator=self.generator)

    def choice(self, options):
        return options[self.whole(0, len(options)).item()]

    def operand(self, program, tensor, layout="row by row", grad=True):
        """A leaf of the program, and a view of it that looks like `tensor`."""
        make = program.leaf if grad else program.input
        if tensor.dim() == 0 or layout == "row by row":
            return make(tensor)
        if layout == "transposed":
            if tensor.dim() < 2:
                return make(tensor)
            return program.call("transpose", make(tensor.transpose(0, -1).contiguous()), 0, -1)
        if layout == "sliced":
            wide = torch.stack([tensor, self.numbers(tensor.shape, tensor.dtype)], -1).flatten(-2)
            return program.call("slice", make(wide), -1, 0, wide.shape[-1], 2)
        narrow = tensor.narrow(0, 0, min(1, tensor.shape[0])).contiguous()
        return program.call("expand", make(narrow), list(tensor.shape)) if tensor.shape[0] else make(tensor)
