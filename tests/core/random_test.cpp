// Random numbers, bit for bit those of PyTorch 2.15 on the CPU.
#include <cairn/core/random.h>

#include "catch.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <thread>
#include <vector>

#include <cairn/core/autograd.h>
#include <cairn/core/backend.h>
#include <cairn/core/error.h>
#include <cairn/core/ops.h>
#include <cairn/core/print.h>

#include "devices.h"

using namespace cairn;

namespace {

template <class T>
std::vector<T> values(const Tensor& tensor) {
  const auto data = tensor.data<T>();
  return {data.begin(), data.end()};
}

/// FNV-1a of the bytes, to compare long results with PyTorch's.
template <class T>
std::uint64_t hash(const Tensor& tensor) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  const auto data = tensor.data<T>();
  const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
  for (std::size_t i = 0; i < data.size_bytes(); ++i) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

}  // namespace

TEST_CASE("rand draws PyTorch's numbers in float32 and float64") {
  CHECK(values<float>(rand({5}, {}, Generator(7))) ==
        std::vector<float>{0.53492254f, 0.198803186f, 0.659211695f, 0.656890273f, 0.232761562f});
  CHECK(hash<float>(rand({1000}, {}, Generator(8))) == 0xfbd287166377500cu);
  CHECK(values<double>(rand({9}, {.dtype = DType::float64}, Generator(10))) ==
        std::vector<double>{0.6646772855573456, 0.4999868843984262, 0.7115785803866129, 0.5503520164067086,
                            0.9423644940003119, 0.3835373044832867, 0.6327446504631091, 0.5668984725790632,
                            0.3389893835081328});
}

TEST_CASE("uniform_ scales with one rounding, as PyTorch's") {
  const Tensor drawn = zeros({20});
  uniform_(drawn, -0.5, 2.0, Generator(18));
  CHECK(values<float>(drawn) == std::vector<float>{0.739515841f,   0.646891594f,  0.490160704f,  1.38031268f,
                                                   1.80494475f,    1.01121867f,   0.877741992f,  0.860204518f,
                                                   -0.0708367229f, 0.0423367023f, -0.412773371f, 1.86430669f,
                                                   0.805067658f,   0.210545331f,  1.75308728f,   1.25035226f,
                                                   1.45979095f,    0.763157427f,  0.115788996f,  1.06799138f});
}

TEST_CASE("randperm is PyTorch's permutation") {
  CHECK(values<std::int64_t>(randperm(10, Generator(16))) == std::vector<std::int64_t>{1, 9, 3, 8, 5, 2, 6, 7, 0, 4});
  CHECK(hash<std::int64_t>(randperm(1000, Generator(17))) == 0xd6412a88590893cdu);
  CHECK(randperm(0).numel() == 0);
  CHECK(values<std::int64_t>(randperm(1)) == std::vector<std::int64_t>{0});
  CHECK_THROWS_AS(randperm(-1), ValueError);
}

TEST_CASE("The state is PyTorch's 5056 bytes, and the numbers go on from it") {
  Generator generator(7);
  rand({5}, {}, generator);
  const Tensor state = generator.get_state();
  CHECK(state.dtype() == DType::uint8);
  CHECK(state.shape() == Shape{Generator::state_size});
  CHECK(hash<std::uint8_t>(state) == 0x5e982410340632f5u);

  const std::vector<float> next = {0.425061405f, 0.207086027f, 0.629736364f, 0.365316153f};
  CHECK(values<float>(rand({4}, {}, generator)) == next);
  Generator other(99);
  other.set_state(state);
  CHECK(other.initial_seed() == 7);
  CHECK(values<float>(rand({4}, {}, other)) == next);
}

TEST_CASE("A state comes back byte for byte, at every position of the twister") {
  Generator generator(3);
  for (int i = 0; i < 1300; ++i) {
    const Tensor state = generator.get_state();
    Generator copy(0);
    copy.set_state(state);
    REQUIRE(hash<std::uint8_t>(copy.get_state()) == hash<std::uint8_t>(state));
    REQUIRE(copy.random() == generator.random());
  }
}

TEST_CASE("A normal sample that PyTorch left over in the state is kept") {
  Tensor state = Generator(1).get_state();
  const double sample = 0.75;
  std::memcpy(state.data<std::uint8_t>().data() + 5024, &sample, sizeof sample);
  state.data<std::uint8_t>()[5040] = 1;
  const float small = -1.5f;
  std::memcpy(state.data<std::uint8_t>().data() + 5048, &small, sizeof small);
  state.data<std::uint8_t>()[5052] = 1;
  Generator generator;
  generator.set_state(state);
  CHECK(hash<std::uint8_t>(generator.get_state()) == hash<std::uint8_t>(state));
}

TEST_CASE("What is no state is refused with PyTorch's text, and changes nothing") {
  Generator generator(5);
  const std::uint64_t before = hash<std::uint8_t>(generator.get_state());
  CHECK_THROWS_WITH(generator.set_state(zeros({5056})), "RNG state must be a torch.ByteTensor");
  CHECK_THROWS_WITH(generator.set_state(zeros({10}, {.dtype = DType::uint8})),
                    "Expected a CPUGeneratorImplStateLegacy of size 5048 or a CPUGeneratorImplState of size 5056 but "
                    "found the input RNG state size to be 10");
  CHECK_THROWS_WITH(generator.set_state(zeros({5056}, {.dtype = DType::uint8})), "Invalid mt19937 state");
  const auto damaged = [&](std::size_t offset, std::uint8_t value) {
    Tensor state = generator.get_state();
    state.data<std::uint8_t>()[offset] = value;
    return state;
  };
  CHECK_THROWS_AS(generator.set_state(damaged(8, 0)), StateDictError);     // nothing left, and no refill
  CHECK_THROWS_AS(generator.set_state(damaged(9, 0xff)), StateDictError);  // more left than there are
  CHECK_THROWS_AS(generator.set_state(damaged(12, 0)), StateDictError);    // not seeded
  CHECK_THROWS_AS(generator.set_state(damaged(18, 1)), StateDictError);    // next beyond the end
  CHECK_THROWS_AS(generator.set_state(damaged(28, 1)), StateDictError);    // a number beyond 32 bits
  generator.random();
  Tensor state = generator.get_state();
  state.data<std::uint8_t>()[16] = 200;  // with 624 left, reading would pass the end
  CHECK_THROWS_AS(generator.set_state(state), StateDictError);
  generator.manual_seed(5);
  CHECK(hash<std::uint8_t>(generator.get_state()) == before);
}

TEST_CASE("A state without the last eight bytes, as PyTorch once wrote it, is read") {
  Generator generator(11);
  rand({3}, {}, generator);
  Generator other;
  other.set_state(generator.get_state().narrow(0, 0, 5048));
  CHECK(other.random64() == generator.random64());
}

TEST_CASE("Copies of a generator are handles of one state; 64 bits are two draws, the first on top") {
  Generator generator(1);
  Generator handle = generator;
  Generator reference(1);
  const std::uint64_t first = reference.random(), second = reference.random();
  CHECK(generator.random64() == (first << 32 | second));
  CHECK(handle.random() == reference.random());
}

TEST_CASE("Seeds beyond 32 bits are remembered whole") {
  CHECK(Generator(0x123456789abcdef0u).initial_seed() == 0x123456789abcdef0u);
  CHECK(Generator().initial_seed() == 67280421310721u);
  CHECK(Generator(0x100000001u).random() == Generator(1).random());
}

TEST_CASE("manual_seed seeds the default generator, which rand draws from") {
  manual_seed(7);
  CHECK(rand({5}).data<float>()[0] == 0.53492254f);
  CHECK(default_generator().initial_seed() == 7);
  Generator own(7);
  manual_seed(1);
  rand({100}, {}, own);
  const float after = rand({1}).data<float>()[0];
  manual_seed(1);
  CHECK(rand({1}).data<float>()[0] == after);
}

TEST_CASE("A generator's state is loaded by a plan, at commit and not before") {
  Generator source(5), target(6);
  rand({3}, {}, source);
  const Value saved = source.state();
  LoadPlan plan = target.plan_load(saved);
  CHECK(target.initial_seed() == 6);
  plan.commit();
  CHECK(target.initial_seed() == 5);
  CHECK(target.random64() == source.random64());
  CHECK_THROWS_AS(target.plan_load(3), StateDictError);
  CHECK_THROWS_AS(target.plan_load(zeros({3}, {.dtype = DType::uint8})), StateDictError);
}

TEST_CASE("float16 and bfloat16 are drawn as floats and rounded last") {
  const Tensor wide = rand({4000}, {}, Generator(3)), scaled = zeros({4000});
  uniform_(scaled, -0.1, 0.1, Generator(3));
  for (DType dtype : {DType::float16, DType::bfloat16}) {
    const Tensor drawn = rand({4000}, {.dtype = dtype}, Generator(3)), narrow = zeros({4000}, {.dtype = dtype});
    uniform_(narrow, -0.1, 0.1, Generator(3));
    CHECK(drawn.dtype() == dtype);
    CHECK(values<float>(drawn.to(DType::float32)) == values<float>(wide.to(dtype).to(DType::float32)));
    CHECK(values<float>(narrow.to(DType::float32)) == values<float>(scaled.to(dtype).to(DType::float32)));
  }
}

TEST_CASE("A tensor that is not contiguous is filled in the order of memory, and only it") {
  const Tensor plain = zeros({2, 3}), transposed = zeros({3, 2});
  uniform_(plain, 0, 1, Generator(4));
  uniform_(transposed.t(), 0, 1, Generator(4));
  CHECK(values<float>(transposed) == values<float>(plain));

  const Tensor base = zeros({3, 4});
  uniform_(base.narrow(1, 1, 2), 1, 2, Generator(4));
  const auto numbers = values<float>(base);
  CHECK(std::count(numbers.begin(), numbers.end(), 0.0f) == 6);
  CHECK(numbers[1] == 1 + plain.data<float>()[0]);
}

TEST_CASE("uniform_ bumps the version, and refuses what it cannot fill") {
  const Tensor drawn = zeros({3});
  const auto before = drawn.version();
  uniform_(drawn);
  CHECK(drawn.version() > before);
  CHECK_THROWS_WITH(uniform_(zeros({3}, {.dtype = DType::int64})), "\"uniform_kernel_cpu\" not implemented for 'Long'");
  CHECK_THROWS_WITH(uniform_(drawn, 1, 0), "uniform_ expects to return a [from, to) range, but found from=1 > to=0");
  CHECK_THROWS_AS(uniform_(drawn, -3e38, 3e38), ValueError);
  Tensor leaf = zeros({3});
  leaf.requires_grad_();
  CHECK_THROWS_WITH(uniform_(leaf), "a leaf Variable that requires grad is being used in an in-place operation.");
  const NoGrad no_grad;
  CHECK_NOTHROW(uniform_(leaf));
}

TEST_CASE("On meta nothing is drawn; on a device without a generator the host's numbers arrive", "[device]") {
  Generator generator(7);
  rand({5}, {.device = "meta"}, generator);
  CHECK(generator.random() == Generator(7).random());
  for (const Device device : devices()) {
    if (backend(device).uniform) continue;
    const Tensor there = rand({5}, {.device = device}, Generator(7));
    CHECK(there.device() == device);
    CHECK(values<float>(there.to("cpu")) == values<float>(rand({5}, {}, Generator(7))));
  }
}

TEST_CASE("On every device the same seed gives the same numbers, and every call others", "[device]") {
  for (const Device device : devices()) {
    CAPTURE(device);
    for (const DType dtype : {DType::float32, DType::float64, DType::float16, DType::bfloat16}) {
      const auto draw = [&](const Generator& generator, std::int64_t count) {
        return numbers<double>(rand({count}, {.dtype = dtype, .device = device}, generator));
      };
      const Generator generator(7);
      const std::vector<double> first = draw(generator, 10'001), second = draw(generator, 10'001);
      CHECK(first != second);
      const Generator same(7);
      CHECK(draw(same, 10'001) == first);
      CHECK(draw(same, 10'001) == second);
      CHECK(draw(Generator(8), 10'001) != first);

      double sum = 0, squares = 0;
      for (const double number : first) {
        CHECK((number >= 0 && (number < 1 || dtype == DType::float16 || dtype == DType::bfloat16)));
        sum += number, squares += number * number;
      }
      CHECK(sum / 10'001 == Approx(0.5).margin(0.015));
      CHECK(squares / 10'001 == Approx(1.0 / 3).margin(0.015));
    }
    // A generator whose state was saved goes on alike.
    Generator saved(3), restored(4);
    rand({5}, {.device = device}, saved);
    restored.set_state(saved.get_state());
    CHECK(numbers<float>(rand({9}, {.device = device}, saved)) ==
          numbers<float>(rand({9}, {.device = device}, restored)));
  }
}

TEST_CASE("On every device uniform_ fills views, keeps to its bounds and bumps the version", "[device]") {
  for (const Device device : devices()) {
    const Tensor base = zeros({3, 4}, {.device = device});
    const auto version = base.version();
    uniform_(base.narrow(1, 1, 2), 1, 2, Generator(4));
    CHECK(base.version() > version);
    const auto found = numbers<float>(base);
    CHECK(std::count(found.begin(), found.end(), 0.0f) == 6);
    CHECK(std::count_if(found.begin(), found.end(), [](float number) { return number >= 1 && number < 2; }) == 6);

    const Tensor plain = zeros({2, 3}, {.device = device}), transposed = zeros({3, 2}, {.device = device});
    uniform_(plain, -0.5, 2, Generator(4));
    uniform_(transposed.t(), -0.5, 2, Generator(4));
    CHECK(numbers<float>(transposed) == numbers<float>(plain));  // the order is that of memory

    uniform_(zeros({0}, {.device = device}));
    CHECK_THROWS_AS(uniform_(zeros({3}, {.dtype = DType::int64, .device = device})), DTypeError);
    const Tensor scalar = zeros({}, {.device = device});
    uniform_(scalar, 5, 5.5, Generator(1));
    CHECK(scalar.item() >= 5);
  }
}

TEST_CASE("The default generator gives every draw to one caller, whatever the threads") {
  constexpr std::int64_t each = 100'000;
  manual_seed(1);
  std::vector<Tensor> drawn(4);
  std::vector<std::thread> threads;
  for (Tensor& result : drawn) {
    threads.emplace_back([&result] {
      result = zeros({each});
      for (std::int64_t start = 0; start < each; start += 100) uniform_(result.narrow(0, start, 100));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<float> together, alone = values<float>(rand({4 * each}, {}, Generator(1)));
  for (const Tensor& result : drawn) {
    const auto numbers = values<float>(result);
    together.insert(together.end(), numbers.begin(), numbers.end());
  }
  std::sort(together.begin(), together.end());
  std::sort(alone.begin(), alone.end());
  CHECK(together == alone);
}
