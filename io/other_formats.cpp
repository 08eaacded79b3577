#include <cairn/io/other_formats.h>

#include <array>

#include <cairn/core/error.h>

namespace cairn::io {

namespace {

/// Endings of names that mean another format, and what to do about it.
struct OtherFormat {
  std::string_view ending, way_out;
};
constexpr std::array other_formats{
    OtherFormat{".safetensors", "safetensors.torch.save_file writes that, in Python"},
    OtherFormat{".pth", "torch.save writes that, in Python"},
    OtherFormat{".pt", "torch.save writes that, in Python"},
    OtherFormat{".npy", "numpy.save writes that, in Python"},
    OtherFormat{".npz", "numpy.savez writes that, in Python"},
    OtherFormat{".onnx", "Cairn does not write that"},
    OtherFormat{".gguf", "Cairn does not write that"},
    OtherFormat{".h5", "Cairn does not write that"},
};

}  // namespace

void check_save_name(std::string_view path) {
  for (const OtherFormat& other : other_formats)
    check<ValueError>(!path.ends_with(other.ending), path, ": save writes .cairn files, but \"", other.ending,
                      "\" means another format: ", other.way_out, "; or give the file another name");
}

}  // namespace cairn::io
