// Codec 0: the bytes as they are.
#include <cairn/io/codec.h>

#include <cstring>

namespace cairn::io {

namespace {

std::size_t encode(std::span<const std::byte> in, DType, Preset, std::span<std::byte> out) {
  if (in.size() > out.size()) return 0;
  if (!in.empty()) std::memcpy(out.data(), in.data(), in.size());
  return in.size();
}

const char* decode(std::span<const std::byte> in, DType, std::span<std::byte> out) {
  if (in.size() != out.size()) return "it does not have the chunk's size";
  if (!in.empty()) std::memcpy(out.data(), in.data(), in.size());
  return nullptr;
}

bool can_hold(std::uint64_t stored, DType, std::uint64_t decoded) { return stored == decoded; }

const char* decode_and_hash(std::span<const std::byte> in, DType, std::span<std::byte> out, Hash& found) {
  if (in.size() != out.size()) {
    found = hash(in);
    return "it does not have the chunk's size";
  }
  found = hash_and_copy(in, out.data());
  return nullptr;
}

}  // namespace

const Codec raw_codec{0, "raw", encode, nullptr, decode, decode_and_hash, can_hold};

}  // namespace cairn::io
