#include <cairn/io/interop/safetensors.h>

#include <bit>
#include <span>
#include <utility>

#include <cairn/io/interop/safetensors_header.h>

namespace cairn::interop {
namespace {

static_assert(std::endian::native == std::endian::little,
              "safetensors files are little-endian and are read as they lie");

constexpr std::uint64_t length_size = 8;

std::string read_header(const io::Source& source, std::uint64_t limit) {
  const std::uint64_t size = source.size();
  check<FormatError>(size >= length_size, source.name(), ": the file has ", size,
                     " bytes; a safetensors file begins with 8 for the size of its header");
  std::uint64_t header_size = 0;
  source.read(0, std::as_writable_bytes(std::span(&header_size, 1)));
  if (header_size < 2 || header_size > size - length_size || header_size > limit) {
    throw FormatError(text(source.name(), ": byte 0: the header is said to have ", header_size, " bytes; the file has ",
                           size, ", and ", limit, " are allowed"),
                      {.file = source.name(), .offset = 0, .section = "header"});
  }
  std::string header(static_cast<std::size_t>(header_size), '\0');
  source.read(length_size, std::as_writable_bytes(std::span(header.data(), header.size())));
  return header;
}

/// A bool of another value than 0 and 1 is neither true nor false to a compiler.
void check_bools(const Tensor& tensor, const std::string& name, const io::Source& source) {
  const auto* bytes = static_cast<const unsigned char*>(tensor.raw_data());
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    check<FormatError>(bytes[i] <= 1, source.name(), ": tensor \"", name, "\": element ", i, " is ",
                       static_cast<int>(bytes[i]), ", and a bool is 0 or 1");
  }
}

}  // namespace

StateDict load_safetensors(const io::Source& source, const SafetensorsOptions& options) {
  const std::string json = read_header(source, options.header_size);
  const std::uint64_t start = length_size + json.size();
  SafetensorsHeader header = parse_safetensors_header(json, source.name(), source.size() - start);

  StateDict state;
  state.reserve(header.tensors.size());
  for (SafetensorsEntry& entry : header.tensors) {
    Tensor tensor = empty(entry.shape, {.dtype = entry.dtype});
    source.read(start + entry.begin,
                {static_cast<std::byte*>(tensor.raw_data()), static_cast<std::size_t>(tensor.nbytes())});
    if (entry.dtype == DType::boolean) check_bools(tensor, entry.name, source);
    state.set(std::move(entry.name), std::move(tensor));
  }
  if (options.metadata) {
    *options.metadata = Dict();
    for (auto& [key, value] : header.metadata) options.metadata->set(std::move(key), std::move(value));
  }
  return state;
}

StateDict load_safetensors(const std::string& path, const SafetensorsOptions& options) {
  return load_safetensors(*io::open_source(path), options);
}

}  // namespace cairn::interop
