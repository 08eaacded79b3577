"""Cairn's objects as gdb prints them: what they are, rather than what they are made of.

    (gdb) source PREFIX/share/cairn/gdb/cairn_printers.py       in ~/.gdbinit, for all programs
    (gdb) print hidden
    $1 = tensor(shape=[4, 5], float32, cpu, strides=[5, 1], data=[0.25, 0.0, ...], requires_grad, grad_fn=ReluBackward0)
    (gdb) print run
    $2 = dict(2) = {['epoch'] = 3, ['sizes'] = list(2) = {10, 20}}

A link to this file named PROGRAM-gdb.py, beside the program, is loaded with it where `add-auto-load-safe-path` allows that.

Nothing of the program is called, its memory is only read: this works on core dumps, and in a process stopped anywhere.
gdb knows the types of a program compiled with -g, but not the private ones of Cairn's libraries, unless they were, too. So
the members of what is read are listed below, in the order of the C++ sources; `Layout` places them as the compiler does.

    Tensor ──► TensorImpl ──► Storage ──► numbers             Value: std::variant ──► number, text, box of a container
                   └────────► Node ──► name                   Dict, StateDict ──► vector of (key, Value)

What is read may be anything: a variable before its constructor or after its destructor, a corrupted heap. What cannot be (a
rank of a thousand, a number of elements that does not follow from the shape) is said to be `<corrupt>`, and what cannot be
read `<unreadable>`.
"""
import gdb
import gdb.printing
import itertools
import math
import re
import struct
import types

DATA_SHOWN = 8  # elements of a tensor


class Corrupt(Exception):
    """What was read is not what it should be."""


# --- memory -----------------------------------------------------------------------------------------------------------
def memory(address, size):
    return bytes(gdb.selected_inferior().read_memory(address % (1 << 64), size)) if size else b""


def contents(value):
    """The bytes of a gdb.Value. What a function has just returned is in no memory: its members are put together."""
    if value.address is not None:
        return memory(int(value.address), value.type.sizeof)
    type = value.type.strip_typedefs()
    if type.code == gdb.TYPE_CODE_ARRAY:
        first, last = type.range()
        return b"".join(contents(value[i]) for i in range(first, last + 1))
    if type.code not in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        return (int(value) % (1 << 8 * type.sizeof)).to_bytes(type.sizeof, "little")
    fields = [field for field in type.fields() if hasattr(field, "bitpos")]  # not those that are static
    if type.code == gdb.TYPE_CODE_UNION:
        fields = [max(fields, key=lambda field: field.type.sizeof)]
    parts = [(field.bitpos // 8, contents(value[field])) for field in fields]
    whole = bytearray(type.sizeof if any(part for _, part in parts) else 0)  # a class without members takes no place in another
    for offset, part in parts:
        whole[offset:offset + len(part)] = part
    return bytes(whole)


class Layout:
    """The members of a C++ type, each with the letters that Python's `struct` has for its type."""

    def __init__(self, **members):
        self.members = [(name, len(struct.unpack(code, bytes(struct.calcsize(code))))) for name, code in members.items()]
        self.struct = struct.Struct("".join(members.values()))

    def __call__(self, data):
        values = iter(self.struct.unpack_from(data))
        return types.SimpleNamespace(
            **{name: next(values) if count == 1 else list(itertools.islice(values, count)) for name, count in self.members})

    def at(self, address):
        return self(memory(address, self.struct.size))


POINTER = Layout(address="P")
SHAPE, SHAPE_INLINE, SHAPE_LARGEST = "i6q", 6, 64  # rank; then extents or, beyond rank 6, a pointer to them
DEVICE = "Bb"  # type, index
STORAGE = Layout(count="I", version="I", size="N", data="P")
NODE = Layout(count="I", name="P")
TENSOR_IMPL = Layout(count="I", storage="P", offset="q", numel="q", shape=SHAPE, strides=SHAPE, dtype="B", device=DEVICE,
                     contiguous="?", requires_grad="?", is_parameter="?", is_view="?", graph_version="I", grad_fn="P")
STRING = Layout(data="P", size="N")  # of libstdc++, as the following
VECTOR = Layout(begin="P", end="P")
VARIANT = Layout(storage="4N", index="B")  # of Value and Key: their largest alternative is a string
STRING_SIZE, VARIANT_SIZE = 32, 40

KINDS = ["none", "bool", "int", "big integer", "float", "complex", "text", "bytes", "list", "tuple", "set", "dict",
         "OrderedDict", "tensor"]


# --- numbers ----------------------------------------------------------------------------------------------------------
def small_float(bits, exponent_bits, fraction_bits, has_infinity):
    """The number that the bits of core/small_float.h mean."""
    fraction = bits & (1 << fraction_bits) - 1
    exponent = bits >> fraction_bits & (1 << exponent_bits) - 1
    bias, top = (1 << exponent_bits - 1) - 1, (1 << exponent_bits) - 1
    sign = -1.0 if bits >> exponent_bits + fraction_bits else 1.0
    if exponent == top and (has_infinity or fraction == (1 << fraction_bits) - 1):
        return sign * math.inf if fraction == 0 else math.nan
    whole = fraction + (1 << fraction_bits if exponent else 0)
    return sign * math.ldexp(whole, max(exponent, 1) - bias - fraction_bits)


def shortest(value, precision):
    """The fewest digits that give the number back when rounded to so many bits."""
    if not math.isfinite(value):
        return value
    for digits in range(1, 17):
        text = float(f"{value:.{digits}g}")
        mantissa, exponent = math.frexp(text)
        if math.isfinite(text) and math.ldexp(round(math.ldexp(mantissa, precision)), exponent - precision) == value:
            return text
    return value


def integer(data, signed):
    return int.from_bytes(data, "little", signed=signed)


def float32(data):
    return shortest(struct.unpack("<f", data)[0], 24)


# By code: the name, the size of an element, and what its bytes are.
DTYPES = [
    ("bool", 1, lambda data: data[0] != 0),
    ("uint8", 1, lambda data: integer(data, False)),
    ("int8", 1, lambda data: integer(data, True)),
    ("int16", 2, lambda data: integer(data, True)),
    ("int32", 4, lambda data: integer(data, True)),
    ("int64", 8, lambda data: integer(data, True)),
    ("float16", 2, lambda data: shortest(small_float(integer(data, False), 5, 10, True), 11)),
    ("bfloat16", 2, lambda data: shortest(small_float(integer(data, False), 8, 7, True), 8)),
    ("float32", 4, float32),
    ("float64", 8, lambda data: struct.unpack("<d", data)[0]),
    ("float8_e4m3fn", 1, lambda data: shortest(small_float(data[0], 4, 3, False), 4)),
    ("float8_e5m2", 1, lambda data: shortest(small_float(data[0], 5, 2, True), 3)),
    ("complex64", 8, lambda data: complex(float32(data[:4]), float32(data[4:]))),
]


# --- objects as text --------------------------------------------------------------------------------------------------
def or_what_is_wrong(make):
    """What `make` returns, or a text that says what went wrong, so that nothing breaks what surrounds it."""
    try:
        return make()
    except Corrupt as corrupt:
        return f"<corrupt: {corrupt}>"
    except gdb.MemoryError:
        return "<unreadable>"
    except Exception as error:  # "value has been optimized out", or a mistake of ours
        return f"<{error}>"


def print_limit():
    return gdb.parameter("print elements") or 1 << 20  # 0 or None: unlimited


def named(names, code, what):
    if not 0 <= code < len(names):
        raise Corrupt(f"{what} {code}")
    return names[code]


def device_text(code, index):
    names = [field.name.rsplit("::", 1)[-1] for field in gdb.lookup_type("cairn::Device::Type").fields()]  # from 0 on
    return named(names, code, "device type") + (f":{index}" if index >= 0 else "")


def extents(rank, *words):
    if not 0 <= rank <= SHAPE_LARGEST:
        raise Corrupt(f"rank {rank}")
    return list(struct.unpack(f"{rank}q", memory(words[0], 8 * rank)) if rank > SHAPE_INLINE else words[:rank])


def data_text(first, dtype, shape, strides):
    """The first elements, in rows, of the tensor whose first element lies at an address."""
    _, size, number = dtype
    shown, index = [], [0] * len(shape)
    for _ in range(min(math.prod(shape), DATA_SHOWN, print_limit())):
        offset = sum(i * stride for i, stride in zip(index, strides))
        shown.append(repr(number(memory(first + offset * size, size))))
        for dim in reversed(range(len(shape))):
            index[dim] = (index[dim] + 1) % shape[dim]
            if index[dim]:
                break
    return "[" + ", ".join(shown + ["..."] * (math.prod(shape) > len(shown))) + "]"


def tensor_text(address):
    """Of the TensorImpl at an address, or of none at 0."""
    if address == 0:
        return "tensor(undefined)"
    impl = TENSOR_IMPL.at(address)
    shape, strides = extents(*impl.shape), extents(*impl.strides)
    if impl.count == 0 or len(strides) != len(shape) or min(shape, default=0) < 0 or math.prod(shape) != impl.numel:
        raise Corrupt("no tensor")
    dtype, device = named(DTYPES, impl.dtype, "dtype"), device_text(*impl.device)
    parts = [f"shape={shape}", dtype[0], device, f"strides={strides}"]
    if impl.storage == 0:
        parts.append("deferred")
    elif device == "cpu":
        first = lambda: STORAGE.at(impl.storage).data + impl.offset * dtype[1]
        parts.append("data=" + or_what_is_wrong(lambda: data_text(first(), dtype, shape, strides)))
    if impl.is_parameter:
        parts.append("parameter")
    if impl.requires_grad or impl.grad_fn:
        parts.append("requires_grad")
    if impl.grad_fn:
        parts.append("grad_fn=" + or_what_is_wrong(lambda: c_string(NODE.at(impl.grad_fn).name)))
    return f"tensor({', '.join(parts)})"


def c_string(address):
    text = b""
    while not text.endswith(b"\0") and len(text) < 64:
        text += memory(address + len(text), 1)
    return text.rstrip(b"\0").decode("ascii", "backslashreplace")


def quoted(address, size, decode=lambda data: data):
    data = memory(address, min(size, print_limit()))
    return repr(decode(data)) + ("..." if size > len(data) else "")


def string_text(data):
    string = STRING(data)
    return quoted(string.data, string.size, lambda data: data.decode("utf-8", "backslashreplace"))


def key_text(data):
    index = VARIANT(data).index
    return str(*struct.unpack_from("q", data)) if named(["text", "number"], index, "key") == "number" else string_text(data)


def items(vector, item_size):
    """Where the items of a std::vector lie."""
    if not 0 <= vector.end - vector.begin < 1 << 48 or (vector.end - vector.begin) % item_size:
        raise Corrupt("vector")
    return range(vector.begin, vector.end, item_size)


def kind_of(value):
    return named(KINDS, VARIANT(value).index, "kind")


def value_text(value):
    """Of the bytes of a Value that is no container: Python's repr."""
    kind, (word, *_) = kind_of(value), VARIANT(value).storage
    if kind == "none":
        return "None"
    if kind == "bool":
        return str(value[0] != 0)
    if kind == "int":
        return str(*struct.unpack_from("q", value))
    if kind == "float":
        return repr(*struct.unpack_from("d", value))
    if kind == "complex":
        return repr(complex(*struct.unpack_from("dd", value)))
    if kind == "text":
        return string_text(value)
    if kind == "tensor":
        return tensor_text(word)
    box = items(VECTOR.at(word), 1)
    if kind == "bytes":
        return quoted(box.start, len(box))
    return str(integer(memory(box.start, len(box)), True)) if len(box) < 1000 else f"<int of {len(box)} bytes>"


class Container:
    """Of the bytes of a List, Dict and so on: where the entries lie, the Value at `offset` in each, and how a key is read."""

    def __init__(self, kind, data):
        self.offset, self.key = {"dict": (VARIANT_SIZE, key_text), "OrderedDict": (STRING_SIZE, string_text)}.get(kind, (0, None))
        if self.key:  # behind a pointer, which is null if there are none
            data = memory(address, VECTOR.struct.size) if (address := POINTER(data).address) else bytes(VECTOR.struct.size)
        self.entries = items(VECTOR(data), self.offset + VARIANT_SIZE)


# --- what gdb calls ---------------------------------------------------------------------------------------------------
class Printer:
    """Of one object. `text` says what it is."""

    def __init__(self, value):
        if value.type.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
            value = value.referenced_value()
        self.value = value

    def to_string(self):
        return or_what_is_wrong(self.text)


class TensorPrinter(Printer):
    def text(self):
        value = self.value
        for field in value.type.fields():
            if field.is_base_class and field.name == "cairn::Tensor":  # a Parameter, or a Buffer
                value = value[field]
        return tensor_text(POINTER(contents(value)).address)


class ShapePrinter(Printer):
    def text(self):
        return str(extents(*struct.unpack(SHAPE, contents(self.value))))


class DevicePrinter(Printer):
    def text(self):
        return device_text(*struct.unpack(DEVICE, contents(self.value)))


class DTypePrinter(Printer):
    def text(self):
        return named(DTYPES, int(self.value), "dtype")[0]


class KeyPrinter(Printer):
    def text(self):
        return key_text(contents(self.value))


class ReferencePrinter(Printer):
    """The address, and how many refer to it where the count comes first: in all but what has virtual functions."""

    def text(self):
        target, address = str(self.value.type.template_argument(0)), POINTER(contents(self.value)).address
        if address == 0:
            return "null"
        counted = target in ("cairn::TensorImpl", "cairn::Storage", "cairn::Node")
        return f"{target} at {address:#x}" + (f", count {NODE.at(address).count}" if counted else "")


class ContainerPrinter(Printer):
    """The entries are children, which gdb lays out, as many as `print elements` allows."""

    KINDS = {"cairn::List": "list", "cairn::Tuple": "tuple", "cairn::Set": "set", "cairn::Dict": "dict",
             "cairn::StateDict": "OrderedDict"}

    def kind(self):
        return self.KINDS[self.value.type.strip_typedefs().unqualified().name]

    def container(self):
        return Container(self.kind(), contents(self.value))

    def text(self):
        return f"{self.kind()}({len(self.container().entries)})"

    def display_hint(self):
        return {"dict": "map", "OrderedDict": "map"}.get(or_what_is_wrong(self.kind), "array")

    def children(self):
        try:
            container, value_type = self.container(), gdb.lookup_type("cairn::Value").pointer()
        except Exception:  # to_string says what is wrong
            return
        for number, entry in enumerate(container.entries):
            if container.key:
                yield f"key {number}", or_what_is_wrong(lambda: container.key(memory(entry, container.offset)))
            value = gdb.Value(entry + container.offset).cast(value_type).dereference()
            yield f"[{number}]", or_what_is_wrong(lambda: contents(value) and value)


class ValuePrinter(ContainerPrinter):
    def kind(self):
        return kind_of(contents(self.value))

    def container(self):
        return Container(self.kind(), memory(POINTER(contents(self.value)).address, VECTOR.struct.size))

    def is_container(self):
        return self.kind() in self.KINDS.values()

    def text(self):
        return super().text() if self.is_container() else value_text(contents(self.value))

    def display_hint(self):
        return super().display_hint() if or_what_is_wrong(self.is_container) is True else None

    def children(self):
        return super().children() if or_what_is_wrong(self.is_container) is True else iter(())


def register():
    printers = gdb.printing.RegexpCollectionPrettyPrinter("cairn")
    for name, printer in [("Tensor|nn::Parameter|nn::Buffer", TensorPrinter), ("Shape", ShapePrinter), ("Device", DevicePrinter),
                          ("DType", DTypePrinter), ("Key", KeyPrinter), ("Reference<.*>", ReferencePrinter),
                          ("Value", ValuePrinter), ("List|Tuple|Set|Dict|StateDict", ContainerPrinter)]:
        printers.add_printer(re.sub("[^A-Za-z]+", "_", name), f"^cairn::({name})$", printer)
    gdb.printing.register_pretty_printer(None, printers, replace=True)


register()
