// Random numbers, bit for bit: manual_seed, then the call. A device that draws by itself draws other numbers.
#include <cairn/core/random.h>

#include <regex>

#include <cairn/nn/init.h>

#include "builders.h"

namespace golden {

using namespace cairn;

namespace {

constexpr Tolerance exact{0, 0};

Shape shape_from(const Json& args, std::size_t first) {
  Shape shape;
  for (std::size_t i = first; i < args.size(); ++i) shape.push_back(args.at(i).get<std::int64_t>());
  return shape;
}

Tensor draw(const std::string& call, const Json& args) {
  if (call == "rand") return rand(shape_from(args, 0), {.device = device()});
  if (call == "rand_float64") return rand(shape_from(args, 0), {.dtype = DType::float64, .device = device()});
  if (call == "randn") return randn(shape_from(args, 0), {.device = device()});
  if (call == "randint") {
    return randint(args.at(0).get<std::int64_t>(), args.at(1).get<std::int64_t>(), shape_from(args, 2),
                   {.dtype = DType::int64, .device = device()});
  }
  if (call == "randperm") return randperm(args.at(0).get<std::int64_t>());
  if (call == "uniform_" || call == "normal_") {
    const Tensor tensor = empty(shape_from(args, 2), {.device = device()});
    return (call == "uniform_" ? uniform_ : normal_)(tensor, args.at(0).get<double>(), args.at(1).get<double>(), {});
  }
  if (call == "bernoulli") return bernoulli(full(shape_from(args, 1), args.at(0).get<double>(), {.device = device()}));
  if (call == "dropout_of_ones")
    return dropout(ones(shape_from(args, 1), {.device = device()}), args.at(0).get<double>());
  std::smatch match;
  if (std::regex_match(call, match, std::regex("(\\w+) of (\\[.*\\])"))) {
    const Tensor weight = empty(shape_from(Json::parse(match[2].str()), 0), {.device = device()});
    if (match[1] == "kaiming_normal_") return nn::init::kaiming_normal_(weight);
    if (match[1] == "xavier_uniform_") return nn::init::xavier_uniform_(weight);
  }
  throw Failure("there is no random function " + call);
}

/// "Linear", "Linear_nobias", or "Sequential of Linear(3,5), Linear(5,2)".
std::shared_ptr<nn::Module> make_random_module(const std::string& call, const Json& args) {
  constexpr std::string_view sequence = "Sequential of ", without_bias = "_nobias";
  if (call.ends_with(without_bias)) {
    Json with_bias_off = args;
    with_bias_off.push_back(false);
    return make_module(call.substr(0, call.size() - without_bias.size()), with_bias_off);
  }
  if (!call.starts_with(sequence)) return make_module(call, args);
  auto model = nn::make<nn::Sequential>();
  const std::regex layer("(\\w+)\\(([^)]*)\\)");
  for (std::sregex_iterator match(call.begin() + sequence.size(), call.end(), layer), end; match != end; ++match) {
    model->push_back(make_module((*match)[1], Json::parse("[" + (*match)[2].str() + "]")));
  }
  return model;
}

/// "rand(3) then randperm(5)": one after another, joined as float32.
Tensor draw_in_turn(const std::string& calls) {
  std::vector<float> numbers;
  const std::regex call("(\\w+)\\(([^)]*)\\)");
  for (std::sregex_iterator match(calls.begin(), calls.end(), call), end; match != end; ++match) {
    const Tensor drawn = draw((*match)[1], Json::parse("[" + (*match)[2].str() + "]")).to(Device()).to(DType::float32);
    numbers.insert(numbers.end(), drawn.data<float>().begin(), drawn.data<float>().end());
  }
  return from_data(std::span<const float>(numbers), {static_cast<std::int64_t>(numbers.size())});
}

}  // namespace

void run_random(const Json& golden_case, const Numbers& numbers) {
  const std::string name = golden_case.at("case"), call = golden_case.at("call");
  const Json& args = golden_case.at("args");
  manual_seed(golden_case.at("seed").get<std::uint64_t>());

  if (const Tensor* state = numbers.find(name, "state")) {
    std::smatch match;
    expect(std::regex_search(call, match, std::regex("(rand)\\((\\d+)\\)")), "the call is not understood: ", call);
    draw(match[1], Json::array({std::stoll(match[2])}));
    compare("the state", default_generator().get_state(), *state, exact);
    const Tensor& next = numbers.at(name, "next");
    compare("next", rand(next.shape(), {.device = device()}), next, exact);
    Generator other;
    other.set_state(state->to(Device()));
    compare("next, from the saved state", rand(next.shape(), {.device = device()}, other), next, exact);
    return;
  }
  if (const Tensor* out = numbers.find(name, "out")) {
    const bool several = call.find(" then ") != call.npos;
    return compare("out", several ? draw_in_turn(call) : draw(call, args), *out, exact);
  }
  const auto expected = numbers.all(name, "state.");
  expect(!expected.empty(), "the case has no numbers to compare with");
  const StateDict state = make_random_module(call, args)->state_dict();
  expect(state.size() == expected.size(), "the module has ", keys_text(state));
  for (const auto& [key, tensor] : expected) compare("state." + key, state.at(key), tensor, exact);
}

}  // namespace golden
