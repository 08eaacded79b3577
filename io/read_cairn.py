#!/usr/bin/env python3
"""A reader of .cairn files that shares no code with Cairn's: written from FORMAT.md, in plain Python, to be read.

  header │ chunks │ index │ commit record │ chunks │ index │ commit record
             ▲        ▲                       ▲        │ ▲       │
             └────────┼───────────────────────┴────────┘ └───────┘      the way in is from the end: the commit record
                      └── of the older state                            says where the index is, the index where chunks are

Everything FORMAT.md says a file MUST be is checked, and every byte: `read` gives a state or raises Refused; `verify` does
so for all states of the file. XXH3 and zstd come from the system's libraries.

usage: read_cairn.py [--generation N] FILE...        prints each tree; exit status 3 if a file is refused
"""
import ctypes, ctypes.util, math, pprint, struct, sys
from collections import namedtuple

DTYPES = "bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64 float8_e4m3fn float8_e5m2 complex64".split()
SIZES = [1, 1, 1, 2, 4, 8, 2, 2, 4, 8, 1, 1, 8]
MAX_INDEX, MAX_TENSORS, MAX_VALUES, MAX_KEY, MAX_RANK, MAX_DEPTH, MAX_DECODED = 1 << 30, 1 << 24, 1 << 26, 4096, 64, 64, 64 << 30
FILE = -1  # the attributes' key for those of the file

State = namedtuple("State", "generation tree attributes tensors")


class Refused(Exception):
    """The file is not as FORMAT.md says."""


class Set(tuple): """A set: its items may be dicts, which Python's own cannot hold."""
class StateDict(dict): metadata = {}


class Tensor:
    """A strided view of a blob. `data` is the whole blob; `elements()` are the tensor's own, row by row, as bytes."""

    def __init__(self, dtype, shape, strides, offset, location, requires_grad, is_parameter, blob):
        self.dtype, self.shape, self.strides, self.offset, self.location = dtype, shape, strides, offset, location
        self.requires_grad, self.is_parameter, self.blob, self.data = requires_grad, is_parameter, blob, b""

    def elements(self):
        size = SIZES[DTYPES.index(self.dtype)]
        places = [self.offset]
        for extent, stride in zip(self.shape, self.strides):
            places = [place + i * stride for place in places for i in range(extent)]
        return b"".join(self.data[place * size:(place + 1) * size] for place in places)

    def __repr__(self):
        return f"tensor({self.dtype}, {self.shape}, {self.location!r}{', requires_grad' * self.requires_grad})"


def must(holds, what):
    if not holds:
        raise Refused(what)


# --- hashes -----------------------------------------------------------------------------------------------------------

class Hash128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


def library(name):
    found = ctypes.util.find_library(name)
    if not found:
        sys.exit(f"error: this reader needs the library {name}, which is not installed")
    return ctypes.CDLL(found)


xxhash, zstd = library("xxhash"), library("zstd")
xxhash.XXH3_128bits.restype, xxhash.XXH3_128bits.argtypes = Hash128, [ctypes.c_char_p, ctypes.c_size_t]


def hash_of(data):
    found = xxhash.XXH3_128bits(data, len(data))
    return struct.pack("<QQ", found.low, found.high)


def checksum(data, generation=0, place=0):
    """Bound to its place, where a generation is given; the scramble of two zeros is zero."""
    x = place ^ (generation * 0x9e3779b97f4a7c15 % 2**64)
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9 % 2**64
    x = (x ^ x >> 27) * 0x94d049bb133111eb % 2**64
    return int.from_bytes(hash_of(data)[:8], "little") ^ x ^ x >> 31


# --- bytes, one after another -----------------------------------------------------------------------------------------

class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        must(size <= len(self.data) - self.at, "the bytes end too early")
        self.at += size
        return self.data[self.at - size:self.at]

    def unpack(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))

    def zeros(self, size):
        must(not any(self.take(size)), "bytes that must be zero are not")

    def end(self):
        must(self.at == len(self.data), "bytes follow the end")

    def count(self):
        value = 0
        for shift in range(0, 64, 7):
            byte, = self.take(1)
            value |= (byte & 127) << shift
            if byte < 128:
                must((byte or not shift) and value < 2**64, "a count is not in its shortest form")
                return value
        raise Refused("a count is too long")

    def text(self, most=math.inf):
        size = self.count()
        must(size <= most, "a text is longer than it may be")
        try:
            return self.take(size).decode()
        except UnicodeDecodeError:
            raise Refused("a text is not UTF-8") from None


# --- codecs: the decoded bytes of a chunk, of `size` ------------------------------------------------------------------

def raw(stored, dtype, size):
    must(len(stored) == size, "a raw chunk does not have its size")
    return stored


def zstd_frame(stored, dtype, size):
    def call(result, function, *arguments):
        zstd[function].restype = result
        return zstd[function](*arguments)

    length = ctypes.c_size_t(len(stored))
    must(call(ctypes.c_uint64, "ZSTD_getFrameContentSize", stored, length) == size, "a zstd frame does not announce its size")
    must(call(ctypes.c_size_t, "ZSTD_findFrameCompressedSize", stored, length) == len(stored), "it is not exactly one zstd frame")
    must(call(ctypes.c_uint, "ZSTD_getDictID_fromFrame", stored, length) == 0, "a zstd frame needs a dictionary")
    must(size <= 32768 * len(stored), "a zstd frame announces more than it can hold")
    decoded = ctypes.create_string_buffer(size)
    must(call(ctypes.c_size_t, "ZSTD_decompress", decoded, ctypes.c_size_t(size), stored, length) == size, "a zstd frame is damaged")
    return decoded.raw


def constant(stored, dtype, size):
    must(len(stored) == SIZES[dtype] < size, "a constant chunk is not one of several elements")
    return stored * (size // len(stored))


def with_exponents(width, exponents, signs, low=()):
    """Numbers from their planes: exponents of 8 bits; signs, each above 7 bits of the mantissa; and the lower planes."""
    numbers = bytearray(len(exponents) * width)
    numbers[width - 1::width] = bytes(sign & 128 | exponent >> 1 for exponent, sign in zip(exponents, signs))
    numbers[width - 2::width] = bytes((exponent & 1) << 7 | sign & 127 for exponent, sign in zip(exponents, signs))
    for i, plane in enumerate(low):
        numbers[i::width] = plane
    return bytes(numbers)


EXPONENT_WIDTHS = {7: 2, 8: 4, 12: 4}  # of bfloat16, float32, complex64


def planes(stored, dtype, size):
    width = EXPONENT_WIDTHS.get(dtype, SIZES[dtype])
    must(width > 1, "a dtype of one byte has no planes")
    cursor, decoded = Cursor(stored), []
    for begin in range(0, size // width, 131072):
        n = min(131072, size // width - begin)
        found = []
        for entry in cursor.unpack(f"{width}I"):
            must(entry & 3 != 3, "a plane is of no known kind")
            plane = cursor.take(entry >> 2)
            must(entry & 3 != 1 or len(plane) == 1, "a constant plane is not one byte")
            found.append((raw, lambda one, _, n: one * n, zstd_frame)[entry & 3](plane, None, n))
        if dtype in EXPONENT_WIDTHS:
            decoded.append(with_exponents(width, found[-1], found[-2], found[:-2]))
        else:
            decoded.append(bytes(byte for number in zip(*found) for byte in number))
    cursor.end()
    return b"".join(decoded)


def exponents(stored, dtype, size):
    must(dtype in EXPONENT_WIDTHS, "a dtype has no exponents of 8 bits")
    width = EXPONENT_WIDTHS[dtype]
    cursor, decoded = Cursor(stored), []
    k, = cursor.take(1)
    must(k in (2, 3, 4), "codes are not of 2, 3 or 4 bits")
    table, escape = cursor.take(2**k - 1), 2**k - 1
    must(len(set(table)) == len(table), "an exponent has two codes")
    cursor.zeros(-cursor.at % 8)
    blocks = -(-size // width // 2048)
    must(blocks * 2 <= len(stored) - cursor.at, "the blocks do not fit")
    for block, (count,) in enumerate(struct.iter_unpack("<H", stored[len(stored) - blocks * 2:])):
        n = min(2048, size // width - block * 2048)
        low, signs, packed = cursor.take((width - 2) * n), cursor.take(n), int.from_bytes(cursor.take(-(-n * k // 8)), "little")
        codes = [packed >> i * k & escape for i in range(n)]
        escaped = cursor.take(count)
        must(packed >> n * k == 0, "the bits behind the last code are not zero")
        must(codes.count(escape) == count and not set(escaped) & set(table), "escapes are not as they must be")
        following = iter(escaped)
        found = [next(following) if code == escape else table[code] for code in codes]
        decoded.append(with_exponents(width, found, signs, [low[i::2] for i in range(width - 2)]))
    cursor.take(blocks * 2)
    cursor.end()
    return b"".join(decoded)


CODECS = [raw, zstd_frame, planes, constant, exponents]


# --- the tree ---------------------------------------------------------------------------------------------------------

class Tree:
    def __init__(self, data, tensors):
        self.cursor, self.tensors, self.next, self.values = Cursor(data), tensors, 0, 0
        self.root = self.value(0, True)
        self.cursor.end()
        must(self.next == len(tensors), "the tree does not hold all tensors")

    def value(self, depth, may_hold_tensors):
        cursor, self.values = self.cursor, self.values + 1
        must(self.values <= MAX_VALUES, "the tree has too many values")
        kind, = cursor.take(1)
        if kind < 3: return (None, False, True)[kind]
        if kind == 3: return cursor.unpack("q")[0]
        if kind == 4: return self.big_integer()
        if kind == 5: return cursor.unpack("d")[0]
        if kind == 6: return complex(*cursor.unpack("dd"))
        if kind == 7: return cursor.text()
        if kind == 8: return cursor.take(cursor.count())
        if kind == 14:
            must(may_hold_tensors and self.next < len(self.tensors), "there is a tensor more, or one in metadata")
            self.next += 1
            return self.tensors[self.next - 1]
        must(kind < 14, f"kind {kind} of a value is not known")
        must(depth < MAX_DEPTH, "the tree is too deep")
        if kind == 13: return self.state_dict(depth + 1, may_hold_tensors)
        if kind == 12: return self.entries({}, 3, self.key, depth + 1, may_hold_tensors)
        return self.items((list, tuple, Set)[kind - 9], depth + 1, may_hold_tensors)

    def big_integer(self):
        data = self.cursor.take(self.cursor.count())
        value, most = int.from_bytes(data, "little", signed=True), 1 << max(len(data) * 8 - 9, 0)
        must(len(data) > 8 and not -most <= value < most, "a big integer is not in its shortest form")
        return value

    def counted(self, least):
        count = self.cursor.count()
        must(count * least <= len(self.cursor.data) - self.cursor.at, "a count is larger than the bytes that follow")
        return count

    def items(self, sequence, depth, may_hold_tensors):
        found, seen = [], set()
        for _ in range(self.counted(1)):
            start, tensors = self.cursor.at, self.next
            found.append(self.value(depth, may_hold_tensors))
            encoded = self.cursor.data[start:self.cursor.at]
            must(sequence is not Set or encoded not in seen, "a set holds an item twice")
            if sequence is Set and self.next == tensors: seen.add(encoded)
        return sequence(found)

    def key(self):
        kind, = self.cursor.take(1)
        must(kind in (3, 7), "a key is neither text nor integer")
        return self.cursor.text(MAX_KEY) if kind == 7 else self.cursor.unpack("q")[0]

    def entries(self, found, least, read_key, depth, may_hold_tensors):
        must(depth <= MAX_DEPTH, "the tree is too deep")
        for _ in range(self.counted(least)):
            key = read_key()
            must(key not in found, "a key occurs twice")
            found[key] = self.value(depth, may_hold_tensors)
        return found

    def state_dict(self, depth, may_hold_tensors):
        found = self.entries(StateDict(), 2, lambda: self.cursor.text(MAX_KEY), depth, may_hold_tensors)
        found.metadata = self.entries({}, 3, self.key, depth + 1, False)
        return found


# --- commits: which state counts --------------------------------------------------------------------------------------

Commit = namedtuple("Commit", "generation required begin index_at index_checksum root_digest at")
COMMIT_MAGIC = b"\x8aCRNEND\n"


def commit_at(data, at):
    """The commit record there, or None if there is no valid one."""
    record = data[at:at + 64]
    if at < 64 or at % 64 or len(record) < 64:
        return None
    magic, generation, required, _, begin, index_at, index_checksum, root_digest, seal = struct.unpack("<8sIHHQQQ16sQ", record)
    valid = (magic == COMMIT_MAGIC and checksum(record[:56], generation, at) == seal and generation >= 1
             and (begin == 64) == (generation == 1) and 64 <= begin <= index_at < at and begin % 64 == 0 and index_at % 8 == 0)
    return Commit(generation, required, begin, index_at, index_checksum, root_digest, at) if valid else None


def newest_commit(data):
    must(len(data) >= 128, "the file is too short")
    last = commit_at(data, len(data) - 64)
    if last:
        return last
    must(sum(a == b for a, b in zip(data[-64:], COMMIT_MAGIC)) < 6, "the last commit record is damaged")
    for at in range(len(data) // 64 * 64 - 64, 0, -64):  # the file is torn
        if data[at:at + 8] == COMMIT_MAGIC and commit_at(data, at):
            return commit_at(data, at)
    raise Refused("there is no commit record")


def history(data):
    """All commits, the newest first."""
    commits = [newest_commit(data)]
    while commits[-1].generation > 1:
        before = commit_at(data, commits[-1].begin - 64)
        must(before and before.generation + 1 == commits[-1].generation, "an older commit record is missing")
        commits.append(before)
    return commits


# --- a state ----------------------------------------------------------------------------------------------------------

def read(data, generation=None):
    """The newest state of a container given as bytes, or that of a generation."""
    check_header(data)
    if generation is None:
        return read_state(data, newest_commit(data))
    return next((read_state(data, commit) for commit in history(data) if commit.generation == generation), None)


def verify(data):
    """All states, the newest first; the file ends with a commit record."""
    check_header(data)
    commits = history(data)
    must(commits[0].at + 64 == len(data), "the file is torn")
    return [read_state(data, commit) for commit in commits]


def check_header(data):
    must(len(data) >= 64 and data[:8] == b"\x89CRN\r\n\x1a\n", "this is no Cairn file")
    must(checksum(data[:56]) == int.from_bytes(data[56:64], "little"), "the header is damaged")
    must(int.from_bytes(data[8:12], "little") == 1, "the version is not known")
    must(not any(data[12:56]), "bytes of the header that must be zero are not")


def read_state(data, commit):
    must(commit.required == 0, "a feature is required that is not known")
    must(commit.at - commit.index_at <= MAX_INDEX, "the index is too large")
    body = check_index(data[commit.index_at:commit.at], commit)
    index = Cursor(body)
    tensors, blobs, tree, attributes = read_content(index)
    must(hash_of(body[:index.at]) == commit.root_digest, "the root digest does not fit")
    contents = read_blobs(data, commit, index, blobs)
    index.end()
    for tensor in tensors:
        tensor.data = contents[tensor.blob]
    return State(commit.generation, Tree(tree, tensors).root, read_attributes(attributes, len(tensors)), tensors)


def check_index(index, commit):
    pieces = -(-len(index) // (65536 + 8))
    body, checksums = index[:len(index) - 8 * pieces], index[len(index) - 8 * pieces:]
    must(len(body) > 0 and -(-len(body) // 65536) == pieces, "the index cannot hold pieces and their checksums")
    must(checksum(checksums) == commit.index_checksum, "the index's checksums are damaged")
    for piece, (expected,) in enumerate(struct.iter_unpack("<Q", checksums)):
        found = checksum(body[piece * 65536:(piece + 1) * 65536], commit.generation, 0xffffffff << 32 | piece)
        must(found == expected, f"piece {piece} of the index is damaged")
    return body


def read_content(index):
    tree_size, attributes_size, tensor_count, blob_count, dimension_count, location_size = index.unpack("QQIIII")
    must(tensor_count <= MAX_TENSORS, "there are too many tensors")
    records = Cursor(index.take(16 * tensor_count))
    dimensions = Cursor(index.take(8 * dimension_count))
    blobs = list(struct.iter_unpack("<Q16sB7s", index.take(32 * blob_count)))
    locations, part = [], Cursor(index.take(location_size))
    while part.at < location_size:
        locations.append(part.text(MAX_KEY))
    must(len(set(locations)) == len(locations) <= 65535, "a location occurs twice, or there are too many")
    for size, _, dtype, zero in blobs:
        must(dtype < len(DTYPES) and size % SIZES[dtype] == 0, "a blob is no whole number of elements of a dtype")
        must(not any(zero), "bytes that must be zero are not")
    must(sum(blob[0] for blob in blobs) <= MAX_DECODED, "the blobs are too large")
    tensors, next_blob, next_location = [], 0, 0
    for _ in range(tensor_count):
        number, location, rank, flags, offset = records.unpack("IHBBQ")
        must(number <= next_blob and number < blob_count, "blobs are not numbered as tensors refer to them")
        must(location <= next_location and location < len(locations), "locations are not numbered as tensors refer to them")
        next_blob, next_location = max(next_blob, number + 1), max(next_location, location + 1)
        tensors.append(read_tensor(dimensions, blobs[number], number, locations[location], rank, flags, offset))
    dimensions.end()
    must(next_blob == blob_count and next_location == len(locations), "a blob or a location is not referred to")
    tree, attributes = index.take(tree_size), index.take(attributes_size)
    index.zeros(-index.at % 8)
    return tensors, blobs, tree, attributes


def read_tensor(dimensions, blob, number, location, rank, flags, offset):
    size, _, dtype, _ = blob
    requires_grad, is_parameter, is_strided = (bool(flags & bit) for bit in (1, 2, 4))
    must(flags < 8 and rank <= MAX_RANK, "a tensor has unknown flags or too many dimensions")
    must(not requires_grad or dtype >= 6, "a tensor of whole numbers requires a gradient")
    shape = dimensions.unpack(f"{rank}q")
    strides = row_major = tuple(math.prod(max(n, 1) for n in shape[d + 1:]) for d in range(rank))
    if is_strided:
        strides = dimensions.unpack(f"{rank}q")
        must(strides != row_major, "row-major strides are given")
    must(all(number >= 0 for number in shape + strides), "a dimension is negative")
    product = math.prod(max(n, 1) for n in shape)
    must(is_strided or product * SIZES[dtype] <= 2**62, "a tensor is larger than any memory")
    last = sum((n - 1) * stride for n, stride in zip(shape, strides) if n > 0)
    must(max(last, offset, product) < 2**63, "a tensor is larger than any memory")
    must((offset if 0 in shape else offset + last + 1) * SIZES[dtype] <= size, "a tensor reaches beyond its blob")
    return Tensor(DTYPES[dtype], shape, strides, offset, location, requires_grad, is_parameter, number)


def read_attributes(data, tensor_count):
    if not data:
        return {}
    found = Tree(data, []).root
    must(type(found) is dict and found and all(type(each) is dict and each for each in found.values()),
         "attributes are no dict of dicts, or one is empty")
    keys = list(found)
    must(all(type(key) is int and FILE <= key < tensor_count for key in keys) and keys == sorted(keys),
         "attributes are not of tensors, in order")
    return found


def read_blobs(data, commit, index, blobs):
    """The decoded bytes of each blob. New chunks fill [begin, index_at); where they must lie follows from their order."""
    chunk_size, chunk_count = index.unpack("II")
    must(chunk_size & chunk_size - 1 == 0 and 1 << 20 <= chunk_size <= 64 << 20, "the chunk size is not one of those allowed")
    records, contents, end = Cursor(index.take(24 * chunk_count)), [], commit.begin
    for number, (size, digest, dtype, _) in enumerate(blobs):
        content, in_run = [], False
        for k in range(-(-size // chunk_size)):
            at, expected, stored, codec, zero = records.unpack("QQIB3s")
            decoded = min(chunk_size, size - k * chunk_size)
            must(not any(zero) and 1 <= stored <= decoded, "a chunk record is not zero where it must be, or of an impossible size")
            if at < commit.begin:
                must(64 <= at and at + stored <= commit.begin, "an older chunk lies in no generation")
                in_run = False
            else:
                sixteenth = 1 << max(size // 16, 1).bit_length() - 1
                alignment = 1 if in_run else 8 if codec != 0 else min(max(sixteenth, 8), 65536)
                must(at == end + -end % alignment and at + stored <= commit.index_at, "a chunk is not where it must be")
                must(not any(data[end:at]), "padding is not zero")
                end, in_run = at + stored, True
            packed = data[at:at + stored]
            must(checksum(packed, commit.generation, number << 32 | k) == expected, f"chunk {k} of blob {number} is damaged")
            must(codec < len(CODECS), f"codec {codec} is not known")
            content.append(CODECS[codec](packed, dtype, decoded))
        content = b"".join(content)
        must(dtype != 0 or not content.translate(None, b"\0\1"), "a bool is neither 0 nor 1")
        leaves = b"".join(hash_of(content[leaf:leaf + (1 << 20)]) for leaf in range(0, size, 1 << 20))
        must(hash_of(leaves) == digest, f"the digest of blob {number} does not fit")
        contents.append(content)
    records.end()
    must(commit.index_at - end == -(end + commit.at - commit.index_at) % 64 and not any(data[end:commit.index_at]),
         "the index does not begin behind the chunks")
    return contents


def main(arguments):
    status, generation = 0, None
    if arguments[0] == "--generation":
        generation, arguments = int(arguments[1]), arguments[2:]
    for path in arguments:
        try:
            with open(path, "rb") as file:
                state = read(file.read(), generation)
            pprint.pprint(state.tree if state else f"{path} has no generation {generation}", sort_dicts=False, width=120)
            if state and state.attributes:
                pprint.pprint({"attributes": state.attributes}, sort_dicts=False, width=120)
        except Refused as why:
            print(f"error: {path}: {why}", file=sys.stderr)
            status = 3
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if len(sys.argv) > 1 else print(__doc__))
