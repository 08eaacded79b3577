// A generator's state, byte for byte that of PyTorch 2.15.
#include <cairn/core/generator.h>

#include <cstring>
#include <thread>
#include <vector>

#include <cairn/core/error.h>
#include <cairn/core/ops.h>
#include <cairn/core/random.h>

#include "catch.h"
#include "fingerprint.h"

using namespace cairn;

namespace {

std::vector<float> values(const Tensor& tensor) {
  const auto data = tensor.data<float>();
  return {data.begin(), data.end()};
}

}  // namespace

TEST_CASE("The state is PyTorch's 5056 bytes, and the numbers go on from it") {
  Generator generator(7);
  rand({5}, {}, generator);
  const Tensor state = generator.get_state();
  CHECK(state.dtype() == DType::uint8);
  CHECK(state.shape() == Shape{Generator::state_size});
  CHECK(hashed(state) == 0x5e982410340632f5u);

  const std::vector<float> next = {0.425061405f, 0.207086027f, 0.629736364f, 0.365316153f};
  CHECK(values(rand({4}, {}, generator)) == next);
  Generator other(99);
  other.set_state(state);
  CHECK(other.initial_seed() == 7);
  CHECK(values(rand({4}, {}, other)) == next);
}

TEST_CASE("A state comes back byte for byte, at every position of the twister") {
  Generator generator(3);
  for (int i = 0; i < 1300; ++i) {
    const Tensor state = generator.get_state();
    Generator copy(0);
    copy.set_state(state);
    REQUIRE(hashed(copy.get_state()) == hashed(state));
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
  CHECK(hashed(generator.get_state()) == hashed(state));
}

TEST_CASE("What is no state is refused with PyTorch's text, and changes nothing") {
  Generator generator(5);
  const std::uint64_t before = hashed(generator.get_state());
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
  CHECK(hashed(generator.get_state()) == before);
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

TEST_CASE("A state saved in the middle of any sampler goes on as if nothing had been") {
  const auto draw_one_of_each = [](const Generator& generator) {
    std::uint64_t hash = hashed(rand({3}, {}, generator));
    hash = hashed(randn({3}, {}, generator), hash);  // leaves the second of a pair behind
    hash = hashed(randn({20}, {}, generator), hash);
    hash = hashed(randint(9, {5}, generator), hash);
    hash = hashed(bernoulli_(zeros({3}), 0.5, generator), hash);
    hash = hashed(bernoulli(full({3}, 0.5), generator), hash);
    hash = hashed(dropout(ones({3}), 0.5, true, generator), hash);
    hash = hashed(randperm(7, generator), hash);
    return hashed(randn({2}, {.dtype = DType::float64}, generator), hash);
  };
  Generator generator(2);
  for (int i = 0; i < 40; ++i) {
    Generator restored(7);
    restored.set_state(generator.get_state());
    REQUIRE(draw_one_of_each(restored) == draw_one_of_each(generator));
    REQUIRE(hashed(restored.get_state()) == hashed(generator.get_state()));
  }
}

TEST_CASE("Samplers one after another draw from one state, as PyTorch's do") {
  CHECK(fingerprint([](const Generator& generator) {
          const Tensor all = zeros({45});
          all.narrow(0, 0, 3).copy_(randn({3}, {}, generator));
          all.narrow(0, 3, 2).copy_(rand({2}, {}, generator));
          all.narrow(0, 5, 20).copy_(randn({20}, {}, generator));
          all.narrow(0, 25, 4).copy_(randn({4}, {}, generator));
          all.narrow(0, 29, 5).copy_(randint(0, 9, {5}, generator));
          all.narrow(0, 34, 3).copy_(bernoulli_(zeros({3}), 0.5, generator));
          all.narrow(0, 37, 7).copy_(randperm(7, generator));
          all.narrow(0, 44, 1).copy_(randn({1}, {}, generator));
          return all;
        }) == 0x58e29ef0018e03f7u);
}

TEST_CASE("Generators of their own on threads of their own do not disturb each other") {
  const auto draw = [](std::uint64_t seed) {
    const Generator generator(seed);
    std::uint64_t hash = 0;
    for (int i = 0; i < 50; ++i) {
      hash = hashed(randn({1001}, {}, generator), hash);
      hash = hashed(randint(1000, {7}, generator), hash);
    }
    return hash;
  };
  std::vector<std::uint64_t> found(4);
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < found.size(); ++i) threads.emplace_back([&, i] { found[i] = draw(i); });
  for (std::thread& thread : threads) thread.join();
  for (std::uint64_t i = 0; i < found.size(); ++i) CHECK(found[i] == draw(i));
}
