// Value: construction, typed access, and the walk over a tree.
//
// Trees may be nested as deep as memory allows; only what recurses is limited. Copying and walking take at most
// `deepest` levels, as Python's own limit on recursion has it, and throw beyond; destruction flattens what lies deeper
// than that into a list, so that it never exhausts the stack.
#include <cairn/core/value.h>

#include <utility>

#include <cairn/core/error.h>
#include <cairn/core/print.h>
#include <cairn/core/state_dict.h>
#include <cairn/core/suggest.h>
#include <cairn/core/value_depth.h>

namespace cairn {

int& value_depth() {
  thread_local int depth = 0;
  return depth;
}

namespace {

using Kind = Value::Kind;

constexpr bool is_container(Kind kind) { return kind >= Kind::list && kind <= Kind::state_dict; }

std::vector<std::string> key_names(const Value& mapping) {
  std::vector<std::string> names;
  if (mapping.is(Kind::dict)) {
    for (const Dict::Entry& entry : mapping.as_dict()) names.push_back(entry.first.plain());
  } else {
    names = mapping.as_state_dict().keys();
  }
  return names;
}

/// "int 3", "str 'abc'", "list of 2 items": what was found instead of what was asked for.
std::string describe(const Value& value) {
  std::string kind(name(value.kind()));
  switch (value.kind()) {
    case Kind::none:
      return "None";
    case Kind::boolean:
    case Kind::integer:
    case Kind::floating:
    case Kind::complex:
      return kind + " " + to_string(value);
    case Kind::big_integer:
      return "an int beyond 64 bits";
    case Kind::text: {
      const std::string& whole = value.as_text();
      return whole.size() <= 40 ? kind + " " + python_text(whole)
                                : kind + " of " + std::to_string(whole.size()) + " bytes";
    }
    case Kind::bytes:
      return "bytes of length " + std::to_string(value.size());
    case Kind::tensor:
      return kind + " of shape " + bracketed(value.as_tensor().shape());
    default:
      return kind + " of " + std::to_string(value.size()) + (value.size() == 1 ? " item" : " items");
  }
}

[[noreturn]] void throw_kind(std::string_view wanted, const Value& found) {
  throw TypeError(text("value: expected ", wanted, ", found ", describe(found)),
                  {.expected = std::string(wanted), .found = std::string(name(found.kind()))});
}

std::string path_text(const Key* first, const Key* last) {
  std::string path = "value";
  for (; first != last; ++first) path += "[" + to_string(*first) + "]";
  return path;
}

/// The child of `value` under the last key of the path [first, last); the path is for the message.
const Value& child(const Value& value, const Key* first, const Key* last) {
  const Key& key = last[-1];
  if (value.is_mapping()) {
    const Value* found = value.is(Kind::dict) ? value.as_dict().find(key)
                         : key.is_text()      ? value.as_state_dict().find(key.text())
                                              : nullptr;
    if (found) return *found;
    throw KeyError(text(path_text(first, last), ": no such key", describe_keys(key.plain(), key_names(value))));
  }
  check<TypeError>(value.is(Kind::list) || value.is(Kind::tuple), path_text(first, last), ": expected a ",
                   key.is_text() ? "dict" : "dict, list or tuple", ", found ", describe(value));
  check<TypeError>(!key.is_text(), path_text(first, last), ": a ", name(value.kind()), " takes an integer, not text");
  const std::vector<Value>& items = value.items();
  const auto size = static_cast<std::int64_t>(items.size());
  const std::int64_t index = key.number() < 0 ? key.number() + size : key.number();
  check<IndexError>(index >= 0 && index < size, path_text(first, last), ": index out of range for ", describe(value));
  return items[static_cast<std::size_t>(index)];
}

/// Python's ==, for what may be an item of a set.
bool equal_items(const Value& a, const Value& b) {
  const auto is_number = [](const Value& v) {
    return v.kind() >= Kind::boolean && v.kind() <= Kind::complex && !v.is(Kind::big_integer);
  };
  if (is_number(a) && is_number(b)) {
    const bool whole = !a.is(Kind::floating) && !a.is(Kind::complex) && !b.is(Kind::floating) && !b.is(Kind::complex);
    return whole ? a.as_int() == b.as_int() : a.as_complex() == b.as_complex();
  }
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::none:
      return true;
    case Kind::text:
      return a.as_text() == b.as_text();
    case Kind::bytes:
      return a.as_bytes() == b.as_bytes();
    case Kind::big_integer:
      return a.as_big_integer() == b.as_big_integer();
    case Kind::tensor:
      return a.as_tensor().is_same(b.as_tensor());
    default:
      break;
  }
  check<TypeError>(a.is(Kind::tuple), "unhashable type: '", name(a.kind()), "'");
  const ValueDepth deeper("compare");
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!equal_items(a.items()[i], b.items()[i])) return false;
  }
  return true;
}

}  // namespace

List::List(std::initializer_list<Value> values) : items(values) {}

Tuple::Tuple(std::initializer_list<Value> values) : items(values) {}

Set::Set(std::initializer_list<Value> values) {
  for (const Value& value : values) {
    const bool hashable = !is_container(value.kind()) || value.is(Kind::tuple);
    check<TypeError>(hashable, "unhashable type: '", name(value.kind()), "'");
    bool known = false;
    for (const Value& item : items) known = known || equal_items(item, value);
    if (!known) items.push_back(value);
  }
}

Value::Value() = default;
Value::Value(std::nullptr_t) {}
Value::Value(bool value) : value_(value) {}

Value::Value(Integer value) {
  const bool fits = value.negative || value.bits <= static_cast<std::uint64_t>(INT64_MAX);
  if (fits)
    value_ = static_cast<std::int64_t>(value.bits);
  else
    value_ = std::make_unique<BigInteger>(BigInteger::from_decimal(std::to_string(value.bits)));
}

Value::Value(double value) : value_(value) {}
Value::Value(std::complex<double> value) : value_(value) {}
Value::Value(const char* text) : value_(std::string(text)) {}
Value::Value(std::string_view text) : value_(std::string(text)) {}
Value::Value(std::string text) : value_(std::move(text)) {}
Value::Value(Bytes bytes) : value_(std::make_unique<Bytes>(std::move(bytes))) {}
Value::Value(BigInteger number) : value_(std::make_unique<BigInteger>(std::move(number))) {}
Value::Value(Tensor tensor) : value_(std::move(tensor)) {}
Value::Value(List list) : value_(std::make_unique<List>(std::move(list))) {}
Value::Value(Tuple tuple) : value_(std::make_unique<Tuple>(std::move(tuple))) {}
Value::Value(Set set) : value_(std::make_unique<Set>(std::move(set))) {}
Value::Value(Dict dict) : value_(std::make_unique<Dict>(std::move(dict))) {}
Value::Value(StateDict state) : value_(std::make_unique<StateDict>(std::move(state))) {}
Value::Value(std::initializer_list<Dict::Entry> entries) : value_(std::make_unique<Dict>(entries)) {}

Value::Value(const Value& other) {
  const ValueDepth deeper("copy");
  std::visit(
      [this]<class T>(const T& held) {
        if constexpr (requires {
                        held.get();
                        *held;
                      })
          value_ = std::make_unique<typename T::element_type>(*held);
        else
          value_ = held;
      },
      other.value_);
}

Value::Value(Value&& other) noexcept : value_(std::move(other.value_)) { other.value_ = std::monostate(); }

Value& Value::operator=(const Value& other) {
  if (this != &other) *this = Value(other);
  return *this;
}

Value& Value::operator=(Value&& other) noexcept {
  // What was here goes last: `value = std::move(value["child"])` takes from the tree that it replaces.
  auto taken = std::exchange(other.value_, std::monostate());
  std::swap(value_, taken);
  Value before;
  before.value_ = std::move(taken);
  return *this;
}

Value::~Value() {
  if (!is_container(kind())) return;
  thread_local int depth = 0;
  thread_local std::vector<Value>* below = nullptr;  // what lies too deep, waiting for the outermost destructor
  constexpr int deepest = 100;
  if (depth >= deepest && below) {
    below->emplace_back(std::move(*this));
    return;
  }
  ++depth;
  std::vector<Value> waiting;
  const bool outermost = below == nullptr;
  if (outermost) below = &waiting;
  value_ = std::monostate();
  while (outermost && !waiting.empty()) {
    const Value next = std::move(waiting.back());
    waiting.pop_back();
    // `next` ends here, at this level
  }
  if (outermost) below = nullptr;
  --depth;
}

Value::Kind Value::kind() const { return static_cast<Kind>(value_.index()); }

bool Value::as_bool() const {
  if (const bool* value = std::get_if<bool>(&value_)) return *value;
  throw_kind("bool", *this);
}

std::int64_t Value::as_int() const {
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return *value;
  if (const bool* value = std::get_if<bool>(&value_)) return *value;
  throw_kind("int", *this);
}

double Value::as_float() const {
  if (const double* value = std::get_if<double>(&value_)) return *value;
  if (is(Kind::integer) || is(Kind::boolean)) return static_cast<double>(as_int());
  throw_kind("float", *this);
}

std::complex<double> Value::as_complex() const {
  if (const auto* value = std::get_if<std::complex<double>>(&value_)) return *value;
  if (is(Kind::floating) || is(Kind::integer) || is(Kind::boolean)) return as_float();
  throw_kind("complex", *this);
}

const std::string& Value::as_text() const& {
  if (const auto* value = std::get_if<std::string>(&value_)) return *value;
  throw_kind("str", *this);
}

const Tensor& Value::as_tensor() const& {
  if (const auto* value = std::get_if<Tensor>(&value_)) return *value;
  throw_kind("Tensor", *this);
}

const Bytes& Value::as_bytes() const& {
  if (const auto* value = std::get_if<Box<Bytes>>(&value_)) return **value;
  throw_kind("bytes", *this);
}

const BigInteger& Value::as_big_integer() const& {
  if (const auto* value = std::get_if<Box<BigInteger>>(&value_)) return **value;
  throw_kind("an int beyond 64 bits", *this);
}

const List& Value::as_list() const& {
  if (const auto* value = std::get_if<Box<List>>(&value_)) return **value;
  throw_kind("list", *this);
}

const Tuple& Value::as_tuple() const& {
  if (const auto* value = std::get_if<Box<Tuple>>(&value_)) return **value;
  throw_kind("tuple", *this);
}

const Set& Value::as_set() const& {
  if (const auto* value = std::get_if<Box<Set>>(&value_)) return **value;
  throw_kind("set", *this);
}

const Dict& Value::as_dict() const& {
  if (const auto* value = std::get_if<Box<Dict>>(&value_)) return **value;
  throw_kind("dict", *this);
}

const StateDict& Value::as_state_dict() const& {
  if (const auto* value = std::get_if<Box<StateDict>>(&value_)) return **value;
  throw_kind("OrderedDict", *this);
}

List& Value::as_list() & { return const_cast<List&>(std::as_const(*this).as_list()); }
Tuple& Value::as_tuple() & { return const_cast<Tuple&>(std::as_const(*this).as_tuple()); }
Dict& Value::as_dict() & { return const_cast<Dict&>(std::as_const(*this).as_dict()); }
StateDict& Value::as_state_dict() & { return const_cast<StateDict&>(std::as_const(*this).as_state_dict()); }

const std::vector<Value>& Value::items() const& {
  switch (kind()) {
    case Kind::list:
      return as_list().items;
    case Kind::tuple:
      return as_tuple().items;
    case Kind::set:
      return as_set().items;
    default:
      throw_kind("list, tuple or set", *this);
  }
}

const Value& Value::operator[](const Key& key) const& { return child(*this, &key, &key + 1); }

Value& Value::operator[](const Key& key) & {
  if (is_none()) *this = Dict();
  if (is(Kind::dict)) return as_dict()[key];
  if (is(Kind::state_dict) && key.is_text() && !as_state_dict().contains(key.text()))
    as_state_dict().set(key.text(), Value());
  return const_cast<Value&>(child(*this, &key, &key + 1));
}

const Value& Value::at_path(std::initializer_list<Key> path) const& {
  const Value* value = this;
  for (const Key* key = path.begin(); key != path.end(); ++key) value = &child(*value, path.begin(), key + 1);
  return *value;
}

namespace {

/// What `part` names of a Value that is about to go.
template <class T>
T&& taken(const T& part) {
  return std::move(const_cast<T&>(part));
}

}  // namespace

std::string Value::as_text() && { return taken(std::as_const(*this).as_text()); }
Bytes Value::as_bytes() && { return taken(std::as_const(*this).as_bytes()); }
BigInteger Value::as_big_integer() && { return taken(std::as_const(*this).as_big_integer()); }
Tensor Value::as_tensor() && { return taken(std::as_const(*this).as_tensor()); }
List Value::as_list() && { return taken(std::as_const(*this).as_list()); }
Tuple Value::as_tuple() && { return taken(std::as_const(*this).as_tuple()); }
Set Value::as_set() && { return taken(std::as_const(*this).as_set()); }
Dict Value::as_dict() && { return taken(std::as_const(*this).as_dict()); }
StateDict Value::as_state_dict() && { return taken(std::as_const(*this).as_state_dict()); }
std::vector<Value> Value::items() && { return taken(std::as_const(*this).items()); }
Value Value::operator[](const Key& key) && { return taken(std::as_const(*this)[key]); }
Value Value::at_path(std::initializer_list<Key> path) && { return taken(std::as_const(*this).at_path(path)); }

bool Value::contains(const Key& key) const {
  if (is(Kind::dict)) return as_dict().contains(key);
  return is(Kind::state_dict) && key.is_text() && as_state_dict().contains(key.text());
}

std::size_t Value::size() const {
  switch (kind()) {
    case Kind::text:
      return as_text().size();
    case Kind::bytes:
      return as_bytes().data.size();
    case Kind::list:
    case Kind::tuple:
    case Kind::set:
      return items().size();
    case Kind::dict:
      return as_dict().size();
    case Kind::state_dict:
      return as_state_dict().size();
    default:
      throw TypeError(text("object of type '", name(kind()), "' has no len()"));
  }
}

namespace {

struct Walk {
  void (*visit)(void*, const std::string&, const Tensor&);
  void* visitor;
  bool escape;
  std::string path;

  void descend(std::string_view step, const Value& value) {
    const std::size_t length = path.size();
    if (length > 0) path += '.';
    for (char c : step) {
      if (escape && (c == '.' || c == '\\')) path += '\\';
      path += c;
    }
    walk(value);
    path.resize(length);
  }

  void walk(const Value& value) {
    if (value.is(Kind::tensor)) return visit(visitor, path, value.as_tensor());
    if (!is_container(value.kind())) return;
    const ValueDepth deeper("walk");
    if (value.is(Kind::dict)) {
      for (const Dict::Entry& entry : value.as_dict()) descend(entry.first.plain(), entry.second);
    } else if (value.is(Kind::state_dict)) {
      for (const StateDict::Entry& entry : value.as_state_dict()) descend(entry.first, entry.second);
    } else {
      for (std::size_t i = 0; i < value.size(); ++i) descend(std::to_string(i), value.items()[i]);
    }
  }
};

}  // namespace

void Value::walk_tensors(void (*visit)(void*, const std::string&, const Tensor&), void* visitor, bool escape) const {
  Walk{visit, visitor, escape, {}}.walk(*this);
}

}  // namespace cairn
