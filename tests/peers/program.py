"""Programs (program.h), written and run with PyTorch line by line, and Cairn's results, read.

    program = Program("add/3")
    a = program.leaf(torch.randn(3))
    program.finish(program.call("add", a, 2.5))

`program` then holds what PyTorch made of it; `text` is what `evaluate` reads.
"""
import math
import operator
import struct
import subprocess

import torch
from torch.nn import functional

DTYPES = {name: getattr(torch, name) for name in (
    "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "float8_e4m3fn",
    "float8_e5m2", "complex64")}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
SAFETENSORS = {
    torch.bool: "BOOL", torch.uint8: "U8", torch.int8: "I8", torch.int16: "I16", torch.int32: "I32", torch.int64: "I64",
    torch.float16: "F16", torch.bfloat16: "BF16", torch.float32: "F32", torch.float64: "F64"}
REDUCTIONS = ["none", "mean", "sum"]
PADDINGS = ["same", "valid", "neither"]


class Name(str):
    """A tensor of a program."""


def whole(function):
    """A reduction over dimensions, where none given means all, and that without keepdim is a way of its own."""
    return lambda x, dims, keepdim: function(x, dim=dims or None, keepdim=keepdim) if dims or keepdim else function(x)


def in_place(name):
    return lambda x, *rest: getattr(x, name)(*rest)


def number(value, dtype):
    return torch.tensor(value, dtype=dtype)


FUNCTIONS = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "pow": torch.pow,
    "maximum": torch.maximum, "minimum": torch.minimum,
    "where": torch.where, "clamp": torch.clamp, "masked_fill": torch.masked_fill,
    "sum": whole(torch.sum), "mean": whole(torch.mean), "all": whole(torch.all), "any": whole(torch.any),
    "amax": lambda x, dims, keepdim: torch.amax(x, dims, keepdim),
    "amin": lambda x, dims, keepdim: torch.amin(x, dims, keepdim),
    "sum.all": lambda x: x.sum(), "mean.all": lambda x: x.mean(),
    "var": lambda x, dims, correction, keepdim: torch.var(x, dims or None, correction=correction, keepdim=keepdim),
    "std": lambda x, dims, correction, keepdim: torch.std(x, dims or None, correction=correction, keepdim=keepdim),
    "norm": lambda x, p, dims, keepdim: torch.linalg.vector_norm(x, p, dims or None, keepdim),
    "logsumexp": lambda x, dims, keepdim: torch.logsumexp(x, dims or list(range(x.dim())), keepdim),
    "max.all": torch.max, "min.all": torch.min, "max": torch.max, "min": torch.min,
    "argmax.all": torch.argmax, "argmin.all": torch.argmin, "argmax": torch.argmax, "argmin": torch.argmin,
    "cat": torch.cat, "stack": torch.stack,
    "split": lambda x, size, dim: x.split(size, dim), "split.sizes": lambda x, sizes, dim: x.split(sizes, dim),
    "chunk": torch.chunk,
    "gather": torch.gather, "scatter_add": torch.scatter_add, "index_select": torch.index_select,
    "one_hot": functional.one_hot,
    "matmul": torch.matmul, "linear": functional.linear, "softmax": torch.softmax, "log_softmax": torch.log_softmax,
    "cross_entropy": lambda x, target, weight, ignore, reduction, smoothing: functional.cross_entropy(
        x, target, weight, ignore_index=ignore, reduction=REDUCTIONS[reduction], label_smoothing=smoothing),
    "mse_loss": lambda x, target, reduction: functional.mse_loss(x, target, reduction=REDUCTIONS[reduction]),
    "nll_loss": lambda x, target, weight, ignore, reduction: functional.nll_loss(
        x, target, weight, ignore_index=ignore, reduction=REDUCTIONS[reduction]),
    "l1_loss": lambda x, target, reduction: functional.l1_loss(x, target, reduction=REDUCTIONS[reduction]),
    "smooth_l1_loss": lambda x, target, reduction, beta: functional.smooth_l1_loss(
        x, target, reduction=REDUCTIONS[reduction], beta=beta),
    "binary_cross_entropy": lambda x, target, weight, reduction: functional.binary_cross_entropy(
        x, target, weight, reduction=REDUCTIONS[reduction]),
    "binary_cross_entropy_with_logits": lambda x, target, weight, reduction, pos_weight:
        functional.binary_cross_entropy_with_logits(x, target, weight, reduction=REDUCTIONS[reduction], pos_weight=pos_weight),
    "layer_norm": functional.layer_norm, "embedding": functional.embedding,
    "leaky_relu": functional.leaky_relu, "leaky_relu_": functional.leaky_relu_,
    "gelu": lambda x, tanh: functional.gelu(x, approximate="tanh" if tanh else "none"),
    "batch_norm": functional.batch_norm,
    "conv2d": lambda x, weight, bias, s0, s1, p0, p1, d0, d1, groups: functional.conv2d(
        x, weight, bias, (s0, s1), (p0, p1), (d0, d1), groups),
    "conv2d.named": lambda x, weight, bias, s0, s1, padding, d0, d1, groups: functional.conv2d(
        x, weight, bias, (s0, s1), PADDINGS[padding], (d0, d1), groups),
    "max_pool2d": lambda x, k0, k1, s0, s1, p0, p1, d0, d1, ceil_mode: torch.max_pool2d(
        x, (k0, k1), (s0, s1), (p0, p1), (d0, d1), ceil_mode),
    "max_pool2d_with_indices": lambda x, k0, k1, s0, s1, p0, p1, d0, d1, ceil_mode: functional.max_pool2d_with_indices(
        x, (k0, k1), (s0, s1), (p0, p1), (d0, d1), ceil_mode),
    "avg_pool2d": lambda x, k0, k1, s0, s1, p0, p1, ceil_mode, count_include_pad, divisor: functional.avg_pool2d(
        x, (k0, k1), (s0, s1), (p0, p1), ceil_mode, count_include_pad, divisor),
    "adaptive_avg_pool2d": lambda x, height, width: functional.adaptive_avg_pool2d(x, (height, width)),
    "view": torch.Tensor.view, "reshape": torch.reshape, "flatten": torch.flatten, "transpose": torch.transpose,
    "t": torch.t, "permute": torch.permute, "select": torch.select, "index.number": operator.getitem,
    "narrow": torch.narrow, "slice": torch.ops.aten.slice, "squeeze.all": torch.squeeze, "squeeze": torch.squeeze,
    "unsqueeze": torch.unsqueeze, "expand": torch.Tensor.expand, "as_strided": torch.as_strided,
    "contiguous": torch.Tensor.contiguous, "clone": torch.clone, "detach": torch.Tensor.detach, "to": torch.Tensor.to,
    "shape": lambda x: number(list(x.shape), torch.int64), "size": lambda x, dim: number(x.size(dim), torch.int64),
    "strides": lambda x: number(list(x.stride()), torch.int64),
    "storage_offset": lambda x: number(x.storage_offset(), torch.int64),
    "dim": lambda x: number(x.dim(), torch.int64), "numel": lambda x: number(x.numel(), torch.int64),
    "nbytes": lambda x: number(x.nbytes, torch.int64),
    "is_contiguous": lambda x: number(x.is_contiguous(), torch.bool), "is_leaf": lambda x: number(x.is_leaf, torch.bool),
    "requires_grad": lambda x: number(x.requires_grad, torch.bool), "version": lambda x: number(x._version, torch.int64),
    "item": lambda x: number(x.item(), torch.float64), "item_int64": lambda x: number(x.item(), torch.int64),
    "zeros": lambda shape, dtype: torch.zeros(shape, dtype=dtype), "ones": lambda shape, dtype: torch.ones(shape, dtype=dtype),
    "full": lambda shape, value, dtype: torch.full(shape, value, dtype=dtype),
    "empty": lambda shape, dtype: number(list(torch.empty(shape, dtype=dtype).shape), torch.int64),
    "zeros_like": torch.zeros_like, "ones_like": torch.ones_like, "full_like": torch.full_like,
    "empty_like": lambda x: number(list(torch.empty_like(x).shape), torch.int64),
    "scalar_tensor": lambda value, dtype: torch.scalar_tensor(value, dtype=dtype),
    "arange": torch.arange, "arange.end": torch.arange,
    "arange.dtype": lambda start, end, step, dtype: torch.arange(start, end, step, dtype=dtype),
    "linspace": lambda start, end, steps, dtype: torch.linspace(start, end, steps, dtype=dtype),
    "eye": lambda rows, columns, dtype: torch.eye(rows, *([] if columns is None else [columns]), dtype=dtype),
}
for of_one in ("neg", "abs", "exp", "log", "sqrt", "rsqrt", "tanh", "sigmoid", "erf", "relu", "logical_not"):
    FUNCTIONS[of_one] = getattr(torch, of_one)
for of_two in ("eq", "ne", "lt", "le", "gt", "ge"):
    FUNCTIONS[of_two] = FUNCTIONS[of_two + ".number"] = getattr(operator, of_two)
for of_two in ("logical_and", "logical_or", "logical_xor"):
    FUNCTIONS[of_two] = getattr(torch, of_two)
for of_two, with_number_first in (("add", "add.to_number"), ("sub", "sub.from_number"), ("mul", "mul.by_number"),
                                  ("div", "div.of_number"), ("pow", "pow.of_number")):
    FUNCTIONS[with_number_first] = FUNCTIONS[of_two + ".number"] = FUNCTIONS[of_two]
for several in ("where.number", "where.or_number", "clamp.number", "masked_fill.number"):
    FUNCTIONS[several] = FUNCTIONS[several.split(".")[0]]
for changing in ("neg_ abs_ exp_ log_ sqrt_ rsqrt_ tanh_ sigmoid_ erf_ relu_ add_ sub_ mul_ div_ pow_ add_.number sub_.number "
                 "mul_.number div_.number pow_.number clamp_ clamp_.number masked_fill_ masked_fill_.number scatter_add_ "
                 "copy_ fill_ zero_ requires_grad_").split():
    FUNCTIONS[changing] = in_place(changing.split(".")[0])


def text_of(argument):
    """An argument as program.h spells it."""
    if isinstance(argument, Name):
        return str(argument)
    if argument is None or isinstance(argument, bool):
        return str(argument).lower()
    if isinstance(argument, torch.dtype):
        return NAMES[argument]
    if isinstance(argument, (list, tuple)):
        names = any(isinstance(item, Name) for item in argument)
        return ("(%s)" if names else "[%s]") % ",".join(map(str, argument))
    return repr(argument)


class Program:
    def __init__(self, name):
        self.name, self.lines, self.inputs, self.values = name, [], {}, {}
        self.steps = []  # what was asked: (method, arguments), so that it can be done again otherwise
        self.leaves, self.returned, self.error = [], [], None  # error: (line, message, whether an IndexError)
        self.bound = None  # of the differences allowed; the operation's, unless set

    # --- what is written, and run at once ---
    def input(self, tensor, grad=False):
        self.steps.append(("input", tensor, grad))
        name = Name(f"v{len(self.values)}")
        self.inputs[f"{self.name}.{name}"] = tensor
        self.values[name] = tensor.clone(memory_format=torch.contiguous_format).requires_grad_(grad)
        self.lines.append(f"{name} = {'leaf' if grad else 'input'} {self.name}.{name}")
        if grad:
            self.leaves.append(name)
        return name

    def leaf(self, tensor):
        """An input with a gradient, where its dtype has one."""
        return self.input(tensor, tensor.is_floating_point())

    def call(self, function, *arguments):
        self.steps.append(("call", function, *arguments))
        name = Name(f"v{len(self.values)}")
        self.lines.append(" ".join([f"{name} =", function, *map(text_of, arguments)]))
        self.values[name] = self._try(FUNCTIONS[function], arguments)
        return name

    def change(self, function, *arguments):
        """A call that works in place and gives no new name."""
        self.steps.append(("change", function, *arguments))
        self.lines.append(" ".join([function, *map(text_of, arguments)]))
        self._try(FUNCTIONS[function], arguments)

    def give(self, *names):
        """Returns these."""
        self.steps.append(("give", *names))
        for name in names:
            self.returned.append(name)
            self.lines.append(f"return {name}")

    def backward(self, name, gradient):
        self.steps.append(("backward", name, gradient))
        self.inputs[f"{self.name}.g{name}"] = gradient
        self.lines.append(f"backward {name} {self.name}.g{name}")
        self._try(lambda: self.tensor(name).backward(gradient), ())

    def finish(self, *names, grad=True, gradients=None):
        """Returns these; then the gradient of each result that has one, with a gradient drawn from `gradients`."""
        self.give(*names)
        for name in names:
            for result, tensor in self._tensors(name):
                if grad and not self.error and tensor.requires_grad and tensor.dtype in SAFETENSORS:
                    self.backward(result, torch.randn(tensor.shape, generator=gradients).to(tensor.dtype))
        return self

    def in_float64(self):
        """The same program, with float64 for every other floating dtype."""
        def wider(argument):
            if isinstance(argument, torch.dtype) and argument.is_floating_point:
                return torch.float64
            return argument.double() if isinstance(argument, torch.Tensor) and argument.is_floating_point() else argument
        twin = Program(self.name + "/float64")
        for method, *arguments in self.steps:
            getattr(twin, method)(*map(wider, arguments))
        return twin

    def tensor(self, name):
        name, _, place = name.partition(".")
        value = self.values[name]
        return value[int(place or 0)] if isinstance(value, (tuple, list)) else value

    def results(self):
        """(what it is called, tensor) of what is returned, then of the gradients."""
        found = [("value", tensor) for name in self.returned for _, tensor in self._tensors(name)]
        return found + [("grad", self.values[leaf].grad) for leaf in self.leaves]

    @property
    def largest_input(self):
        return max([tensor.double()[tensor.isfinite()].abs().max().item() for tensor in self.inputs.values()
                    if tensor.is_floating_point() and tensor.isfinite().any()], default=0.0)

    @property
    def coarsest(self):
        """The largest distance of neighbours around 1, of all dtypes on the way."""
        tensors = [tensor for value in self.values.values() for tensor in (value if isinstance(value, (tuple, list)) else [value])]
        return max([EPSILON[tensor.dtype] for tensor in tensors if tensor is not None and tensor.dtype in EPSILON], default=2.0**-23)

    def _tensors(self, name):
        value = self.values.get(name.partition(".")[0])
        if value is None:
            return []
        if isinstance(value, (tuple, list)) and "." not in name:
            return [(f"{name}.{i}", tensor) for i, tensor in enumerate(value)]
        return [(name, self.tensor(name))]

    def _try(self, function, arguments):
        if self.error:
            return None
        def given(argument):
            if isinstance(argument, Name):
                return self.tensor(argument)
            if isinstance(argument, list) and any(isinstance(item, Name) for item in argument):
                return [self.tensor(item) for item in argument]
            return argument
        try:
            return function(*map(given, arguments))
        except (RuntimeError, IndexError, ValueError, TypeError) as error:
            self.error = (len(self.lines) - 1, str(error), isinstance(error, IndexError))
            return None

    @property
    def text(self):
        return "\n".join([f"case {self.name}", *self.lines, ""])

    @property
    def is_for_python_alone(self):
        """Whether Python's argument parser refused the call, which Cairn's compiler would have."""
        return self.error is not None and any(
            words in self.error[1] for words in ("received an invalid combination of arguments", "must be tuple of ints",
                                                 "must be Tensor, not", "expected Tensor as element"))


class Outcome:
    """What Cairn made of a program."""

    def __init__(self):
        self.tensors, self.error = [], None  # (kind, tensor or None, name of its grad_fn); (line, message, an IndexError)


def read_outcomes(lines):
    outcomes, outcome = {}, None
    for line in lines:
        words = line.split()
        if words[0] == "case":
            outcome = outcomes[words[1]] = Outcome()
        elif words[0] == "error":
            message = "" if words[3] == "-" else bytes.fromhex(words[3]).decode()
            outcome.error = (int(words[1]), message, words[2] == "IndexError")
        elif words[-1] == "none":
            outcome.tensors.append(("grad", None, None))
        else:
            rest = words[2 if words[0] == "grad" else 1:]
            dtype, shape, data = DTYPES[rest[0]], [int(extent) for extent in rest[1][1:-1].split(",") if extent], rest[-1]
            tensor = torch.empty(shape, dtype=dtype)
            if data != "-":
                tensor = torch.frombuffer(bytearray.fromhex(data), dtype=dtype).reshape(shape)
            outcome.tensors.append((words[0], tensor, rest[2] if len(rest) == 4 else None))
    return outcomes


def write_safetensors(path, tensors):
    """The file that `evaluate` reads its inputs from (io/interop/safetensors.h draws it)."""
    entries, at = [], 0
    for name, tensor in tensors.items():
        shape = ",".join(map(str, tensor.shape))
        entries.append(f'"{name}":{{"dtype":"{SAFETENSORS[tensor.dtype]}","shape":[{shape}],"data_offsets":[{at},{at + tensor.nbytes}]}}')
        at += tensor.nbytes
    header = ("{" + ",".join(entries) + "}").encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for tensor in tensors.values():
            if tensor.numel() > 0:
                data = bytearray(tensor.nbytes)
                torch.frombuffer(data, dtype=tensor.dtype).copy_(tensor.contiguous().flatten())
                file.write(data)


def write_programs(programs, folder):
    """Programs and inputs as files, for `evaluate`."""
    inputs = {}
    with open(f"{folder}/programs", "w", encoding="utf-8") as file:
        for program in programs:
            file.write(program.text)
            inputs.update(program.inputs)
    write_safetensors(f"{folder}/inputs", inputs)
    return [f"{folder}/programs", f"{folder}/inputs"]


def run_with_cairn(evaluate, programs, folder):
    found = subprocess.run([evaluate, *write_programs(programs, folder)], stdout=subprocess.PIPE, text=True, check=True)
    return read_outcomes(found.stdout.splitlines())


# --- how far apart ----------------------------------------------------------------------------------------------------
EPSILON = {torch.float16: 2.0**-10, torch.bfloat16: 2.0**-7, torch.float32: 2.0**-23, torch.float64: 2.0**-52}
SMALLEST = {torch.float16: 2.0**-24, torch.bfloat16: 2.0**-133, torch.float32: 2.0**-149, torch.float64: 5e-324}


class Difference:
    """The largest distance of two tensors of a floating dtype: in units of an element's last place, and of the largest
    element's; infinite where one is NaN or infinite and the other is not, or where a zero has another sign."""

    def __init__(self, found, expected, scale=0.0, dtype=None):
        dtype = dtype or expected.dtype  # whose places are counted
        a, b = found.detach().double().flatten(), expected.detach().double().flatten()
        same = (a == b) & (torch.signbit(a) == torch.signbit(b)) | (a.isnan() & b.isnan())
        finite = b[b.isfinite()].abs()
        self.largest = max(scale, finite.max().item() if finite.numel() else 0.0)
        self.ulp = self.of_largest = 0.0
        self.signed_zero = bool(((a == b) & ~same).any())
        apart = ~(same | (a == b))
        if not apart.any():
            return
        a, b = a[apart], b[apart]
        if not (a.isfinite() & b.isfinite()).all():
            self.ulp = self.of_largest = math.inf
            return
        distance = (a - b).abs()
        exponent = torch.frexp(torch.maximum(a.abs(), b.abs()))[1] - 1
        spacing = torch.clamp(torch.ldexp(torch.tensor(EPSILON[dtype], dtype=torch.float64), exponent), min=SMALLEST[dtype])
        self.ulp = (distance / spacing).max().item()
        self.of_largest = (distance.max() / max(self.largest * EPSILON[dtype], SMALLEST[dtype])).item()

    def __str__(self):
        return f"{self.ulp:.3g} ulp, {self.of_largest:.3g} of the largest" + (", a zero's sign" if self.signed_zero else "")
