// What chunks of checkpoints hold, in small models of it: numbers for codecs to be tried on.
#pragma once

#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <vector>

#include <cairn/core/core.h>

struct Content {
  const char* name;
  cairn::DType dtype;
  std::function<std::vector<std::byte>(std::size_t size)> make;  ///< So many bytes, rounded down to whole elements.
};

/// `f(i)` for each element, as bytes; `f` draws from a generator of its own or counts.
template <class T, class F>
std::vector<std::byte> elements_of(std::size_t size, F&& f) {
  std::vector<std::byte> bytes(size / sizeof(T) * sizeof(T));
  for (std::size_t i = 0; i < size / sizeof(T); ++i) {
    const T value = static_cast<T>(f(i));
    std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
  }
  return bytes;
}

/// Uniform and Gaussian numbers that are the same with every standard library.
class Draw {
 public:
  explicit Draw(unsigned seed = 5) : random_(seed) {}
  std::uint32_t bits() { return static_cast<std::uint32_t>(random_()); }
  std::uint32_t below(std::uint32_t n) { return bits() % n; }
  double uniform() { return (bits() + 0.5) / 4294967296.0; }
  double gaussian() { return std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform()); }
  double rare() { return std::pow(50257.0, uniform()) - 1; }  ///< As tokens of a vocabulary occur: few of them often.

 private:
  std::mt19937 random_;
};

template <class T>
std::vector<std::byte> weights(std::size_t size) {
  Draw draw;
  return elements_of<T>(size, [&](std::size_t) { return static_cast<T>(static_cast<float>(0.02 * draw.gaussian())); });
}

template <class T>
std::vector<std::byte> sparse_gradient(std::size_t size) {
  Draw draw;
  return elements_of<T>(size, [&](std::size_t) {
    return draw.below(20) == 0 ? static_cast<T>(static_cast<float>(1e-3 * draw.gaussian())) : T{};
  });
}

template <class T>
std::vector<std::byte> tokens(std::size_t size) {
  Draw draw;
  return elements_of<T>(size, [&](std::size_t) { return draw.rare(); });
}

template <class T, unsigned n>
std::vector<std::byte> whole_numbers(std::size_t size) {
  Draw draw;
  return elements_of<T>(size, [&](std::size_t) { return draw.below(n); });
}

/// Adam's moments: each row has gradients of its own size.
template <int power>
std::vector<std::byte> moments(std::size_t size) {
  Draw draw;
  double scale = 0;
  return elements_of<float>(size, [&](std::size_t i) {
    if (i % 512 == 0) scale = 1e-4 * std::exp(1.5 * draw.gaussian());
    return power == 1 ? scale * draw.gaussian() : std::pow(scale * (0.5 + draw.uniform()), 2);
  });
}

inline std::vector<std::byte> words(std::size_t size) {
  Draw draw;
  std::vector<std::string> vocabulary(3000);
  for (std::string& word : vocabulary) {
    for (std::uint32_t i = 2 + draw.below(8); i > 0; --i) word += static_cast<char>('a' + draw.below(26));
  }
  std::string all;
  while (all.size() < size) all += vocabulary[static_cast<std::size_t>(draw.rare()) % vocabulary.size()] + ' ';
  return elements_of<char>(size, [&](std::size_t i) { return all[i]; });
}

inline const std::vector<Content>& contents() {
  using namespace cairn;
  static const std::vector<Content> all{
      {"bfloat16 weights", DType::bfloat16, weights<bfloat16>},
      {"float16 weights", DType::float16, weights<float16>},
      {"float32 weights", DType::float32, weights<float>},
      {"complex64 weights", DType::complex64, weights<float>},
      {"float64 weights", DType::float64, weights<double>},
      {"float8 weights", DType::float8_e4m3fn, weights<float8_e4m3fn>},
      {"first moments", DType::float32, moments<1>},
      {"second moments", DType::float32, moments<2>},
      {"a sparse gradient", DType::float32, sparse_gradient<float>},
      {"a sparse bfloat16 gradient", DType::bfloat16, sparse_gradient<bfloat16>},
      {"bfloat16 values in float32", DType::float32,
       [](std::size_t size) {
         Draw draw;
         return elements_of<float>(
             size, [&](std::size_t) { return float(bfloat16(static_cast<float>(0.02 * draw.gaussian()))); });
       }},
      {"whole numbers in float32", DType::float32, whole_numbers<float, 256>},
      {"token ids", DType::int64, tokens<std::int64_t>},
      {"short token ids", DType::int32, tokens<std::int32_t>},
      {"a counter", DType::int64,
       [](std::size_t size) { return elements_of<std::int64_t>(size, [](auto i) { return i; }); }},
      {"classes", DType::int64, whole_numbers<std::int64_t, 10>},
      {"a wave", DType::int16,
       [](std::size_t size) {
         return elements_of<std::int16_t>(size, [](auto i) { return 8000 * std::sin(0.03 * static_cast<double>(i)); });
       }},
      {"a mask", DType::boolean,
       [](std::size_t size) {
         Draw draw;
         return elements_of<bool>(size, [&](std::size_t) { return draw.below(10) == 0; });
       }},
      {"text", DType::uint8, words},
      {"noise", DType::uint8, whole_numbers<std::uint8_t, 256>},
      {"noise in float32", DType::float32, whole_numbers<std::uint8_t, 256>},
      {"zeros", DType::float32, [](std::size_t size) { return std::vector<std::byte>(size / 4 * 4); }},
      {"zeros but one", DType::bfloat16,
       [](std::size_t size) {
         return elements_of<std::uint16_t>(size, [&](auto i) { return i == size / 3 ? 0x3f80 : 0; });
       }},
  };
  return all;
}
