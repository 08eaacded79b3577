// The header is read event by event, not into a tree: a tree would silently drop a name that comes twice, and a state
// that knows what may come next refuses everything else, however deep or odd.
#include <cairn/io/interop/safetensors_header.h>

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>

#include <cairn/core/error.h>
#include <nlohmann/json.hpp>

namespace cairn::interop {
namespace {

constexpr std::array<std::pair<std::string_view, DType>, 13> dtypes = {{
    {"BOOL", DType::boolean},
    {"U8", DType::uint8},
    {"I8", DType::int8},
    {"I16", DType::int16},
    {"I32", DType::int32},
    {"I64", DType::int64},
    {"F16", DType::float16},
    {"BF16", DType::bfloat16},
    {"F32", DType::float32},
    {"F64", DType::float64},
    {"F8_E4M3", DType::float8_e4m3fn},
    {"F8_E5M2", DType::float8_e5m2},
    {"C64", DType::complex64},
}};

class HeaderReader {
 public:
  using number_integer_t = std::int64_t;
  using number_unsigned_t = std::uint64_t;
  using number_float_t = double;
  using string_t = std::string;
  using binary_t = nlohmann::json::binary_t;

  explicit HeaderReader(const std::string& file) : file_(file) {}

  SafetensorsHeader take() && { return std::move(header_); }

  // Called by the JSON reader, in the order of the text.
  bool start_object(std::size_t) {
    if (place_ == Place::start)
      place_ = Place::top;
    else if (place_ == Place::name)
      place_ = Place::entry;
    else if (place_ == Place::metadata_name)
      place_ = Place::metadata;
    else
      refuse("an object");
    return true;
  }
  bool end_object() {
    if (place_ == Place::entry) finish_entry();
    place_ = place_ == Place::top ? Place::end : Place::top;
    return true;
  }
  bool start_array(std::size_t) {
    if (place_ == Place::shape)
      place_ = Place::in_shape;
    else if (place_ == Place::offsets)
      place_ = Place::in_offsets;
    else
      refuse("a list");
    return true;
  }
  bool end_array() {
    place_ = Place::entry;
    return true;
  }
  bool key(std::string& key) {
    if (place_ == Place::top)
      start_entry(key);
    else if (place_ == Place::entry)
      start_field(key);
    else
      start_metadata(key);
    return true;
  }
  bool string(std::string& value) {
    if (place_ == Place::dtype) {
      set_dtype(value);
      place_ = Place::entry;
    } else if (place_ == Place::metadata_value) {
      header_.metadata.back().second = std::move(value);
      place_ = Place::metadata;
    } else {
      refuse("a text");
    }
    return true;
  }
  bool number_unsigned(std::uint64_t value) {
    if (place_ == Place::in_shape) {
      check<FormatError>(value <= static_cast<std::uint64_t>(INT64_MAX) && entry_.shape.rank() < Shape::max_rank,
                         where(), "an extent of ", value, " in dimension ", entry_.shape.rank(),
                         " is beyond what a tensor may have");
      entry_.shape.push_back(static_cast<std::int64_t>(value));
    } else if (place_ == Place::in_offsets && offsets_ < 2) {
      (offsets_++ == 0 ? entry_.begin : entry_.end) = value;
    } else {
      refuse("a number");
    }
    return true;
  }
  bool number_integer(std::int64_t) { return refuse("a negative number"); }
  bool number_float(double, const std::string&) { return refuse("a number that is not whole"); }
  bool null() { return refuse("null"); }
  bool boolean(bool) { return refuse("true or false"); }
  bool binary(binary_t&) { return refuse("bytes"); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& error) {
    throw FormatError(text(file_, ": the header is not the JSON of safetensors: ", error.what()),
                      {.file = file_, .offset = 8 + position, .section = "header"});
  }

 private:
  enum class Place {
    start,
    top,
    name,
    entry,
    dtype,
    shape,
    in_shape,
    offsets,
    in_offsets,
    metadata_name,
    metadata,
    metadata_value,
    end
  };

  std::string where() const {
    return text(file_, ": header: ", entry_.name.empty() ? "" : text("tensor \"", entry_.name, "\": "));
  }

  [[noreturn]] bool refuse(const char* found) const {
    throw FormatError(text(where(), found,
                           " stands where the format has none; a tensor is {\"dtype\": text, \"shape\": [whole "
                           "numbers], \"data_offsets\": [begin, end]}"),
                      {.file = file_, .section = "header", .tensor = entry_.name});
  }

  void start_entry(const std::string& name) {
    check<FormatError>(names_.insert(name).second, file_, ": header: the name \"", name, "\" comes twice");
    if (name == "__metadata__") {
      place_ = Place::metadata_name;
      return;
    }
    entry_ = SafetensorsEntry{};
    entry_.name = name;
    has_dtype_ = has_shape_ = has_offsets_ = false;
    offsets_ = 0;
    place_ = Place::name;
  }

  void start_field(const std::string& field) {
    bool* seen = nullptr;
    if (field == "dtype") seen = &has_dtype_, place_ = Place::dtype;
    if (field == "shape") seen = &has_shape_, place_ = Place::shape;
    if (field == "data_offsets") seen = &has_offsets_, place_ = Place::offsets;
    check<FormatError>(seen, where(), "there is a field \"", field, "\", expected dtype, shape and data_offsets");
    check<FormatError>(!*seen, where(), "the field \"", field, "\" comes twice");
    *seen = true;
  }

  void start_metadata(const std::string& key) {
    check<FormatError>(metadata_keys_.insert(key).second, file_, ": header: the metadata \"", key, "\" comes twice");
    header_.metadata.emplace_back(key, std::string());
    place_ = Place::metadata_value;
  }

  void set_dtype(const std::string& name) {
    const auto found = std::find_if(dtypes.begin(), dtypes.end(), [&](const auto& each) { return each.first == name; });
    if (found == dtypes.end()) {
      throw DTypeError(text(where(), "the dtype is ", name, ", which Cairn has not"),
                       {.file = file_, .section = "header", .tensor = entry_.name});
    }
    entry_.dtype = found->second;
  }

  void finish_entry() {
    check<FormatError>(has_dtype_ && has_shape_ && has_offsets_ && offsets_ == 2, where(),
                       "expected dtype, shape and two data_offsets");
    header_.tensors.push_back(std::move(entry_));
    entry_ = SafetensorsEntry{};
  }

  const std::string& file_;
  SafetensorsHeader header_;
  Place place_ = Place::start;
  SafetensorsEntry entry_;
  bool has_dtype_ = false, has_shape_ = false, has_offsets_ = false;
  int offsets_ = 0;
  std::unordered_set<std::string> names_, metadata_keys_;
};

/// Bytes of a tensor; nothing if there are more than 2^63.
std::optional<std::uint64_t> size_in_bytes(const SafetensorsEntry& entry) {
  unsigned __int128 size = size_of(entry.dtype);
  bool empty = false;
  for (const std::int64_t extent : entry.shape) {
    empty = empty || extent == 0;
    if (size <= INT64_MAX) size *= static_cast<std::uint64_t>(std::max<std::int64_t>(extent, 1));
  }
  if (empty) return 0;
  return size <= INT64_MAX ? std::optional(static_cast<std::uint64_t>(size)) : std::nullopt;
}

/// The tensors must cover the data exactly: an overlap makes a small file fill the memory, a gap hides something.
void check_cover(const SafetensorsHeader& header, const std::string& file, std::uint64_t data_size) {
  std::vector<const SafetensorsEntry*> sorted;
  for (const SafetensorsEntry& entry : header.tensors) {
    const std::optional<std::uint64_t> size = size_in_bytes(entry);
    check<FormatError>(entry.begin <= entry.end && size && entry.end - entry.begin == *size, file,
                       ": header: tensor \"", entry.name, "\": data_offsets [", entry.begin, ", ", entry.end,
                       "] do not hold a ", name(entry.dtype), " tensor of shape ", bracketed(entry.shape),
                       size ? text(", which takes ", *size, " bytes") : "");
    sorted.push_back(&entry);
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::uint64_t covered = 0;
  std::string before = "the header";
  for (const SafetensorsEntry* entry : sorted) {
    check<FormatError>(entry->begin == covered, file, ": header: tensor \"", entry->name, "\" begins at ", entry->begin,
                       ", but ", before, " ends at ", covered,
                       ": tensors must follow one another without gap or overlap");
    covered = entry->end;
    before = text("tensor \"", entry->name, '"');
  }
  check<FormatError>(covered == data_size, file, ": ", before, " ends at ", covered,
                     " of the data, but the file holds ", data_size, " bytes of data: it was ",
                     covered > data_size ? "cut short" : "added to");
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view json, const std::string& file, std::uint64_t data_size) {
  check<FormatError>(!json.empty() && json.front() == '{', file,
                     ": byte 8: the header does not begin with '{': this is no safetensors file");
  HeaderReader reader(file);
  nlohmann::json::sax_parse(json.begin(), json.end(), &reader, nlohmann::json::input_format_t::json, true);
  SafetensorsHeader header = std::move(reader).take();
  check_cover(header, file, data_size);
  return header;
}

}  // namespace cairn::interop
