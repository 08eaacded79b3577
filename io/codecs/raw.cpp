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

}  // namespace

const Codec raw_codec{0, "raw", encode, decode, nullptr, can_hold};

}  // namespace cairn::io
