// What must load for ever: every kind of value, every dtype, every layout, every codec, several generations.
#include "corpus.h"

#include <array>
#include <cmath>
#include <complex>
#include <limits>

#include "forge_codecs.h"
#include "temporary_folder.h"
#include "values.h"

#include <cairn/core/core.h>
#include <cairn/io/io.h>

namespace corpus {

using namespace cairn;

namespace {

const io::SaveOptions unpacked{.preset = io::Preset::none};

class Cases {
 public:
  void add(const std::string& name, const std::string& what, Bytes bytes, const std::string& verdict = "whole") {
    cases.push_back({name, verdict, what, std::move(bytes)});
  }
  void add(const std::string& name, const std::string& what, const Value& value) {
    add(name, what, io::save_to_memory(value, unpacked));
  }
  std::vector<Case> cases;
};

/// The states one after the other, in one file.
Bytes history(const std::vector<std::pair<Value, io::SaveOptions>>& states) {
  const TemporaryFolder folder;
  const std::string path = folder.file("history.cairn");
  for (const auto& [value, options] : states) io::append(path, value, options);
  const std::string bytes = read_file(path);
  const auto span = std::as_bytes(std::span(bytes));
  return {{span.begin(), span.end()}};
}

void add_values(Cases& to) {
  using Limits = std::numeric_limits<double>;
  to.add("value-none", "the root is none; no tensor", Value());
  to.add("value-booleans", "true and false", List{true, false});
  to.add("value-integers", "the smallest and the largest 64-bit integers", List{0, -1, INT64_MIN, INT64_MAX});
  to.add("value-big-integers", "integers of more than 64 bits, of both signs",
         List{BigInteger::from_decimal("9223372036854775808"), BigInteger::from_decimal("-9223372036854775809"),
              BigInteger::from_decimal("340282366920938463463374607431768211456")});
  to.add("value-floats", "floats: both zeros, infinities, NaN, the smallest",
         List{0.0, -0.0, Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), Limits::denorm_min(), 0.1});
  to.add("value-complex", "complex numbers", List{std::complex<double>(1.5, -2.0), std::complex<double>(-0.0, 0.0)});
  to.add("value-texts", "texts: empty, of several scripts, with a zero byte",
         List{"", "Grüße, 世界, 🌍", std::string("a\0b", 3)});
  to.add("value-bytes", "bytes, which need not be UTF-8", List{Bytes{}, Bytes{{std::byte{0}, std::byte{0xff}}}});
  to.add("value-list", "lists, one of them empty", List{List{}, List{1, "a"}});
  to.add("value-tuple", "tuples, one of them empty", Tuple{Tuple{}, Tuple{1, "a"}});
  to.add("value-set", "sets of anything, in the order of insertion", List{Set{}, Set{3, "a", Tuple{1}, 1.0, 1}});
  to.add("value-set-of-tensors", "a set that holds one tensor twice", Set{numbered({2}), numbered({2})});
  to.add("value-dict", "a dict with keys of text and of integers", Dict{{"b", 1}, {"a", 2}, {-5, 3}, {"", Dict{}}});
  to.add("value-key-lengths", "a key of 4096 bytes, the longest", Dict{{std::string(4096, 'k'), 1}});
  StateDict state;
  state.set("weight", numbered({2, 2}));
  state.set("count", 3);
  state.metadata().set("", Dict{{"version", 1}});
  state.metadata().set("inner", Dict{{"version", 2}});
  to.add("value-state-dict", "a state dict with metadata", state);
  to.add("value-state-dict-empty", "a state dict of nothing", StateDict());
  Value deep = 1;
  for (int i = 0; i < 64; ++i) deep = List{deep};
  to.add("value-depth-64", "64 levels of lists, the most", deep);
  to.add("value-root-tensor", "the root is a tensor", numbered({3}));
  to.add("checkpoint", "a model with ties, an optimizer's state, texts", small_checkpoint());
  Dict many;
  for (int i = 0; i < 700; ++i) many.set("a key long enough to fill pieces of the index " + std::to_string(i), i);
  to.add("index-of-two-pieces", "an index of more than 64 KiB",
         Dict{{"numbers", many}, {"text", std::string(24000, 't')}});
}

void add_tensors(Cases& to) {
  for (std::size_t i = 0; i < dtype_count; ++i) {
    const auto dtype = static_cast<DType>(i);
    to.add("dtype-" + std::string(name(dtype)), "elements of " + std::string(name(dtype)), numbered({5}, dtype, 3));
  }
  to.add("tensor-scalar", "a tensor of no dimensions", scalar_tensor(2.5));
  to.add("tensor-empty", "tensors of no elements", List{zeros({0}), zeros({3, 0, 2})});
  const Tensor matrix = numbered({3, 4});
  to.add("tensor-transposed", "a tensor whose strides are not row-major", matrix.t());
  to.add("tensor-expanded", "strides of 0", numbered({3, 1}).expand({3, 4}));
  to.add("tensor-view", "a part of a storage: the rest is not stored", matrix.narrow(0, 1, 2));
  to.add("tensor-columns", "columns: what lies between them is zero", matrix.narrow(1, 1, 2));
  to.add("tensor-gaps", "two parts of one storage, without what lies between",
         List{matrix.select(0, 0), matrix.select(0, 2)});
  to.add("tensor-tied", "two tensors that are one storage", List{matrix, matrix});
  to.add("tensor-overlapping", "overlapping views of one storage", List{matrix, matrix.t(), matrix.narrow(0, 1, 2)});
  to.add("tensor-odd-strides", "a stride that no element needs, kept all the same",
         numbered({2, 4, 3}).narrow(1, 0, 1));
  std::vector<std::int64_t> extents(64, 1);
  extents[0] = 2;
  to.add("tensor-rank-64", "64 dimensions, the most", numbered({2}).view(Shape(extents)));
  Tensor leaf = numbered({2});
  leaf.requires_grad_();
  to.add("tensor-requires-grad", "a tensor that requires a gradient", leaf);
  Tensor marked = numbered({2, 2});
  marked.impl()->is_parameter = true;
  marked.requires_grad_();
  to.add("tensor-parameter", "a parameter, and a buffer beside it", List{marked, numbered({2})});
  to.add("blob-alignment", "raw blobs of 80, 1024 and 2400 bytes: at multiples of 8, 64 and 128",
         List{numbered({20}), numbered({256}), numbered({600})});
  const Tensor here[] = {numbered({2}), numbered({3}), numbered({4})};
  io::SaveOptions options = unpacked;
  options.location_tag = [&](const Tensor& tensor) -> std::optional<std::string> {
    return tensor.numel() == 2 ? "cuda:0" : tensor.numel() == 3 ? "Gerät 7" : "cuda:0";
  };
  to.add("locations", "tensors of two places, one of an application's own",
         io::save_to_memory(List{here[0], here[1], here[2]}, options));
  for (const int mebibytes : {2, 64}) {
    options = unpacked;
    options.chunk_size = static_cast<std::uint64_t>(mebibytes) << 20;
    to.add("chunk-size-" + std::to_string(mebibytes), "chunks of " + std::to_string(mebibytes) + " MiB",
           io::save_to_memory(numbered({5}), options));
  }
}

void add_generations(Cases& to) {
  const Tensor kept = numbered({50}), changing = numbered({7}, DType::int64), other = numbered({7}, DType::int64, 4);
  const io::Attributes said{.file = {{"licence", "MIT"}},
                            .tensors = {{"kept", {{"unit", "V"}, {"range", List{0, 1}}}}}};
  io::SaveOptions with = unpacked;
  with.attributes = said;
  const Value first = Dict{{"kept", kept}, {"step", 1}, {"changing", changing}};
  const Value second = Dict{{"kept", kept}, {"step", 2}, {"changing", other}, {"new", numbered({3})}};
  const Value third = List{kept.narrow(0, 0, 10), "another tree"};
  to.add("attributes-of-file", "attributes of the file",
         io::save_to_memory(1, {.preset = io::Preset::none, .attributes = {.file = {{"a", List{1, 2.5, "text"}}}}}));
  to.add("attributes-of-tensors", "attributes of the file and of a tensor", io::save_to_memory(first, with));
  to.add("generations-two", "a second state; what has not changed is carried",
         history({{first, unpacked}, {second, unpacked}}));
  to.add("generations-three", "three states, of other trees, one with attributes",
         history({{first, with},
                  {second, unpacked},
                  {third, {.preset = io::Preset::none, .attributes = {.file = {{"a", 1}}}}}}));
  to.add("generations-same", "a state appended to itself: no chunk is new",
         history({{first, unpacked}, {first, with}}));
  to.add("generations-from-nothing", "a state without tensors, and one with",
         history({{1, unpacked}, {first, unpacked}}));
  const auto changed_chunk = [](double middle) {
    Tensor tensor = full({3 << 18}, 1.0);
    tensor.narrow(0, 1 << 18, 1 << 18).fill_(middle);
    return Value(List{tensor});
  };
  to.add("generations-changed-chunk", "a blob of three chunks, the middle one new; constant",
         history({{changed_chunk(2), {}}, {changed_chunk(3), {}}}));
  to.add("optional-features", "bits of optional features, to be ignored",
         forge::change(io::save_to_memory(first, unpacked),
                       [](forge::Parts& parts) { parts.commit.optional_features = 0xffff; }));

  const Bytes one = history({{first, unpacked}}), two = history({{first, unpacked}, {second, unpacked}});
  Bytes torn = one;
  torn.data.resize(one.data.size() + 1000, std::byte{'x'});
  to.add("torn-by-bytes", "bytes behind the last commit record: an append that did not end", torn, "readable");
  for (const std::size_t less : {1, 64, 100, 500}) {
    torn = two;
    torn.data.resize(two.data.size() - less);
    to.add("torn-by-" + std::to_string(less), "the second state cut off: the first counts", torn, "readable");
  }
  torn = two;
  std::fill(torn.data.begin() + static_cast<std::ptrdiff_t>(one.data.size()), torn.data.end(), std::byte{0});
  to.add("torn-by-zeros", "zeros where a second state was to be", torn, "readable");
  Bytes damaged = two;
  damaged.data[forge::take_apart(one).chunks[1].offset] ^= std::byte{1};
  to.add("older-chunk-damaged", "a damaged chunk that the newest state does not need", damaged, "readable");
}

void add_codecs(Cases& to) {
  using namespace forge;
  const auto one = [&](const std::string& name, const std::string& what, const Tensor& tensor, Stored stored) {
    to.add("codec-" + name, what, packed_as(List{tensor}, std::array{std::move(stored)}));
  };
  const auto table_of = [](std::size_t count) {
    std::vector<std::uint8_t> table;
    for (std::size_t i = 0; i < count; ++i) table.push_back(static_cast<std::uint8_t>(134 - count + i));
    return table;
  };
  const Tensor bytes = full({200}, 7, {.dtype = DType::uint8});
  one("zstd-repeated", "a zstd frame of one repeated byte", bytes, {1, zstd_repeated(std::byte{7}, 200)});
  {
    Chunk letters(1000);
    for (std::size_t i = 0; i < letters.size(); ++i) letters[i] = static_cast<std::byte>((i * i >> 3 & 15) + 65);
    Tensor text = empty({1000}, {.dtype = DType::uint8});
    std::memcpy(text.data<std::uint8_t>().data(), letters.data(), letters.size());
    one("zstd", "a zstd frame with sequences and Huffman codes", text, {1, frame_of_letters()});
  }
  for (const DType dtype : {DType::uint8, DType::bfloat16, DType::float32, DType::float64, DType::complex64}) {
    Chunk element = elements(full({1}, 3, {.dtype = dtype}));
    one("constant-" + std::string(name(dtype)), "one element for all", full({9}, 3, {.dtype = dtype}), {3, element});
  }
  const Tensor half = packable(DType::bfloat16), single = packable(DType::float32);
  const Tensor ones = full({60}, 1, {.dtype = DType::bfloat16});
  const Tensor complex = packable(DType::complex64), whole = packable(DType::int64);
  one("planes-int16", "byte planes of numbers without exponents", packable(DType::int16),
      {2, planes(elements(packable(DType::int16)), 2, false, std::array{0, 1})});
  one("planes-int64", "eight byte planes: raw, constant, zstd", whole,
      {2, planes(elements(whole), 8, false, std::array{0, 1, 1, 2, 1, 1, 1, 1})});
  one("planes-float16", "planes of float16, not rotated", full({50}, 3, {.dtype = DType::float16}),
      {2, planes(elements(full({50}, 3, {.dtype = DType::float16})), 2, false, std::array{1, 2})});
  one("planes-bfloat16", "rotated planes of bfloat16", ones, {2, planes(elements(ones), 2, true, std::array{1, 0})});
  one("planes-float32", "rotated planes of float32", single,
      {2, planes(elements(single), 4, true, std::array{1, 2, 0, 0})});
  one("planes-float64", "planes of float64, not rotated", packable(DType::float64),
      {2, planes(elements(packable(DType::float64)), 8, false, std::array{1, 1, 1, 1, 2, 0, 0, 0})});
  one("planes-complex64", "rotated planes of the parts of complex64", complex,
      {2, planes(elements(complex), 4, true, std::array{1, 2, 0, 0})});
  {
    const Tensor many = full({131073}, 1.5);
    Chunk chunk = planes(elements(full({131072}, 1.5)), 4, true, std::array{1, 1, 1, 1});
    append(chunk, planes(elements(full({1}, 1.5)), 4, true, std::array{1, 1, 1, 1}));
    one("planes-two-blocks", "planes of 131073 numbers: two blocks", many, {2, chunk});
  }
  for (const std::size_t count : {3, 7, 15})
    one("exponents-" + std::to_string(count), "exponents: codes for " + std::to_string(count) + " of them", half,
        {4, exponents(elements(half), 2, table_of(count))});
  one("exponents-float32", "exponents of float32", single, {4, exponents(elements(single), 4, table_of(7))});
  one("exponents-complex64", "exponents of the parts of complex64", complex,
      {4, exponents(elements(complex), 4, std::vector<std::uint8_t>{0, 127, 128, 129, 130, 131, 132})});
  const Tensor negative = neg(packable(DType::float32, 4100));
  one("exponents-three-blocks", "exponents of 4100 negative numbers: three blocks", negative,
      {4, exponents(elements(negative), 4, table_of(7))});
  const Tensor odd = packable(DType::bfloat16, 101);
  one("exponents-odd", "exponents of 101 numbers: bits left over", odd, {4, exponents(elements(odd), 2, table_of(7))});
  to.add("codec-all", "a chunk of each codec", one_of_each_codec());
}

}  // namespace

std::vector<Case> accepted() {
  Cases cases;
  add_values(cases);
  add_tensors(cases);
  add_generations(cases);
  add_codecs(cases);
  return std::move(cases.cases);
}

}  // namespace corpus
