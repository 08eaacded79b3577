"""Expressions drawn at random: some operations on some tensors, each on what came before, at most six deep.

Every step is tried with PyTorch first, and taken only where its numbers stay tame, and away from points where the
slightest difference tells: a comparison of two numbers almost equal, a number that is almost whole and becomes an
integer, the root of almost 0. What differs in float32 nevertheless is compared in float64, too (Program.in_float64).
"""
import torch

from draw import Draw
from operations import Bound
from program import EPSILON, FUNCTIONS, Name, Program

DEEPEST = 6
LARGEST = 100.0
UNARY = "neg abs exp log sqrt rsqrt tanh sigmoid erf relu".split()
BINARY = "add sub mul div pow maximum minimum".split()
NUMBERS = [2, -1, 3, 0.5, -1.5, 2.25, 0.1]
SOMETIMES = [torch.float64, torch.float16, torch.bfloat16, torch.float32, torch.int64, torch.int32]


OFTEN = {"step_unary": 5, "step_binary": 6, "step_view": 6, "step_reduce": 4, "step_number": 3, "step_in_place": 3, "step_product": 2}


class Unfit(Exception):
    """This step cannot be taken with these tensors."""


class Expression:
    def __init__(self, number, seed):
        self.draw = Draw(seed * 1_000_003 + number)
        self.program = Program(f"expression/{number}")
        self.depth = {}
        self.used = set()
        self.steps = [getattr(type(self), name) for name in dir(type(self)) if name.startswith("step_")
                      for _ in range(OFTEN.get(name, 1))]
        for _ in range(self.count(2, 4)):
            self.new(self.shape())
        wanted, tries = self.count(6, 20), 0
        while wanted > 0 and tries < 300:
            tries += 1
            try:
                self.draw.choice(self.steps)(self)
                wanted -= 1
            except Unfit:
                pass
        self.end()

    # --- drawing ---
    def count(self, low, high):
        return self.draw.whole(low, high + 1).item()

    def maybe(self, percent):
        return self.count(1, 100) <= percent

    def shape(self):
        return tuple(self.draw.choice([1, 2, 3, 4, 5]) for _ in range(self.draw.choice([0, 1, 1, 2, 2, 2, 3, 3])))

    def new(self, shape, dtype=torch.float32, grad=None):
        """A new leaf."""
        numbers = self.draw.numbers(shape, dtype)
        name = self.program.input(numbers, dtype.is_floating_point and (self.maybe(75) if grad is None else grad))
        self.depth[name] = 0
        return name

    def value(self, name):
        return self.program.tensor(name)

    def pick(self, fits=lambda tensor: True, floating=True, deepest=DEEPEST - 1):
        """A tensor that there is, preferably a deep one."""
        names = [name for name, depth in self.depth.items() if depth <= deepest and fits(self.value(name)) and
                 (not floating or self.value(name).is_floating_point())]
        if not names:
            raise Unfit
        return max((self.draw.choice(names) for _ in range(3)), key=self.depth.get)

    def partner(self, shape):
        """A tensor that broadcasts with this shape: one there is, or a new one."""
        if self.maybe(60):
            try:
                return self.pick(lambda tensor: broadcast(tensor.shape, shape))
            except Unfit:
                pass
        kept = tuple(extent if self.maybe(75) else 1 for extent in shape)
        return self.new(kept[self.count(0, len(kept)):] if self.maybe(30) else kept)

    def dims(self, tensor):
        """Some of its dimensions, or none for all."""
        return [d if self.maybe(50) else d - tensor.dim() for d in range(tensor.dim()) if self.maybe(50)]

    def dim(self, tensor):
        if tensor.dim() == 0:
            raise Unfit
        return self.count(-tensor.dim(), tensor.dim() - 1)

    # --- taking a step ---
    def margin(self, *tensors):
        """How near numbers may come to a point that tells."""
        coarsest = max([EPSILON[tensor.dtype] for tensor in self.program.values.values()
                        if isinstance(tensor, torch.Tensor) and tensor.dtype in EPSILON], default=2.0**-23)
        return max(1e-3, 30 * coarsest)

    def require(self, condition):
        if not bool(condition):
            raise Unfit

    def apart(self, a, b):
        """No number of a is almost, but not exactly, that of b."""
        distance = (a.double() - b.double()).abs()
        self.require(((distance == 0) & self.is_exact(a) & self.is_exact(b) | (distance > self.margin())).all())

    def is_exact(self, tensor):
        return not tensor.is_floating_point() or not tensor.requires_grad or tensor.grad_fn is None

    def take(self, function, *arguments):
        def given(argument):
            if isinstance(argument, Name):
                return self.value(argument).detach().clone()
            if isinstance(argument, list):
                return [given(item) for item in argument]
            return argument
        try:
            tried = FUNCTIONS[function](*map(given, arguments))
        except (RuntimeError, IndexError, ValueError) as error:
            raise Unfit from error
        tensors = list(tried) if isinstance(tried, (tuple, list)) else [tried]
        for tensor in tensors:
            self.require(tensor.numel() < 400)
            if tensor.is_floating_point():
                self.require(tensor.isfinite().all() and (tensor.abs() < LARGEST).all())
        operands = [item for argument in arguments for item in (argument if isinstance(argument, list) else [argument])
                    if isinstance(item, Name)]
        self.used.update(operands)
        depth = 1 + max((self.depth[name] for name in operands), default=0)
        name = self.program.call(function, *arguments)
        names = [name] if not isinstance(tried, (tuple, list)) else [Name(f"{name}.{i}") for i in range(len(tried))]
        for name in names:
            self.depth[name] = min(depth, DEEPEST)
        return self.draw.choice(names)

    def end(self):
        """Returns what nothing was made of, and the gradient of its sum."""
        results = [name for name, depth in self.depth.items() if depth > 0 and name not in self.used][-6:]
        self.program.give(*results)
        total = None
        for name in results:
            if self.value(name).requires_grad and self.value(name).dtype != torch.float16:
                part = self.program.call("sum.all", name)
                total = part if total is None else self.program.call("add", total, part)
        if total:
            self.program.backward(total, torch.full((), 0.75, dtype=self.value(total).dtype))

    # --- the steps: elementwise ---
    def tamed(self, function, x):
        """x, or what is made of it, in the domain of the function."""
        tensor = self.value(x)
        if function in ("log", "sqrt", "rsqrt") and not (tensor > 0.1).all():
            self.apart(tensor, torch.zeros_like(tensor))
            return self.take("add.number", self.take("abs", x), 0.5)
        if function in ("abs", "relu"):
            self.apart(tensor, torch.zeros_like(tensor))
        return x

    def step_unary(self):
        function = self.draw.choice(UNARY)
        self.take(function, self.tamed(function, self.pick(deepest=DEEPEST - 3)))

    def step_binary(self):
        function, a = self.draw.choice(BINARY), self.pick()
        b = self.partner(self.value(a).shape)
        if self.maybe(30):
            a, b = b, a
        if function == "div":
            self.require((self.value(b).abs() > 0.3).all())
        elif function == "pow":
            self.require((self.value(a) > 0.2).all() and (self.value(b).abs() < 3).all())
        elif function in ("maximum", "minimum"):
            self.apart(self.value(a), self.value(b))
        self.take(function, a, b)

    def step_number(self):
        function, x, number = self.draw.choice(["add", "sub", "mul", "div", "pow"]), self.pick(), self.draw.choice(NUMBERS)
        if function == "pow":
            self.require((self.value(x) > 0.2).all())
        if self.maybe(30):
            function = {"add": "add.to_number", "sub": "sub.from_number", "mul": "mul.by_number", "div": "div.of_number",
                        "pow": "pow.of_number"}[function]
            if function == "div.of_number":
                self.require((self.value(x).abs() > 0.3).all())
            elif function == "pow.of_number":
                number = abs(number)
            self.take(function, number, x)
        else:
            self.take(function + ".number", x, number)

    def step_whole_numbers(self):
        x = self.pick(lambda tensor: not tensor.is_floating_point(), floating=False)
        if self.maybe(50):
            self.take(self.draw.choice(["add", "sub", "mul"]), x, self.partner(self.value(x).shape))
        else:
            self.take(self.draw.choice(["add.number", "mul.number", "sub.number"]), x, self.draw.choice(NUMBERS))

    def step_compare(self):
        a = self.pick(floating=False)
        b = self.partner(self.value(a).shape)
        self.apart(self.value(a), self.value(b))
        self.take(self.draw.choice(["eq", "ne", "lt", "le", "gt", "ge"]), a, b)

    def step_compare_number(self):
        x, number = self.pick(), self.draw.choice(NUMBERS)
        self.apart(self.value(x), torch.full_like(self.value(x), number))
        self.take(self.draw.choice(["lt", "le", "gt", "ge"]) + ".number", x, number)

    def condition(self, shape):
        try:
            return self.pick(lambda tensor: tensor.dtype == torch.bool and broadcast(tensor.shape, shape), floating=False)
        except Unfit:
            return self.new(shape, torch.bool)

    def step_logical(self):
        a = self.condition(self.shape())
        if self.maybe(30):
            self.take("logical_not", a)
        else:
            self.take(self.draw.choice(["logical_and", "logical_or", "logical_xor"]), a, self.condition(self.value(a).shape))

    def step_where(self):
        a = self.pick()
        shape = self.value(a).shape
        b = self.partner(shape)
        if self.maybe(30):
            self.take("where.or_number", self.condition(shape), a, self.draw.choice(NUMBERS))
        else:
            self.take("where", self.condition(shape), a, b)

    def step_masked_fill(self):
        x = self.pick()
        self.take("masked_fill.number", x, self.condition(self.value(x).shape), self.draw.choice(NUMBERS))

    def step_clamp(self):
        x = self.pick()
        for bound in (-1.25, 1.75):
            self.apart(self.value(x), torch.full_like(self.value(x), bound))
        low, high = self.draw.choice([(-1.25, 1.75), (None, 1.75), (-1.25, None)])
        self.take("clamp.number", x, low, high)

    # --- reductions ---
    def step_reduce(self):
        function, x = self.draw.choice(["sum", "mean", "var", "std", "norm", "logsumexp", "amax", "amin"]), self.pick()
        dims, keepdim, tensor = self.dims(self.value(x)), self.maybe(40), self.value(x)
        if function in ("var", "std"):
            self.require(all(tensor.shape[d] > 1 for d in (dims or range(tensor.dim()))) and tensor.dim() > 0)
            numbers = torch.var(tensor.detach().double(), dims or None)
            self.require(numbers.isfinite().all() and (numbers > 0.05).all())
            self.take(function, x, dims, 1, keepdim)
        elif function == "norm":
            self.require((torch.linalg.vector_norm(tensor.detach().double(), 2, dims or None) > 0.1).all())
            self.take(function, x, 2.0, dims, keepdim)
        else:
            if function in ("amax", "amin"):
                self.distinct(tensor)
            self.take(function, x, dims, keepdim)

    def distinct(self, tensor):
        """No two numbers are almost the same."""
        numbers = tensor.detach().double().flatten().sort().values
        self.require(((numbers[1:] - numbers[:-1]) > self.margin()).all())

    def step_extreme(self):
        x = self.pick()
        self.distinct(self.value(x))
        self.take(self.draw.choice(["max", "min", "argmax", "argmin"]), x, self.dim(self.value(x)), self.maybe(40))

    def step_extreme_of_all(self):
        x = self.pick(lambda tensor: tensor.numel() > 0)
        self.distinct(self.value(x))
        self.take(self.draw.choice(["max.all", "min.all", "argmax.all", "argmin.all"]), x)

    def step_truth(self):
        x = self.condition(self.shape())
        self.take(self.draw.choice(["all", "any", "sum"]), x, self.dims(self.value(x)), self.maybe(40))

    def step_softmax(self):
        x = self.pick()
        self.take(self.draw.choice(["softmax", "log_softmax"]), x, self.dim(self.value(x)))

    # --- views, and what joins and chooses ---
    def step_view(self):
        x = self.pick(floating=self.maybe(80))
        tensor = self.value(x)
        shape, rank = list(tensor.shape), tensor.dim()
        kind = self.draw.choice(["reshape", "transpose", "permute", "select", "narrow", "slice", "squeeze", "unsqueeze", "expand",
                                 "flatten", "split", "chunk", "t", "contiguous", "clone"])
        if kind == "reshape":
            self.take(kind, x, self.draw.choice([[-1], [1, -1], [-1, shape[-1] if shape else 1], shape[::-1]]))
        elif kind == "transpose":
            self.take(kind, x, self.dim(tensor), self.dim(tensor))
        elif kind == "permute":
            self.take(kind, x, torch.randperm(rank, generator=self.draw.generator).tolist())
        elif kind == "unsqueeze":
            self.take(kind, x, self.count(-rank - 1, rank))
        elif kind == "expand":
            self.take(kind, x, [self.count(1, 3)] + [self.count(1, 4) if extent == 1 else -1 for extent in shape])
        elif kind == "flatten":
            start = self.count(0, max(rank - 1, 0))
            self.take(kind, x, start, -1)
        elif kind in ("t", "contiguous", "clone"):
            self.take(kind, x)
        else:
            dim = self.dim(tensor)
            extent = shape[dim]
            self.require(extent > 0)
            start = self.count(0, extent - 1)
            arguments = {"select": (dim, self.count(-extent, extent - 1)), "narrow": (dim, start, self.count(1, extent - start)),
                         "slice": (dim, start, self.count(start + 1, extent), self.count(1, 2)), "squeeze": (dim,),
                         "split": (self.count(1, extent), dim), "chunk": (self.count(1, 3), dim)}
            self.take(kind, x, *arguments[kind])

    def step_join(self):
        x = self.pick()
        shape = list(self.value(x).shape)
        others = [self.pick(lambda tensor: list(tensor.shape) == shape) for _ in range(self.count(1, 2))]
        function = self.draw.choice(["cat", "stack"])
        self.take(function, [x, *others], self.dim(self.value(x)) if function == "cat" else self.count(-len(shape) - 1, len(shape)))

    def index(self, extent, shape):
        name = self.program.input(self.draw.whole(0, extent, shape))
        self.depth[name] = 0
        return name

    def step_index(self):
        x = self.pick(lambda tensor: tensor.dim() > 0 and tensor.numel() > 0, floating=self.maybe(80))
        shape, dim = list(self.value(x).shape), self.dim(self.value(x))
        kind = self.draw.choice(["gather", "index_select", "scatter_add", "one_hot"])
        if kind == "index_select":
            return self.take(kind, x, dim, self.index(shape[dim], (self.count(1, 5),)))
        if kind == "one_hot":
            return self.take(kind, self.index(4, shape[:2]), 4)
        places = [self.count(1, 5) if d == dim % len(shape) else self.count(1, extent) for d, extent in enumerate(shape)]
        index = self.index(shape[dim], tuple(places))
        if kind == "gather":
            return self.take(kind, x, dim, index)
        return self.take(kind, x, dim, index, self.new(tuple(places), self.value(x).dtype))

    def step_product(self):
        x = self.pick(lambda tensor: tensor.dim() > 0)
        extent, dtype = self.value(x).shape[-1], self.value(x).dtype
        other = self.draw.choice([(extent,), (extent, 3), (extent, 1), (2, extent, 3)])
        if self.maybe(30):
            bias = self.new((3,), dtype) if self.maybe(60) else None
            return self.take("linear", x, self.new((3, extent), dtype), bias)
        return self.take("matmul", x, self.new(other, dtype))

    def step_loss(self):
        x = self.pick(lambda tensor: tensor.dim() == 2)
        rows, classes = self.value(x).shape
        if self.maybe(50):
            smoothing = self.draw.choice([0.0, 0.1])
            return self.take("cross_entropy", x, self.index(classes, (rows,)), None, -100, self.count(0, 2), smoothing)
        return self.take("mse_loss", x, self.new((rows, classes), self.value(x).dtype), self.count(0, 2))

    # --- dtypes, and in place ---
    def step_to(self):
        x, dtype = self.pick(floating=self.maybe(80)), self.draw.choice(SOMETIMES)
        if not dtype.is_floating_point and self.value(x).is_floating_point():
            self.apart(self.value(x).detach().frac(), torch.zeros(()))
            self.apart(self.value(x).detach().frac().abs(), torch.ones(()))
        self.take("to", x, dtype)

    def step_detach(self):
        self.take("detach", self.pick())

    def step_in_place(self):
        x = self.pick(deepest=DEEPEST - 2)
        function = self.draw.choice(["add_", "sub_", "mul_", "div_", "neg_", "exp_", "tanh_", "sigmoid_", "erf_", "relu_", "clamp_.number",
                                     "masked_fill_.number", "add_.number", "mul_.number", "pow_.number", "copy_"])
        tensor, arguments = self.value(x), []
        if function in ("add_", "sub_", "mul_", "div_", "copy_"):
            other = self.partner(tensor.shape)
            self.require(broadcast(self.value(other).shape, tensor.shape, into=True))
            if function == "div_":
                self.require((self.value(other).abs() > 0.3).all())
            arguments = [other]
        elif function == "relu_":
            self.apart(tensor, torch.zeros_like(tensor))
        elif function == "clamp_.number":
            arguments = [-1.25, 1.75]
            for bound in arguments:
                self.apart(tensor, torch.full_like(tensor, bound))
        elif function == "masked_fill_.number":
            mask = self.condition(tensor.shape)
            self.require(broadcast(self.value(mask).shape, tensor.shape, into=True))
            arguments = [mask, 0.5]
        elif function in ("add_.number", "mul_.number", "pow_.number"):
            arguments = [2 if function == "pow_.number" else self.draw.choice(NUMBERS)]
        tried = tensor.detach().clone()
        others = [self.value(argument).detach() if isinstance(argument, Name) else argument for argument in arguments]
        try:
            FUNCTIONS[function](tried, *others)
        except RuntimeError as error:
            raise Unfit from error
        self.require(tried.isfinite().all() and (tried.abs() < LARGEST).all())
        copy = self.take("clone", x)
        self.used.update(argument for argument in arguments if isinstance(argument, Name))
        self.program.change(function, copy, *arguments)


def broadcast(a, b, into=False):
    """Whether shapes broadcast; `into`: whether a does to b."""
    try:
        shape = torch.broadcast_shapes(a, b)
        return not into or list(shape) == list(b)
    except RuntimeError:
        return False


BOUND = Bound(ulp=4, of_largest=100, grad_ulp=4, grad_of_largest=100)


def programs(count, seed):
    return [Expression(number, seed).program for number in range(count)]
