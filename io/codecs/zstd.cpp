// Codec 1: one zstd frame. The one file that includes zstd.h.
//
// Contexts are kept by each thread: making one costs more than packing a small chunk. A frame is decoded in one call
// into a buffer of exactly the announced size, so that no window size in it makes zstd allocate.
#include <cairn/io/codecs/zstd.h>

#include <memory>
#include <new>

#include <cairn/io/codec.h>

#define ZSTD_STATIC_LINKING_ONLY  // for ZSTD_c_literalCompressionMode; the frames are ordinary ones
#include <zstd.h>

namespace cairn::io {

namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

ZSTD_CCtx* encoder() {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  return context.get();
}

ZSTD_DCtx* decoder() {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  return context.get();
}

// A negative level strides past that many bytes between two looks for a match: this one looks once a block.
constexpr int level_without_matches = -131072;

std::size_t encode(std::span<const std::byte> chunk, DType, Preset preset, std::span<std::byte> out) {
  return zstd_encode(chunk, zstd_level(preset), out);
}

const char* decode(std::span<const std::byte> stored, DType, std::span<std::byte> to) {
  return zstd_decode(stored, to);
}

bool can_hold(std::uint64_t stored, DType, std::uint64_t decoded) {
  constexpr std::uint64_t largest_growth = 32768;  // a block of 4 bytes holds at most 128 KiB
  return (decoded - 1) / largest_growth < stored;
}

}  // namespace

std::size_t zstd_encode(std::span<const std::byte> from, int level, std::span<std::byte> out) {
  const bool huffman = level == huffman_only;
  ZSTD_CCtx* context = encoder();
  ZSTD_CCtx_reset(context, ZSTD_reset_session_only);  // after a failure it would not take all parameters
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, huffman ? level_without_matches : level);
  ZSTD_CCtx_setParameter(context, ZSTD_c_literalCompressionMode, huffman ? ZSTD_ps_enable : ZSTD_ps_auto);
  const std::size_t size = ZSTD_compress2(context, out.data(), out.size(), from.data(), from.size());
  return ZSTD_isError(size) ? 0 : size;
}

const char* zstd_decode(std::span<const std::byte> stored, std::span<std::byte> to) {
  if (ZSTD_getFrameContentSize(stored.data(), stored.size()) != to.size())
    return "its zstd frame does not announce the size of what it holds";
  if (ZSTD_findFrameCompressedSize(stored.data(), stored.size()) != stored.size())
    return "it is not exactly one zstd frame";
  if (ZSTD_getDictID_fromFrame(stored.data(), stored.size()) != 0) return "its zstd frame wants a dictionary";
  const std::size_t size = ZSTD_decompressDCtx(decoder(), to.data(), to.size(), stored.data(), stored.size());
  if (ZSTD_isError(size)) return ZSTD_getErrorName(size);
  return size == to.size() ? nullptr : "its zstd frame holds less than it announces";
}

const Codec zstd_codec{1, "zstd", encode, nullptr, decode, nullptr, can_hold};

}  // namespace cairn::io
