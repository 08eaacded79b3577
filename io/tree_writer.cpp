// A Value to the bytes of a tree. The path to the value at hand lives on the stack of the recursion, for messages only.
#include <cairn/io/tree.h>

#include <algorithm>
#include <complex>
#include <string>

#include <cairn/core/error.h>
#include <cairn/core/python_text.h>
#include <cairn/io/bytes.h>
#include <cairn/io/format.h>

namespace cairn::io {

namespace {

constexpr Limits writer_limits;

class TreeWriter {
 public:
  TreeWriter(std::vector<std::byte>& bytes, std::vector<Tensor>& tensors) : bytes_(bytes), tensors_(tensors) {}

  void write(const Value& value) {
    switch (value.kind()) {
      case Value::Kind::none:
        return tag(Tag::none);
      case Value::Kind::boolean:
        return tag(value.as_bool() ? Tag::boolean_true : Tag::boolean_false);
      case Value::Kind::integer:
        return tag(Tag::integer), append(bytes_, value.as_int());
      case Value::Kind::big_integer:
        return big_integer(value.as_big_integer());
      case Value::Kind::floating:
        return tag(Tag::floating), append(bytes_, value.as_float());
      case Value::Kind::complex:
        return complex(value.as_complex());
      case Value::Kind::text:
        return tag(Tag::text), text_bytes(value.as_text());
      case Value::Kind::bytes:
        return tag(Tag::bytes), sized(value.as_bytes().data);
      case Value::Kind::list:
        return tag(Tag::list), items(value.items());
      case Value::Kind::tuple:
        return tag(Tag::tuple), items(value.items());
      case Value::Kind::set:
        return set(value.items());
      case Value::Kind::dict:
        return tag(Tag::dict), dict(value.as_dict());
      case Value::Kind::state_dict:
        return state_dict(value.as_state_dict());
      case Value::Kind::tensor:
        return tensor(value.as_tensor());
    }
  }

 private:
  // A step of the path lives on the stack of the recursion: nothing is built unless an error needs it.
  struct Step {
    const Step* above;
    const Key* key = nullptr;
    const std::string* name = nullptr;
    std::size_t index = 0;
  };

  void tag(Tag value) { bytes_.push_back(static_cast<std::byte>(value)); }

  void sized(std::span<const std::byte> bytes) {
    append_count(bytes_, bytes.size());
    append(bytes_, bytes);
  }

  void text_bytes(const std::string& value) {
    if (!is_utf8(value)) fail("a text is not UTF-8; save it as Bytes");
    sized(std::as_bytes(std::span(value)));
  }

  void key_text(const std::string& key) {
    if (key.size() > writer_limits.key_size)
      fail(text("a key of ", key.size(), " bytes, but a key may have at most ", writer_limits.key_size));
    text_bytes(key);
  }

  void big_integer(const BigInteger& number) {
    if (!is_shortest(number.data))
      fail("a big integer is not in its shortest form; make it with BigInteger::from_decimal");
    tag(Tag::big_integer);
    sized(number.data);
  }

  void complex(std::complex<double> number) {
    tag(Tag::complex);
    append(bytes_, number.real());
    append(bytes_, number.imag());
  }

  void items(const std::vector<Value>& values) {
    Level level(*this);
    append_count(bytes_, values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      Step step{.above = path_, .index = i};
      inside(step, values[i]);
    }
  }

  void set(const std::vector<Value>& values) {
    Level level(*this);
    tag(Tag::set);
    append_count(bytes_, values.size());
    std::vector<std::string> seen;  // texts, as bytes_ moves when it grows
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t start = bytes_.size(), tensors = tensors_.size();
      Step step{.above = path_, .index = i};
      inside(step, values[i]);
      if (tensors != tensors_.size()) continue;
      seen.emplace_back(reinterpret_cast<const char*>(bytes_.data()) + start, bytes_.size() - start);
    }
    std::sort(seen.begin(), seen.end());
    if (std::adjacent_find(seen.begin(), seen.end()) != seen.end()) fail("a set holds an item twice");
  }

  void dict(const Dict& dict) {
    Level level(*this);
    append_count(bytes_, dict.size());
    for (const Dict::Entry& entry : dict) {
      Step step{.above = path_, .key = &entry.first};
      if (entry.first.is_text()) {
        tag(Tag::text);
        key_text(entry.first.text());
      } else {
        tag(Tag::integer);
        append(bytes_, entry.first.number());
      }
      inside(step, entry.second);
    }
  }

  void state_dict(const StateDict& state) {
    Level level(*this);
    tag(Tag::state_dict);
    append_count(bytes_, state.size());
    for (const StateDict::Entry& entry : state) {
      Step step{.above = path_, .name = &entry.first};
      key_text(entry.first);
      inside(step, entry.second);
    }
    const std::size_t tensors = tensors_.size();
    Key name("_metadata");
    Step step{.above = path_, .key = &name};
    path_ = &step;
    dict(state.metadata());
    path_ = step.above;
    if (tensors != tensors_.size()) fail("the metadata of a state dict may hold no tensor");
  }

  void tensor(const Tensor& tensor) {
    if (!tensor.defined()) fail("an undefined tensor cannot be saved; leave it out, or save None");
    if (tensor.dim() > writer_limits.rank)
      fail(text("a tensor of ", tensor.dim(), " dimensions, but at most ", writer_limits.rank, " can be saved"));
    if (tensor.device().is_meta())
      fail("a meta tensor has no numbers to save; leave it out, or move the model off meta first");
    tag(Tag::tensor);
    tensors_.push_back(tensor);
  }

  void inside(Step& step, const Value& value) {
    path_ = &step;
    write(value);
    path_ = step.above;
  }

  struct Level {
    explicit Level(TreeWriter& writer) : writer(writer) {
      if (++writer.depth_ > writer_limits.depth)
        writer.fail(text("the tree is more than ", writer_limits.depth, " levels deep"));
    }
    ~Level() { --writer.depth_; }
    TreeWriter& writer;
  };

  std::string path() const {
    std::vector<std::string> parts;
    for (const Step* step = path_; step; step = step->above)
      parts.push_back(step->name ? *step->name : step->key ? step->key->plain() : std::to_string(step->index));
    std::string joined;
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) joined += (joined.empty() ? "" : ".") + *part;
    return joined;
  }

  [[noreturn]] void fail(const std::string& what) const {
    const std::string at = path();
    throw ValueError(at.empty() ? text("save: ", what) : text("save: at \"", at, "\": ", what), {.tensor = at});
  }

  static bool is_shortest(const std::vector<std::byte>& data) {
    if (data.size() <= 8) return false;  // it would be a plain integer
    const auto top = std::to_integer<int>(data.back()), next = std::to_integer<int>(data[data.size() - 2]);
    return !(top == 0 && next < 0x80) && !(top == 0xff && next >= 0x80);
  }

  std::vector<std::byte>& bytes_;
  std::vector<Tensor>& tensors_;
  const Step* path_ = nullptr;
  int depth_ = 0;
};

}  // namespace

void encode_tree(const Value& value, std::vector<std::byte>& bytes, std::vector<Tensor>& tensors) {
  TreeWriter(bytes, tensors).write(value);
}

}  // namespace cairn::io
