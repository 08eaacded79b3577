#include <cairn/io/recognize.h>

#include <array>
#include <cstring>
#include <string_view>

namespace cairn::io {

namespace {

using namespace std::string_view_literals;

struct Signature {
  std::string_view begins_with;
  std::string_view what;
};

constexpr std::array signatures{
    Signature{"\x89"
              "CRN\n\x1a\n"sv,
              "a Cairn file mangled by a transfer in text mode (line ends were changed); copy it again in binary mode"},
    Signature{"\x89"
              "CRN\r\r\n"sv,
              "a Cairn file mangled by a transfer in text mode (line ends were changed); copy it again in binary mode"},
    Signature{"\t"
              "CRN\r\n"sv,
              "a Cairn file whose high bits were stripped by a transfer; copy it again in binary mode"},
    Signature{"version https://git-lfs.github.com/spec/"sv,
              "a Git LFS pointer: the file itself was not downloaded; run `git lfs pull`"},
    Signature{"PK\x03\x04"sv, "a zip archive, as PyTorch's .pth and numpy's .npz are; convert it first"},
    Signature{"PK\x05\x06"sv, "an empty zip archive"},
    Signature{"\x1f\x8b"sv, "a gzip file; unpack it first"},
    Signature{"\x89HDF\r\n\x1a\n"sv, "an HDF5 file, as Keras writes them; Cairn does not read those"},
    Signature{"\x93NUMPY"sv, "a numpy .npy file; convert it first"},
    Signature{"\x28\xb5\x2f\xfd"sv, "a zstd file; unpack it first"},
    Signature{"GGUF"sv, "a GGUF file; Cairn does not read those"},
    Signature{"\x80\x02"sv, "a Python pickle, as PyTorch's old format is; convert it first"},
    Signature{"\x80\x04"sv, "a Python pickle; convert it first"},
    Signature{"\x80\x05"sv, "a Python pickle; convert it first"},
};

std::string lower_case(std::string_view text) {
  std::string lower;
  for (const char letter : text)
    lower += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  return lower;
}

/// A little-endian length, then JSON of that length.
bool is_safetensors(std::string_view text, std::uint64_t file_size) {
  if (text.size() < 10) return false;
  std::uint64_t length;
  std::memcpy(&length, text.data(), sizeof length);
  return length <= file_size - 8 && text[8] == '{' && (text[9] == '"' || text[9] == '}' || text[9] == ' ');
}

}  // namespace

std::string recognize(std::span<const std::byte> bytes, std::uint64_t file_size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.empty()) return "";
  for (const Signature& signature : signatures) {
    if (text.starts_with(signature.begins_with)) return "this looks like " + std::string(signature.what);
  }
  if (is_safetensors(text, file_size))
    return "this looks like a safetensors file; read it with Cairn's interop library, or convert it";
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const std::string beginning = lower_case(text.substr(first == text.npos ? text.size() : first).substr(0, 16));
  if (beginning.starts_with("<!doctype html") || beginning.starts_with("<html"))
    return "this looks like an HTML page: the download was answered with a web page, perhaps an error or a login";
  if (beginning.starts_with("<?xml"))
    return "this looks like an XML document: the download was answered with an error, perhaps";
  if (text.find_first_not_of('\0') == text.npos) return "this begins with zeros only: its first part was never written";
  return "";
}

}  // namespace cairn::io
