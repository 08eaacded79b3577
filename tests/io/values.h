// Values to save, and whether two are the same, told without the code under test.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include <cairn/core/core.h>
#include <cairn/core/tensor_impl.h>

/// The elements of a tensor, row by row, as bytes; of any dtype, strides and device.
inline std::vector<std::byte> elements(const cairn::Tensor& tensor) {
  const cairn::Tensor here = tensor.detach().to(cairn::Device()).contiguous();
  std::vector<std::byte> bytes(static_cast<std::size_t>(here.nbytes()));
  if (!bytes.empty()) std::memcpy(bytes.data(), here.raw_data(), bytes.size());
  return bytes;
}

inline bool same(const cairn::Tensor& a, const cairn::Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && a.device() == b.device() &&
         a.requires_grad() == b.requires_grad() && cairn::is_parameter(a) == cairn::is_parameter(b) &&
         elements(a) == elements(b);
}

bool same(const cairn::Value& a, const cairn::Value& b);

inline bool same(const cairn::Dict& a, const cairn::Dict& b) {
  if (a.size() != b.size()) return false;
  for (auto x = a.begin(), y = b.begin(); x != a.end(); ++x, ++y) {
    if (!(x->first == y->first) || !same(x->second, y->second)) return false;
  }
  return true;
}

inline bool same(const cairn::Value& a, const cairn::Value& b) {
  using Kind = cairn::Value::Kind;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::none:
      return true;
    case Kind::boolean:
      return a.as_bool() == b.as_bool();
    case Kind::integer:
      return a.as_int() == b.as_int();
    case Kind::big_integer:
      return a.as_big_integer() == b.as_big_integer();
    case Kind::floating: {
      const double x = a.as_float(), y = b.as_float();
      return std::memcmp(&x, &y, sizeof x) == 0;  // NaN and -0 included
    }
    case Kind::complex: {
      const auto x = a.as_complex(), y = b.as_complex();
      return std::memcmp(&x, &y, sizeof x) == 0;
    }
    case Kind::text:
      return a.as_text() == b.as_text();
    case Kind::bytes:
      return a.as_bytes() == b.as_bytes();
    case Kind::list:
    case Kind::tuple:
    case Kind::set: {
      if (a.items().size() != b.items().size()) return false;
      for (std::size_t i = 0; i < a.items().size(); ++i) {
        if (!same(a.items()[i], b.items()[i])) return false;
      }
      return true;
    }
    case Kind::dict:
      return same(a.as_dict(), b.as_dict());
    case Kind::state_dict: {
      const cairn::StateDict &x = a.as_state_dict(), &y = b.as_state_dict();
      if (x.size() != y.size() || !same(x.metadata(), y.metadata())) return false;
      for (auto i = x.begin(), k = y.begin(); i != x.end(); ++i, ++k) {
        if (i->first != k->first || !same(i->second, k->second)) return false;
      }
      return true;
    }
    case Kind::tensor:
      return same(a.as_tensor(), b.as_tensor());
  }
  return false;
}

/// A tensor of small whole numbers, different for every element and seed.
inline cairn::Tensor numbered(const cairn::Shape& shape, cairn::DType dtype = cairn::DType::float32, int seed = 0) {
  std::vector<float> values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>((i * 7 + static_cast<std::size_t>(seed) * 13) % 97);
  return cairn::from_data(std::span<const float>(values), shape).to(dtype);
}

/// What a small checkpoint holds: models with ties and views, an optimizer's state, numbers and texts.
inline cairn::Value small_checkpoint() {
  using namespace cairn;
  StateDict model;
  const Tensor weight = numbered({3, 5});
  model.set("fc.weight", weight);
  model.set("fc.bias", numbered({3}, DType::float32, 1));
  model.set("tied.weight", weight.t());
  model.set("norm.num_batches_tracked", tensor({std::int64_t{42}}).view({}));
  model.metadata().set("", Value{{"version", 1}});
  model.metadata().set("norm", Value{{"version", 2}});
  const Value moments{{"step", scalar_tensor(3.0)}, {"exp_avg", numbered({3, 5}, DType::float32, 2)}};
  return {{"epoch", 3},
          {"loss", 0.125},
          {"model", model},
          {"optimizer",
           Value{{"state", Value{{0, moments}}}, {"param_groups", List{Value{{"lr", 1e-3}, {"params", List{0}}}}}}},
          {"classes", Tuple{"cat", "dog"}}};
}

/// A checkpoint of several chunks, of which some can be packed: 1 MiB of zeros, 2.5 MiB of noise, and a few small
/// tensors.
inline cairn::Value large_checkpoint() {
  using namespace cairn;
  Generator generator(7);
  return {{"zeros", zeros({1 << 18})},
          {"noise", rand({5 << 17}, {}, generator)},
          {"small", small_checkpoint()},
          {"half", numbered({300, 1000}, DType::bfloat16)}};
}
