// The bytes of a tree, which nobody has vouched for, to a Value: each limit is checked before anything is built.
#include <cairn/io/tree.h>

#include <algorithm>
#include <string>
#include <utility>

#include <cairn/core/python_text.h>
#include <cairn/io/bytes.h>
#include <cairn/io/format.h>

namespace cairn::io {

namespace {

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class TreeReader {
 public:
  TreeReader(std::span<const std::byte> bytes, std::span<const Tensor> tensors, std::string_view file,
             std::uint64_t base, const Limits& limits)
      : in_(bytes, file, base), bytes_(bytes), base_(base), tensors_(tensors), limits_(limits) {}

  Value read() {
    Value value = this->value();
    if (in_.left() != 0) in_.fail("tree", text(in_.left(), " bytes follow its end"));
    if (next_tensor_ != tensors_.size())
      in_.fail("tree", text("it refers to ", next_tensor_, " of ", tensors_.size(), " tensors"));
    return value;
  }

 private:
  Value value() {
    if (++values_ > limits_.values)
      in_.fail("tree", text("it has more than ", limits_.values, " values; see Limits::values"));
    const auto tag = in_.record<std::uint8_t>("kind of a value");
    switch (static_cast<Tag>(tag)) {
      case Tag::none:
        return {};
      case Tag::boolean_false:
        return false;
      case Tag::boolean_true:
        return true;
      case Tag::integer:
        return in_.record<std::int64_t>("integer");
      case Tag::big_integer:
        return big_integer();
      case Tag::floating:
        return in_.record<double>("float");
      case Tag::complex: {
        const auto real = in_.record<double>("complex");
        return std::complex<double>(real, in_.record<double>("complex"));
      }
      case Tag::text:
        return Value(text_of("text", UINT64_MAX));
      case Tag::bytes: {
        const auto taken = in_.take(in_.count("size of bytes"), "bytes");
        return Bytes{{taken.begin(), taken.end()}};
      }
      case Tag::list:
        return items<List>();
      case Tag::tuple:
        return items<Tuple>();
      case Tag::set:
        return set();
      case Tag::dict:
        return dict();
      case Tag::state_dict:
        return state_dict();
      case Tag::tensor:
        if (in_metadata_) in_.fail("tensor", "the metadata of a state dict may hold none");
        if (next_tensor_ == tensors_.size())
          in_.fail("tensor", text("the tree refers to more than the ", tensors_.size(), " there are"));
        return tensors_[next_tensor_++];
    }
    in_.fail("kind of a value", text("it is ", int{tag}, ", which this version does not know"));
  }

  std::string_view text_of(const char* field, std::uint64_t limit) {
    const std::uint64_t size = in_.count(field);
    if (size > limit)
      in_.fail(field, text("it takes ", size, " bytes, but may take ", limit, "; see Limits::key_size"));
    const std::string_view taken = as_text(in_.take(size, field));
    if (!is_utf8(taken)) in_.fail(field, "it is not UTF-8");
    return taken;
  }

  Value big_integer() {
    const auto taken = in_.take(in_.count("size of a big integer"), "big integer");
    const auto byte_at = [&](std::size_t from_top) { return std::to_integer<int>(taken[taken.size() - 1 - from_top]); };
    if (taken.size() <= 8 || (byte_at(0) == 0 && byte_at(1) < 0x80) || (byte_at(0) == 0xff && byte_at(1) >= 0x80))
      in_.fail("big integer", "it is not in its shortest form");
    return BigInteger{{taken.begin(), taken.end()}};
  }

  template <class Sequence>
  Sequence items() {
    Level level(*this);
    Sequence sequence;
    for (std::uint64_t n = in_.count_of(1, "number of items"); n > 0; --n) sequence.items.push_back(value());
    return sequence;
  }

  Set set() {
    Level level(*this);
    Set set;
    std::vector<std::string_view> seen;
    for (std::uint64_t n = in_.count_of(1, "number of items"); n > 0; --n) {
      const std::uint64_t start = in_.offset() - base_, tensors = next_tensor_;
      set.items.push_back(value());
      if (tensors == next_tensor_) seen.push_back(as_text(bytes_.subspan(start, in_.offset() - base_ - start)));
    }
    std::sort(seen.begin(), seen.end());
    if (std::adjacent_find(seen.begin(), seen.end()) != seen.end()) in_.fail("set", "it holds an item twice");
    return set;
  }

  Key key() {
    const auto tag = in_.record<std::uint8_t>("kind of a key");
    if (static_cast<Tag>(tag) == Tag::integer) return in_.record<std::int64_t>("key");
    if (static_cast<Tag>(tag) != Tag::text)
      in_.fail("kind of a key", text("it is ", int{tag}, ", but a key is text or an integer"));
    return text_of("key", limits_.key_size);
  }

  Dict dict() {
    Level level(*this);
    Dict dict;
    for (std::uint64_t n = in_.count_of(3, "number of entries"), size = 0; size < n;) {
      Key name = key();
      if (dict.contains(name)) in_.fail("key", text(name, " occurs twice in one dict"));
      dict.set(std::move(name), value());
      ++size;
    }
    return dict;
  }

  StateDict state_dict() {
    Level level(*this);
    StateDict state;
    const std::uint64_t n = in_.count_of(2, "number of entries");
    state.reserve(std::min<std::uint64_t>(n, 1u << 16));  // announced, not yet seen
    for (std::uint64_t size = 0; size < n;) {
      const std::string_view name = text_of("key", limits_.key_size);
      state.set(std::string(name), value());
      if (state.size() != ++size) in_.fail("key", text("\"", name, "\" occurs twice in one state dict"));
    }
    const bool outer = std::exchange(in_metadata_, true);
    state.metadata() = dict();
    in_metadata_ = outer;
    return state;
  }

  struct Level {
    explicit Level(TreeReader& reader) : reader(reader) {
      if (++reader.depth_ > reader.limits_.depth)
        reader.in_.fail("tree", text("it is more than ", reader.limits_.depth, " levels deep; see Limits::depth"));
    }
    ~Level() { --reader.depth_; }
    TreeReader& reader;
  };

  ByteReader in_;
  std::span<const std::byte> bytes_;
  std::uint64_t base_;
  std::span<const Tensor> tensors_;
  const Limits& limits_;
  std::size_t next_tensor_ = 0;
  std::uint64_t values_ = 0;
  int depth_ = 0;
  bool in_metadata_ = false;
};

}  // namespace

Value decode_tree(std::span<const std::byte> bytes, std::span<const Tensor> tensors, std::string_view file,
                  std::uint64_t base, const Limits& limits) {
  return TreeReader(bytes, tensors, file, base, limits).read();
}

}  // namespace cairn::io
