#!/usr/bin/env python3
"""A reader of .cairn files that shares no code with Cairn's: written from FORMAT.md, in plain Python, to be read.

  header │ blob 0 │ blob 1 │ ... │ index │ commit record          the way in is from the end: the commit record says
           ▲          ▲              │         │                  where the index is, the index where the blobs are
           └──────────┴──────────────┘ ◄───────┘                  and what the tensors see of them

Everything FORMAT.md says a file MUST be is checked, and every byte of the file: `read` gives the tree or raises Refused.
XXH3 and zstd come from the system's libraries.

usage: read_cairn.py FILE...        prints each tree; exit status 3 if a file is refused
"""
import ctypes, ctypes.util, math, pprint, struct, sys

DTYPES = "bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64 float8_e4m3fn float8_e5m2 complex64".split()
SIZES = [1, 1, 1, 2, 4, 8, 2, 2, 4, 8, 1, 1, 8]
LIMITS = dict(index=1 << 30, tensors=1 << 24, values=1 << 26, key=4096, rank=64, depth=64, chunk=64 << 20, decoded=64 << 30)


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


# --- hashes and codecs ------------------------------------------------------------------------------------------------

class Hash128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


def library(name):
    found = ctypes.util.find_library(name)
    if not found:
        sys.exit(f"error: this reader needs the library {name}, which is not installed")
    return ctypes.CDLL(found)


xxhash, zstd = library("xxhash"), library("zstd")
xxhash.XXH3_128bits.restype, xxhash.XXH3_128bits.argtypes = Hash128, [ctypes.c_char_p, ctypes.c_size_t]
for function, result in (("ZSTD_getFrameContentSize", ctypes.c_uint64), ("ZSTD_findFrameCompressedSize", ctypes.c_size_t),
                         ("ZSTD_getDictID_fromFrame", ctypes.c_uint), ("ZSTD_decompress", ctypes.c_size_t)):
    getattr(zstd, function).restype = result


def hash_of(data):
    found = xxhash.XXH3_128bits(data, len(data))
    return struct.pack("<QQ", found.low, found.high)


def checksum(data):
    return int.from_bytes(hash_of(data)[:8], "little")


def scramble(generation, blob, chunk):
    x = (blob << 32 | chunk) ^ (generation * 0x9e3779b97f4a7c15 % 2**64)
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9 % 2**64
    x = (x ^ x >> 27) * 0x94d049bb133111eb % 2**64
    return x ^ x >> 31


def decode(codec, stored, size):
    if codec == 0:
        return stored
    must(codec == 1, f"codec {codec} is not known")
    length = ctypes.c_size_t(len(stored))
    must(zstd.ZSTD_getFrameContentSize(stored, length) == size, "a zstd frame does not announce its chunk's size")
    must(zstd.ZSTD_findFrameCompressedSize(stored, length) == len(stored), "a chunk is not exactly one zstd frame")
    must(zstd.ZSTD_getDictID_fromFrame(stored, length) == 0, "a zstd frame needs a dictionary")
    decoded = ctypes.create_string_buffer(size)
    must(zstd.ZSTD_decompress(decoded, ctypes.c_size_t(size), stored, length) == size, "a zstd frame is damaged")
    return decoded.raw


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

    def count(self):
        value = 0
        for shift in range(0, 64, 7):
            byte, = self.take(1)
            value |= (byte & 127) << shift
            if byte < 128:
                must((byte or not shift) and value < 2**64, "a count is not in its shortest form")
                return value
        raise Refused("a count is too long")

    def text(self, limit=None):
        size = self.count()
        must(limit is None or size <= limit, "a text is longer than it may be")
        try:
            return self.take(size).decode()
        except UnicodeDecodeError:
            raise Refused("a text is not UTF-8") from None


# --- the tree ---------------------------------------------------------------------------------------------------------

class Tree:
    def __init__(self, data, tensors):
        self.cursor, self.tensors, self.next, self.values = Cursor(data), tensors, 0, 0
        self.root = self.value(0, True)
        must(self.cursor.at == len(data), "bytes follow the end of the tree")
        must(self.next == len(tensors), "the tree does not hold all tensors")

    def value(self, depth, may_hold_tensors):
        cursor, self.values = self.cursor, self.values + 1
        must(self.values <= LIMITS["values"], "the tree has too many values")
        kind, = cursor.take(1)
        if kind < 3: return (None, False, True)[kind]
        if kind == 3: return cursor.unpack("q")[0]
        if kind == 4: return self.big_integer()
        if kind == 5: return cursor.unpack("d")[0]
        if kind == 6: return complex(*cursor.unpack("dd"))
        if kind == 7: return cursor.text()
        if kind == 8: return cursor.take(cursor.count())
        if kind == 14:
            must(may_hold_tensors, "metadata holds a tensor")
            must(self.next < len(self.tensors), "the tree holds more tensors than there are")
            self.next += 1
            return self.tensors[self.next - 1]
        must(kind < 14, f"kind {kind} of a value is not known")
        must(depth < LIMITS["depth"], "the tree is too deep")
        if kind == 13: return self.state_dict(depth + 1, may_hold_tensors)
        if kind == 12: return self.dict(depth + 1, may_hold_tensors)
        return self.items((list, tuple, Set)[kind - 9], depth + 1, may_hold_tensors)

    def big_integer(self):
        data = self.cursor.take(self.cursor.count())
        value = int.from_bytes(data, "little", signed=True)
        must(len(data) > 8 and not -1 << len(data) * 8 - 9 <= value < 1 << len(data) * 8 - 9, "a big integer is not in its shortest form")
        return value

    def items(self, sequence, depth, may_hold_tensors):
        found, seen = [], set()
        for _ in range(self.counted(1)):
            start, tensors = self.cursor.at, self.next
            found.append(self.value(depth, may_hold_tensors))
            encoded = self.cursor.data[start:self.cursor.at]
            must(sequence is not Set or encoded not in seen, "a set holds an item twice")
            if self.next == tensors: seen.add(encoded)
        return sequence(found)

    def counted(self, least):
        count = self.cursor.count()
        must(count * least <= len(self.cursor.data) - self.cursor.at, "a count is larger than the bytes that follow")
        return count

    def dict(self, depth, may_hold_tensors):
        found = {}
        for _ in range(self.counted(3)):
            kind, = self.cursor.take(1)
            must(kind in (3, 7), "a key is neither text nor integer")
            key = self.cursor.text(LIMITS["key"]) if kind == 7 else self.cursor.unpack("q")[0]
            must(key not in found, "a key occurs twice")
            found[key] = self.value(depth, may_hold_tensors)
        return found

    def state_dict(self, depth, may_hold_tensors):
        found = StateDict()
        for _ in range(self.counted(2)):
            key = self.cursor.text(LIMITS["key"])
            must(key not in found, "a key occurs twice")
            found[key] = self.value(depth, may_hold_tensors)
        found.metadata = self.dict(depth + 1, False)
        return found


# --- the file ---------------------------------------------------------------------------------------------------------

def read(data):
    """The tree of a container given as bytes."""
    must(len(data) >= 128, "the file is too short")
    check_header(data[:64])
    generation, index_at, index_size, index_checksum, root_digest = check_commit_record(data)
    body = check_index(data[index_at:index_at + index_size], generation, index_checksum)
    index = Cursor(body)
    tensors, blobs, tree = read_content(index)
    must(hash_of(body[:index.at]) == root_digest, "the root digest does not fit")
    contents = read_blobs(data, index_at, index, blobs, generation)
    must(index.at == len(body), "bytes follow the end of the index")
    for tensor in tensors:
        tensor.data = contents[tensor.blob]
    return Tree(tree, tensors).root


def check_header(header):
    magic, version, required, _ = struct.unpack_from("<8sIII", header)
    must(magic == b"\x89CRN\r\n\x1a\n", "this is no Cairn file")
    must(checksum(header[:56]) == int.from_bytes(header[56:], "little"), "the header is damaged")
    must(version == 0, f"version {version} is not known")
    must(required == 0, "a feature is required that is not known")
    must(not any(header[20:56]), "bytes of the header that must be zero are not")


def check_commit_record(data):
    record = data[-64:]
    magic, generation, at, size, index_checksum = struct.unpack_from("<8sQQQQ", record)
    must(magic == b"\x8aCRNEND\n" and checksum(record[:56]) == int.from_bytes(record[56:], "little"),
         "the file does not end with a commit record")
    must(generation == 1, "the generation is not 1")
    must(at >= 64 and at % 8 == 0 and at + size == len(data) - 64, "the index does not end where the commit record begins")
    must(size <= LIMITS["index"], "the index is too large")
    return generation, at, size, index_checksum, record[40:56]


def check_index(index, generation, index_checksum):
    pieces = -(-len(index) // (65536 + 8))
    body, checksums = index[:len(index) - 8 * pieces], index[len(index) - 8 * pieces:]
    must(len(body) > 0 and -(-len(body) // 65536) == pieces, "the index cannot hold pieces and their checksums")
    must(checksum(checksums) == index_checksum, "the index's checksums are damaged")
    for piece, (expected,) in enumerate(struct.iter_unpack("<Q", checksums)):
        found = checksum(body[piece * 65536:(piece + 1) * 65536]) ^ scramble(generation, 0xffffffff, piece)
        must(found == expected, f"piece {piece} of the index is damaged")
    return body


def read_content(index):
    tree_size, tensor_count, blob_count, dimension_count, location_size = index.unpack("QIIII")
    must(tensor_count <= LIMITS["tensors"], "there are too many tensors")
    records = [struct.unpack("<IHBBQ", index.take(16)) for _ in range(tensor_count)]
    dimensions = list(index.unpack(f"{dimension_count}q"))
    blobs = [struct.unpack("<Q16sB7s", index.take(32)) for _ in range(blob_count)]
    locations, part = [], Cursor(index.take(location_size))
    while part.at < location_size:
        locations.append(part.text(LIMITS["key"]))
    must(len(set(locations)) == len(locations), "a location occurs twice")
    for size, _, dtype, zero in blobs:
        must(dtype < len(DTYPES), f"dtype {dtype} is not known")
        must(size % SIZES[dtype] == 0, "a blob is no whole number of elements")
        must(not any(zero), "bytes that must be zero are not")
    must(sum(blob[0] for blob in blobs) <= LIMITS["decoded"], "the blobs are too large")
    tensors, next_blob, next_location = [], 0, 0
    for blob, location, rank, flags, offset in records:
        must(flags < 8 and rank <= LIMITS["rank"], "a tensor record has unknown flags or too many dimensions")
        must(blob <= next_blob < blob_count + (blob < next_blob), "blobs are not numbered as tensors refer to them")
        must(location <= next_location < len(locations) + (location < next_location), "locations are not numbered in turn")
        next_blob, next_location = max(next_blob, blob + 1), max(next_location, location + 1)
        size, _, dtype, _ = blobs[blob]
        must(not flags & 1 or dtype in (6, 7, 8, 9, 10, 11, 12), "a tensor of whole numbers requires a gradient")
        must(len(dimensions) >= rank * (2 if flags & 4 else 1), "the dimensions end too early")
        shape, dimensions = dimensions[:rank], dimensions[rank:]
        strides = row_major(shape)
        if flags & 4:
            must(dimensions[:rank] != strides, "row-major strides are given")
            strides, dimensions = dimensions[:rank], dimensions[rank:]
        must(all(number >= 0 for number in shape + strides), "a dimension is negative")
        must(math.prod(max(n, 1) for n in shape) < 2**63, "a tensor is larger than any memory")
        reached = offset if 0 in shape else offset + 1 + sum((n - 1) * s for n, s in zip(shape, strides))
        must(reached * SIZES[dtype] <= size, "a tensor reaches beyond its blob")
        tensors.append(Tensor(DTYPES[dtype], tuple(shape), tuple(strides), offset, locations[location], bool(flags & 1),
                              bool(flags & 2), blob))
    must(not dimensions and next_blob == blob_count and next_location == len(locations), "something is not referred to")
    tree = index.take(tree_size)
    index.zeros(-index.at % 8)
    return tensors, blobs, tree


def row_major(shape):
    strides = [1] * len(shape)
    for d in range(len(shape) - 1, 0, -1):
        strides[d - 1] = strides[d] * max(shape[d], 1)
    return strides


def read_blobs(data, index_at, index, blobs, generation):
    chunk_size, chunk_count = index.unpack("II")
    must(chunk_size & chunk_size - 1 == 0 and 1 << 20 <= chunk_size <= LIMITS["chunk"], "the chunk size is not one of those allowed")
    places = [struct.unpack("<QII", index.take(16)) for _ in blobs]
    chunks = [struct.unpack("<IB3sQ", index.take(16)) for _ in range(chunk_count)]
    contents, end = [], 64
    for number, ((size, digest, _, _), (at, written_by, zero)) in enumerate(zip(blobs, places)):
        must(1 <= written_by <= generation and zero == 0, "a placement is of no generation there is")
        count = -(-size // chunk_size)
        must(count <= len(chunks), "there are too few chunk records")
        own, chunks = chunks[:count], chunks[count:]
        alignment = min(max(1 << max(size // 16, 1).bit_length() - 1, 8), 65536) if own and own[0][1] == 0 else 8
        must(at == end + -end % alignment <= index_at and not any(data[end:at]), "a blob is not where it must be")
        content, end = b"", at
        for k, (stored, codec, zero, expected) in enumerate(own):
            decoded = min(chunk_size, size - k * chunk_size)
            must(1 <= stored <= decoded <= 32768 * stored and (codec or stored == decoded), "a chunk has an impossible size")
            must(not any(zero) and end + stored <= index_at, "a chunk reaches into the index, or its record is not zero where it must be")
            packed, end = data[end:end + stored], end + stored
            must(checksum(packed) ^ scramble(written_by, number, k) == expected, f"chunk {k} of blob {number} is damaged")
            content += decode(codec, packed, decoded)
        leaves = b"".join(hash_of(content[leaf:leaf + (1 << 20)]) for leaf in range(0, size, 1 << 20))
        must(hash_of(leaves) == digest, f"the digest of blob {number} does not fit")
        contents.append(content)
    must(not chunks and end + -end % 8 == index_at and not any(data[end:index_at]), "the blobs do not end where the index begins")
    return contents


def main(paths):
    status = 0
    for path in paths:
        try:
            with open(path, "rb") as file:
                pprint.pprint(read(file.read()), sort_dicts=False, width=120)
        except Refused as why:
            print(f"error: {path}: {why}", file=sys.stderr)
            status = 3
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if len(sys.argv) > 1 else print(__doc__))
