#include "fuzz.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include <cairn/core.h>
#include <cairn/interop.h>
#include <cairn/io.h>
#include <cairn/io/bytes.h>
#include <cairn/io/codec.h>
#include <cairn/io/tree.h>

namespace fuzz {

using namespace cairn;

namespace {

constexpr io::Limits limits{.index_size = 1 << 20, .tensors = 1000, .values = 10000, .decoded_size = 16 << 20};

template <class F>
void attempt(F&& f) {
  try {
    f();
  } catch (const Error&) {
  }
}

void must(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

}  // namespace

void container(std::span<const std::byte> bytes) {
  const io::SourceReference source = io::memory_source(bytes);
  bool loads = false;
  attempt([&] {
    const Value value = io::load(source, {.map_location = "cpu", .limits = limits});
    loads = true;
    const Bytes again = io::save_to_memory(value);  // what can be read can be written
    must(io::inspect(io::memory_source(again), limits).decoded <= limits.decoded_size, "it grew");
  });
  std::size_t damages = 1;
  attempt([&] { damages = io::verify(source, {.limits = limits}).size(); });
  must(loads || damages > 0, "what cannot be loaded is not said to be damaged");
  attempt([&] { io::inspect(source, limits); });
  attempt([&] { io::salvage(source, {.limits = limits}); });
  attempt([&] { io::load(source, {.generation = 1, .limits = limits}); });
  attempt([&] {
    const Value value = io::open(source, {.limits = limits});
    value.for_each_tensor([](const std::string&, const Tensor& tensor) {
      if (tensor.dim() == 0 || tensor.size(0) == 0) return;
      attempt([&] { materialize(tensor.select(0, tensor.size(0) / 2)); });
    });
  });
}

void chunk(std::span<const std::byte> bytes) {
  if (bytes.size() < 4) return;
  const io::Codec* const codec = io::find_codec(std::to_integer<std::uint8_t>(bytes[0]) % 8);
  const auto dtype = static_cast<DType>(std::to_integer<std::size_t>(bytes[1]) % dtype_count);
  const std::size_t size =
      (std::to_integer<std::size_t>(bytes[2]) << 8 | std::to_integer<std::size_t>(bytes[3])) * size_of(dtype);
  const std::span<const std::byte> stored = bytes.subspan(4);
  if (!codec || !io::is_possible(codec->id, stored.size(), size, dtype)) return;
  const std::vector<std::byte> copy(stored.begin(), stored.end());  // of its own, so that reading beyond it is seen
  std::vector<std::byte> to(size), other(size);
  const bool decoded = codec->decode(copy, dtype, to) == nullptr;
  if (codec->decode_and_hash) {
    io::Hash hash;
    must((codec->decode_and_hash(copy, dtype, other, hash) == nullptr) == decoded, "hashing changes what is refused");
    must(hash == io::hash(copy), "the hash of the stored bytes is another");
    must(!decoded || other == to, "hashing changes what is decoded");
  }
}

void tree(std::span<const std::byte> bytes) {
  attempt([&] {
    const Tensor tensors[] = {zeros({2}), ones({3})};
    std::vector<Tensor> found;
    std::vector<std::byte> again;
    io::encode_tree(io::decode_tree(bytes, tensors, "fuzz", 0, limits), again, found);
    must(std::equal(bytes.begin(), bytes.end(), again.begin(), again.end()), "a tree has two encodings");
  });
}

void safetensors(std::span<const std::byte> bytes) {
  attempt([&] { interop::load_safetensors(*io::memory_source(bytes), {.header_size = 1 << 20}); });
}

}  // namespace fuzz
