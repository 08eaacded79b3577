// The tree a checkpoint is made of.
//
//   {"epoch": 3, "loss": 0.125, "model": OrderedDict([("fc.weight", tensor(...))]), "optimizer": {...}}
//
// A Value is none, bool, int, big integer, float, complex, text, bytes, list, tuple, set, dict (ordered; text or
// integer keys), state dict (a dict of named tensors with metadata) or tensor. It has value semantics: a copy is
// another tree; the tensors in it are handles, so both trees name the same numbers. It holds no code, ever.
//
//   Value run = {{"epoch", 3}, {"model", model.state_dict()}, {"milestones", List{10, 20}}};
//   run["epoch"].as_int();   run.at("model", "fc.weight").as_tensor();
//
// It prints as Python's repr. A wrong key or kind is an error that says the path asked for and what is there.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <cairn/core/tensor.h>

namespace cairn {

class Value;
class StateDict;

/// The key of a dict: text or a whole number. `Key("1")` and `Key(1)` are two keys.
class Key {
 public:
  Key(std::string text) : key_(std::move(text)) {}
  Key(std::string_view text) : key_(std::string(text)) {}
  Key(const char* text) : key_(std::string(text)) {}
  template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) Key(T number) : key_(static_cast<std::int64_t>(number)) {}

  bool is_text() const { return key_.index() == 0; }
  const std::string& text() const { return std::get<0>(key_); }  ///< Only if `is_text()`.
  std::int64_t number() const { return std::get<1>(key_); }      ///< Only if not.
  std::string plain() const;                                     ///< The text itself, or the number's digits.

  friend bool operator==(const Key&, const Key&) = default;

 private:
  std::variant<std::string, std::int64_t> key_;
};

std::string to_string(const Key& key);  ///< As Python prints it: 'a' or 1.

/// Bytes, as opposed to text.
struct Bytes {
  std::vector<std::byte> data;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};

/// An integer beyond 64 bits: two's complement, little-endian, no superfluous byte on top (the shortest form).
struct BigInteger {
  std::vector<std::byte> data;
  std::string decimal() const;  ///< O(n²) in its bytes.
  static BigInteger from_decimal(std::string_view digits);
  friend bool operator==(const BigInteger&, const BigInteger&) = default;
};

struct List {
  std::vector<Value> items;
  List() = default;
  List(std::initializer_list<Value> values);
};
struct Tuple {
  std::vector<Value> items;
  Tuple() = default;
  Tuple(std::initializer_list<Value> values);
};
struct Set {
  std::vector<Value> items;
  Set() = default;
  Set(std::initializer_list<Value> values);
};  ///< In insertion order, no item twice.

/// Entries in insertion order. Lookup is by hash once there are more than a few: O(1).
class Dict {
 public:
  using Entry = std::pair<Key, Value>;

  Dict();
  Dict(std::initializer_list<Entry> entries);
  Dict(const Dict&);
  Dict(Dict&&) noexcept;
  Dict& operator=(const Dict&);
  Dict& operator=(Dict&&) noexcept;
  ~Dict();

  std::size_t size() const;
  bool empty() const { return size() == 0; }
  bool contains(const Key& key) const { return find(key) != nullptr; }
  const Value* find(const Key& key) const;  ///< Null when there is none.
  Value* find(const Key& key);
  const Value& at(const Key& key) const;  ///< Throws KeyError naming the nearest key.
  Value& operator[](const Key& key);      ///< Adds none under a new key.
  void set(Key key, Value value);         ///< A known key keeps its place.
  bool erase(const Key& key);
  void reserve(std::size_t count);

  const Entry* begin() const;
  const Entry* end() const;
  Entry* begin();
  Entry* end();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Value {
 public:
  enum class Kind : std::uint8_t {
    none,
    boolean,
    integer,
    big_integer,
    floating,
    complex,
    text,
    bytes,
    list,
    tuple,
    set,
    dict,
    state_dict,
    tensor
  };

  Value();
  Value(std::nullptr_t);
  Value(bool value);
  template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) Value(T value)
      : Value(Integer{static_cast<std::uint64_t>(value), value < T{}}) {}
  Value(double value);
  Value(std::complex<double> value);
  Value(const char* text);
  Value(std::string_view text);
  Value(std::string text);
  Value(Bytes bytes);
  Value(BigInteger number);
  Value(Tensor tensor);
  Value(List list);
  Value(Tuple tuple);
  Value(Set set);
  Value(Dict dict);
  Value(StateDict state);
  Value(std::initializer_list<Dict::Entry> entries);  ///< `{{"a", 1}, {"b", 2}}` is a dict.

  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value();

  Kind kind() const;
  bool is(Kind kind) const { return this->kind() == kind; }
  bool is_none() const { return is(Kind::none); }
  bool is_mapping() const { return is(Kind::dict) || is(Kind::state_dict); }

  // Typed access; throws TypeError saying what is there.
  bool as_bool() const;
  std::int64_t as_int() const;  ///< Also a bool.
  double as_float() const;      ///< Also an int, as Python would.
  std::complex<double> as_complex() const;
  const std::string& as_text() const&;
  const Bytes& as_bytes() const&;
  const BigInteger& as_big_integer() const&;
  const Tensor& as_tensor() const&;
  const List& as_list() const&;
  const Tuple& as_tuple() const&;
  const Set& as_set() const&;
  const Dict& as_dict() const&;
  const StateDict& as_state_dict() const&;
  List& as_list() &;
  Tuple& as_tuple() &;
  Dict& as_dict() &;
  StateDict& as_state_dict() &;

  /// The items of a list, tuple or set.
  const std::vector<Value>& items() const&;

  /// An entry of a dict or state dict by key, of a list or tuple by index (negative from the end); throws KeyError,
  /// IndexError or TypeError with the path.
  const Value& operator[](const Key& key) const&;
  Value& operator[](const Key& key) &;  ///< Adds the key to a dict; none becomes a dict first.

  /// Down a path: `run.at("optimizer", "param_groups", 0, "lr")`.
  template <class... Keys>
  const Value& at(const Keys&... keys) const& {
    return at_path({Key(keys)...});
  }
  const Value& at_path(std::initializer_list<Key> path) const&;

  // What is taken out of a Value that is about to go is given away, rather than left to dangle:
  // `for (const auto& [name, options] : optimizer.state_dict()["param_groups"][0].as_dict())`.
  std::string as_text() &&;
  Bytes as_bytes() &&;
  BigInteger as_big_integer() &&;
  Tensor as_tensor() &&;
  List as_list() &&;
  Tuple as_tuple() &&;
  Set as_set() &&;
  Dict as_dict() &&;
  StateDict as_state_dict() &&;
  std::vector<Value> items() &&;
  Value operator[](const Key& key) &&;
  template <class... Keys>
  Value at(const Keys&... keys) && {
    return std::move(*this).at_path({Key(keys)...});
  }
  Value at_path(std::initializer_list<Key> path) &&;

  bool contains(const Key& key) const;  ///< Whether a dict or state dict has the key; false for other kinds.
  std::size_t size() const;             ///< Entries of a container, bytes of text or bytes.

  /// Calls `visit(path, tensor)` for every tensor of the tree, depth first, in order. The path joins keys and indices
  /// with dots; with `escape`, a dot or backslash inside a key has a backslash before it, so that no two paths are
  /// alike.
  template <class F>
  void for_each_tensor(F&& visit, bool escape = false) const {
    using Visitor = std::remove_reference_t<F>;
    walk_tensors([](void* visitor, const std::string& path,
                    const Tensor& tensor) { (*static_cast<Visitor*>(visitor))(path, tensor); },
                 const_cast<void*>(static_cast<const void*>(&visit)), escape);
  }

 private:
  struct Integer {
    std::uint64_t bits;  // two's complement
    bool negative;
  };
  explicit Value(Integer value);
  void walk_tensors(void (*visit)(void*, const std::string&, const Tensor&), void* visitor, bool escape) const;

  template <class T>
  using Box = std::unique_ptr<T>;  // a container inside a Value lies on the heap, so that a Value stays small
  std::variant<std::monostate, bool, std::int64_t, Box<BigInteger>, double, std::complex<double>, std::string,
               Box<Bytes>, Box<List>, Box<Tuple>, Box<Set>, Box<Dict>, Box<StateDict>, Tensor>
      value_;
};

std::string_view name(Value::Kind kind);    ///< As Python names the type: "NoneType", "int", "dict", "Tensor" ...
std::string to_string(const Value& value);  ///< Python's repr.
std::ostream& operator<<(std::ostream& out, const Value& value);

}  // namespace cairn
