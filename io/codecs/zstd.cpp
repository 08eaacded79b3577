// Codec 1: one zstd frame (RFC 8878) with its content size, without dictionary or checksum. The one file that includes
// zstd.h.
//
// Contexts are kept by each thread: making one costs more than packing a small chunk. A frame is decoded in one call
// into a buffer of exactly the announced size, so that no window size in it makes zstd allocate.
#include <cairn/io/codec.h>

#include <memory>
#include <new>

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

constexpr int level_fast = 1, level_small = 3;  // beyond 3, weights take five times as long for half a per cent

std::size_t encode(std::span<const std::byte> in, DType, Preset preset, std::span<std::byte> out) {
  ZSTD_CCtx* context = encoder();
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, preset == Preset::fast ? level_fast : level_small);
  const std::size_t size = ZSTD_compress2(context, out.data(), out.size(), in.data(), in.size());
  return ZSTD_isError(size) ? 0 : size;
}

const char* decode(std::span<const std::byte> in, DType, std::span<std::byte> out) {
  if (ZSTD_getFrameContentSize(in.data(), in.size()) != out.size())
    return "its zstd frame does not announce the chunk's size";
  if (ZSTD_findFrameCompressedSize(in.data(), in.size()) != in.size()) return "it is not exactly one zstd frame";
  if (ZSTD_getDictID_fromFrame(in.data(), in.size()) != 0) return "its zstd frame wants a dictionary";
  const std::size_t size = ZSTD_decompressDCtx(decoder(), out.data(), out.size(), in.data(), in.size());
  if (ZSTD_isError(size)) return ZSTD_getErrorName(size);
  return size == out.size() ? nullptr : "its zstd frame holds less than it announces";
}

}  // namespace

const Codec zstd_codec{1, "zstd", encode, decode, nullptr};

}  // namespace cairn::io
