// Whether two readers that share no code agree: this library's, and io/read_cairn.py, written from FORMAT.md alone. Of
// files that are whole they must tell the same tree; of files changed at random, which of them are to be refused.
#include "catch.h"

#include <cstdio>
#include <memory>
#include <random>
#include <sstream>

#include "forge.h"
#include "temporary_folder.h"
#include "values.h"

#include <cairn/io/io.h>

using namespace cairn;

namespace {

std::string hexadecimal(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", std::to_integer<unsigned>(byte));
    text += two;
  }
  return text;
}

std::string hexadecimal(double value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(std::bit_cast<std::uint64_t>(value)));
  return text;
}

std::string hexadecimal(const std::string& text) { return hexadecimal(std::as_bytes(std::span(text))); }

template <class Numbers>
std::string listed(const Numbers& numbers) {
  std::string text;
  for (const std::int64_t number : numbers) text += (text.empty() ? "" : ", ") + std::to_string(number);
  return "[" + text + "]";
}

std::string described(const Value& value);

std::string described(const Tensor& tensor) {
  const std::vector<std::byte> numbers = elements(tensor);
  std::ostringstream out;
  out << "tensor(" << name(tensor.dtype()) << ' ' << listed(tensor.shape()) << ' ' << listed(tensor.strides()) << ' '
      << hexadecimal(to_string(tensor.device())) << ' ' << tensor.requires_grad() << ' ' << is_parameter(tensor) << ' '
      << hexadecimal(io::bytes_of(io::hash(numbers))) << ')';
  return out.str();
}

std::string described(const Dict& dict) {
  std::string text;
  for (const auto& [key, value] : dict)
    text += (text.empty() ? "" : "; ") + (key.is_text() ? "text " + hexadecimal(key.text()) : key.plain()) + ": " +
            described(value);
  return text;
}

std::string described(const Value& value) {
  using Kind = Value::Kind;
  switch (value.kind()) {
    case Kind::floating:
      return "float " + hexadecimal(value.as_float());
    case Kind::complex:
      return "complex " + hexadecimal(value.as_complex().real()) + hexadecimal(value.as_complex().imag());
    case Kind::text:
      return "text " + hexadecimal(value.as_text());
    case Kind::bytes:
      return "bytes " + hexadecimal(value.as_bytes().data);
    case Kind::list:
    case Kind::tuple:
    case Kind::set: {
      std::string items;
      for (const Value& item : value.items()) items += (items.empty() ? "" : "; ") + described(item);
      return (value.is(Kind::list) ? "list(" : value.is(Kind::tuple) ? "tuple(" : "set(") + items + ")";
    }
    case Kind::dict:
      return "{" + described(value.as_dict()) + "}";
    case Kind::state_dict: {
      std::string text;
      for (const auto& [key, each] : value.as_state_dict())
        text += (text.empty() ? "" : "; ") + ("text " + hexadecimal(key)) + ": " + described(each);
      return "{" + text + " | {" + described(value.as_state_dict().metadata()) + "}}";
    }
    case Kind::tensor:
      return described(value.as_tensor());
    default:
      return to_string(value);  // None, True, whole numbers: as Python writes them
  }
}

/// What the other reader says of each file.
std::vector<std::string> second_opinion(const std::vector<Bytes>& files) {
  const TemporaryFolder folder;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string bytes(reinterpret_cast<const char*>(files[i].data.data()), files[i].data.size());
    write_file(folder.file(std::to_string(100'000 + i)), bytes);
  }
  const std::string command = text(CAIRN_PYTHON, " ", CAIRN_SECOND_READER, " ", CAIRN_IO_FOLDER, " ", folder.path());
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string output;
  for (int c; (c = std::fgetc(pipe.get())) != EOF;) output += static_cast<char>(c);
  std::vector<std::string> lines;
  std::istringstream in(output);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// A value of any kind, drawn; containers in it become fewer the deeper they are.
Value drawn(std::mt19937& random, int depth = 0) {
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const auto number = [&] { return std::ldexp(below(2001) - 1000, below(80) - 40); };
  const auto word = [&] {
    std::string made;
    for (int n = below(9); n > 0; --n)
      made += below(9) == 0 ? "\xc3\xa9" : std::string(1, static_cast<char>('a' + below(26)));
    return made;
  };
  switch (below(depth < 3 ? 14 : 8)) {
    case 0:
      return {};
    case 1:
      return below(2) == 0;
    case 2:
      return static_cast<std::int64_t>((std::uint64_t{random()} << 32 | random()) >> below(64));
    case 3:
      return BigInteger::from_decimal((below(2) ? "-" : "") + std::to_string(random() | 1u << 31) +
                                      "00000000000000000000");
    case 4:
      return number();
    case 5:
      return std::complex<double>(number(), -0.0);
    case 6:
      return word();
    case 7:
      return Bytes{std::vector<std::byte>(static_cast<std::size_t>(below(5)), std::byte{200})};
    case 8: {
      const Tensor whole = numbered({1 + below(3), 4, below(4)}, static_cast<DType>(below(dtype_count)), below(50));
      return below(2) == 0 ? whole : whole.transpose(0, 1).narrow(0, 1, 2);
    }
    case 9:
    case 10: {
      List list;
      for (int n = below(4); n > 0; --n) list.items.push_back(drawn(random, depth + 1));
      if (below(2) == 0) return list;
      Tuple tuple;
      tuple.items = std::move(list.items);
      return tuple;
    }
    case 11:
      return Set{word(), below(99), Tuple{depth, word()}, number()};
    case 12: {
      StateDict state;
      for (int n = below(4); n > 0; --n) state.set(word(), drawn(random, depth + 1));
      state.metadata().set(word(), Value{{"version", below(3)}});
      return state;
    }
    default: {
      Dict dict;
      for (int n = below(4); n > 0; --n)
        dict.set(below(2) == 0 ? Key(word()) : Key(std::int64_t{below(99)}), drawn(random, depth + 1));
      return dict;
    }
  }
}

bool is_whole(const Bytes& file) {
  try {
    if (!io::verify(io::memory_source(file.data)).empty()) return false;
    io::load_memory(file.data, {.map_location = "cpu"});
    return true;
  } catch (const FormatError&) {
    return false;
  }
}

/// A byte or two of a record, changed, and the file sealed again; or, one time in four, a byte of the file.
Bytes changed(const Bytes& file, std::mt19937& random) {
  const auto alter = [&](std::span<std::byte> bytes) {
    if (bytes.empty()) return;
    for (unsigned n = 1 + random() % 2; n > 0; --n) {
      std::byte& byte = bytes[random() % bytes.size()];
      constexpr std::uint8_t telling[] = {0, 1, 2, 7, 8, 64, 127, 128, 255};
      byte = random() % 2 == 0 ? byte ^ static_cast<std::byte>(1u << random() % 8)
                               : static_cast<std::byte>(telling[random() % std::size(telling)]);
    }
  };
  if (random() % 4 == 0) {
    Bytes copy = file;
    alter(copy.data);
    return copy;
  }
  return forge::change(file, [&](forge::Parts& parts) {
    const auto bytes = [](auto& records) { return std::as_writable_bytes(std::span(records)); };
    switch (random() % 9) {
      case 0:
        return alter(std::as_writable_bytes(std::span(&parts.header, 1)).subspan(8, 48));
      case 1:
        return alter(bytes(parts.tensors));
      case 2:
        return alter(bytes(parts.dimensions));
      case 3:
        return alter(bytes(parts.blob_records));
      case 4:
        return alter(parts.locations);
      case 5:
        return alter(std::as_writable_bytes(std::span(&parts.placement, 1)));
      case 6:
        return alter(std::as_writable_bytes(std::span(&parts.commit, 1)).subspan(8, 8));
      case 7:
        return alter(bytes(parts.chunks));
      default:
        return alter(parts.tree);
    }
  });
}

}  // namespace

TEST_CASE("Two readers tell the same of every whole file", "[io][second_reader]") {
  std::mt19937 random(1);
  std::vector<Value> values = {small_checkpoint(), large_checkpoint()};
  for (int n = 0; n < 150; ++n) values.push_back(Value{{"value", drawn(random)}});
  std::vector<Bytes> files;
  for (const Value& value : values)
    files.push_back(io::save_to_memory(value, {.preset = files.size() % 2 == 0 ? io::Preset::fast : io::Preset::none}));
  const std::vector<std::string> said = second_opinion(files);
  REQUIRE(said.size() == files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    CAPTURE(i, values[i]);
    CHECK(said[i] == "whole " + described(io::load_memory(files[i].data)));
  }
}

TEST_CASE("Two readers refuse the same files", "[io][second_reader]") {
  std::mt19937 random(2);
  const Bytes small = io::save_to_memory(small_checkpoint());
  const Bytes mixed =
      io::save_to_memory({{"tree", drawn(random)}, {"zeros", zeros({100, 70})}, {"kept", small_checkpoint()}});
  std::vector<Bytes> files;
  for (int n = 0; n < 1500; ++n) files.push_back(changed(n % 2 == 0 ? small : mixed, random));
  const std::vector<std::string> said = second_opinion(files);
  REQUIRE(said.size() == files.size());
  int whole = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    CAPTURE(i, said[i]);
    CHECK(said[i].starts_with("whole ") == is_whole(files[i]));
    whole += said[i].starts_with("whole ");
  }
  CHECK(whole > 50);  // what changes a number or a key only
  CHECK(whole < 1000);
}
