// PyTorch's exact texts: of errors, of results, of what is printed.
//
// What to do is read from the expected text itself: the mistake that leads to "Invalid learning rate: -1" is a learning
// rate of -1, and a printed module can be built from its printed form. The model that the state dicts are loaded into
// is My, with fc1 = Linear(3, 5) and fc2 = Linear(5, 2), or Bn, with bn = BatchNorm1d(4).
#include <functional>
#include <regex>

#include <cairn/core/autograd.h>
#include <cairn/core/ops.h>
#include <cairn/core/print.h>
#include <cairn/io/load.h>
#include <cairn/io/save.h>

#include "builders.h"
#include "tensor_texts.h"

namespace golden {

using namespace cairn;

namespace {

struct My : nn::Module {
  nn::Child<nn::Linear> fc1{this, "fc1", 3, 5};
  nn::Child<nn::Linear> fc2{this, "fc2", 5, 2};
  Tensor forward(const Tensor& x) override { return fc2(relu(fc1(x))); }
};

struct Bn : nn::Module {
  nn::Child<nn::BatchNorm1d> bn{this, "bn", 4};
  Tensor forward(const Tensor& x) override { return bn(x); }
};

/// The keys in `"a", "b"` or `'a', 'b'`.
std::vector<std::string> quoted_keys(const std::string& text) {
  std::vector<std::string> keys;
  const std::regex quoted("[\"']([^\"']*)[\"']");
  for (std::sregex_iterator match(text.begin(), text.end(), quoted), end; match != end; ++match)
    keys.push_back((*match)[1]);
  return keys;
}

Shape to_shape(const std::string& text) { return Shape{std::span<const std::int64_t>(whole_numbers(text))}; }

std::string group_of(const std::string& text, const std::string& pattern) {
  std::smatch match;
  return std::regex_search(text, match, std::regex(pattern)) ? match[1].str() : std::string();
}

/// A state dict of `model` in which everything is wrong that `text` complains of.
StateDict damaged(const nn::Module& model, const std::string& text) {
  StateDict state = model.state_dict();
  for (const std::string& key :
       quoted_keys(group_of(text, "(?:Missing key\\(s\\) in state_dict: |missing_keys=\\[)([^\\n\\]]*)")))
    state.pop(key);
  for (const std::string& key :
       quoted_keys(group_of(text, "(?:Unexpected key\\(s\\) in state_dict: |unexpected_keys=\\[)([^\\n\\]]*)")))
    state.set(key, zeros({1}));
  const std::regex mismatch("size mismatch for (\\S+): copying a param with shape torch\\.Size\\(\\[([^\\]]*)\\]\\)");
  for (std::sregex_iterator match(text.begin(), text.end(), mismatch), end; match != end; ++match) {
    state.set((*match)[1], zeros(to_shape((*match)[2])));
  }
  return state;
}

/// The same entries without metadata, as a dict that somebody rebuilt.
Value rebuilt(const StateDict& state) {
  Dict dict;
  for (const auto& [key, value] : state) dict.set(key, value);
  return dict;
}

std::string load(const std::string& setup, const std::string& text) {
  const bool strict = setup.find("strict=False") == setup.npos;
  My my;
  Bn bn;
  const bool is_bn = setup.find("bn.") != setup.npos;
  nn::Module& model = is_bn ? static_cast<nn::Module&>(bn) : my;
  StateDict state = damaged(model, text);
  if (setup.find("no version metadata") == setup.npos)
    return to_string(model.load_state_dict(state, {.strict = strict}));
  for (const std::string& key : model.state_dict().keys()) {
    if (setup.find(key + " missing") != setup.npos) state.pop(key);
  }
  return to_string(model.load_state_dict(rebuilt(state), {.strict = strict}));
}

std::unique_ptr<optim::Optimizer> sgd_of(std::vector<std::size_t> group_sizes) {
  std::vector<optim::ParameterGroup> groups;
  for (const std::size_t size : group_sizes) {
    optim::ParameterGroup group;
    for (std::size_t i = 0; i < size; ++i) group.parameters.tensors.push_back(zeros({2}, {.requires_grad = true}));
    groups.push_back(std::move(group));
  }
  return std::make_unique<optim::SGD>(std::move(groups));
}

void make_with(const std::string& kind, const Json& args) {
  std::vector<optim::ParameterGroup> groups(1);
  groups[0].parameters = std::vector<Tensor>{zeros({2}, {.requires_grad = true})};
  make_optimizer(kind, std::move(groups), args);
}

/// What makes Cairn say a text. `m` are the groups of the pattern, `setup` is the case's own words.
struct Mistake {
  std::string pattern;
  std::function<void(const std::smatch& m, const std::string& setup)> make;
};

const std::vector<Mistake>& mistakes() {
  static const std::vector<Mistake> table = {
      {"Expected state_dict to be dict-like, got <class 'int'>\\.",
       [](const auto&, const auto&) { My().load_state_dict(Value(5)); }},
      {"loaded state dict has a different number of parameter groups",
       [](const auto&, const auto&) {
         sgd_of({1, 1})->load_state_dict(sgd_of({1})->state_dict());
       }},
      {"loaded state dict contains a parameter group that doesn't match the size of optimizer's group",
       [](const auto&, const auto&) { sgd_of({2})->load_state_dict(sgd_of({1})->state_dict()); }},
      {"Invalid learning rate: (.*)",
       [](const auto& m, const auto&) {
         make_with("SGD", {{"lr", from_python(m[1])}});
       }},
      {"Invalid momentum value: (.*)",
       [](const auto& m, const auto&) {
         make_with("SGD", {{"momentum", from_python(m[1])}});
       }},
      {"Invalid weight_decay value: (.*)",
       [](const auto& m, const auto&) {
         make_with("SGD", {{"weight_decay", from_python(m[1])}});
       }},
      {"Nesterov momentum requires a momentum and zero dampening",
       [](const auto&, const auto&) {
         make_with("SGD", {{"nesterov", true}});
       }},
      {"Invalid beta parameter at index (\\d): (.*)",
       [](const auto& m, const auto&) {
         Json betas = {0.9, 0.999};
         betas.at(static_cast<std::size_t>(std::stoi(m[1]))) = from_python(m[2]);
         make_with("Adam", {{"betas", betas}});
       }},
      {"Invalid epsilon value: (.*)",
       [](const auto& m, const auto&) {
         make_with("Adam", {{"eps", from_python(m[1])}});
       }},
      {"optimizer got an empty parameter list", [](const auto&, const auto&) { optim::SGD(std::vector<Tensor>{}); }},
      {"Attempting to deserialize object on a CUDA device but .*",
       [](const auto&, const auto&) {
         io::load_memory(io::save_to_memory({{"x", zeros({2})}}).data, {.map_location = "cuda:0"});
       }},
      {"addmm: mat1 and mat2 shapes cannot be multiplied \\((\\d+)x(\\d+) and (\\d+)x(\\d+)\\)",
       [](const auto& m, const auto&) {
         nn::Linear(std::stoi(m[3]), std::stoi(m[4]))(zeros({std::stoi(m[1]), std::stoi(m[2])}));
       }},
      {"The size of tensor a \\((\\d+)\\) must match the size of tensor b \\((\\d+)\\) at non-singleton dimension "
       "(\\d+)",
       [](const auto& m, const auto&) {
         Shape a, b;
         for (int i = 0; i < std::stoi(m[3]); ++i) a.push_back(2), b.push_back(2);
         a.push_back(std::stoi(m[1]));
         b.push_back(std::stoi(m[2]));
         add(zeros(a), zeros(b));
       }},
      {"Sizes of tensors must match except in dimension (\\d+)\\. Expected size (\\d+) but got size (\\d+) for tensor "
       "number (\\d+) in "
       "the list\\.",
       [](const auto& m, const auto&) {
         Shape like(std::vector<std::int64_t>(static_cast<std::size_t>(std::stoi(m[1]) + 2), 2));
         like[like.rank() - 1] = std::stoi(m[2]);
         std::vector<Tensor> tensors(static_cast<std::size_t>(std::stoi(m[4])), zeros(like));
         like[like.rank() - 1] = std::stoi(m[3]);
         tensors.push_back(zeros(like));
         cat(tensors, std::stoi(m[1]));
       }},
      {"Expected more than 1 value per channel when training, got input size torch\\.Size\\((\\[.*\\])\\)",
       [](const auto& m, const auto&) {
         const Shape shape = to_shape(m[1]);
         nn::BatchNorm1d bn(shape.at(1));
         bn(zeros(shape));
       }},
      {"Trying to backward through the graph a second time .*",
       [](const auto&, const auto&) {
         const Tensor x = ones({3}, {.requires_grad = true}), y = (x * x).sum();
         y.backward();
         y.backward();
       }},
      {"grad can be implicitly created only for scalar outputs",
       [](const auto&, const auto&) { (ones({3}, {.requires_grad = true}) * 2).backward(); }},
      {"a leaf Variable that requires grad is being used in an in-place operation\\.",
       [](const auto&, const auto&) { ones({3}, {.requires_grad = true}).add_(1); }},
      {"shape '(\\[.*\\])' is invalid for input of size (\\d+)",
       [](const auto& m, const auto&) { zeros({std::stoi(m[2])}).view(to_shape(m[1])); }},
      {"only one dimension can be inferred",
       [](const auto&, const auto&) {
         zeros({6}).reshape({-1, -1});
       }},
      {"Target (-?\\d+) is out of bounds\\.",
       [](const auto& m, const auto&) {
         const Tensor target = full({1}, std::stoi(m[1]), {.dtype = DType::int64});
         cross_entropy(zeros({1, std::min(3, std::max(1, std::stoi(m[1])))}), target);
       }},
      {"Dimension out of range \\(expected to be in range of \\[-(\\d+), \\d+\\], but got (-?\\d+)\\)",
       [](const auto& m, const auto&) {
         Shape shape;
         for (int i = 0; i < std::stoi(m[1]); ++i) shape.push_back(2);
         sum(zeros(shape), {std::stoi(m[2])});
       }},
  };
  return table;
}

void run_error(const std::string& setup, const std::string& expected) {
  try {
    if (expected.starts_with("Error(s) in loading state_dict for ")) {
      load(setup.find("bn.") != setup.npos || expected.find("for Bn") != expected.npos ? "bn. " + setup : setup,
           expected);
      throw Failure("no error was thrown");
    }
    std::smatch match;
    for (const Mistake& mistake : mistakes()) {
      if (!std::regex_match(expected, match, std::regex(mistake.pattern))) continue;
      mistake.make(match, setup);
      throw Failure("no error was thrown");
    }
  } catch (const Error& error) {
    return expect_text("the error", error.message(), expected);
  }
  throw Failure("how to make this mistake is not known: " + expected);
}

/// "SGD (\nParameter Group 0\n    lr: 0.01\n)"
std::string printed_optimizer(const std::string& expected) {
  std::vector<optim::ParameterGroup> groups;
  const std::regex line("(Parameter Group \\d+)|    (\\w+): (.*)");
  std::vector<Json> all;
  for (std::sregex_iterator match(expected.begin(), expected.end(), line), end; match != end; ++match) {
    if ((*match)[1].matched)
      all.push_back(Json::object());
    else
      all.at(all.size() - 1)[(*match)[2].str()] = from_python((*match)[3]);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    groups.push_back({std::vector<Tensor>{zeros({2}, {.requires_grad = true})}, i == 0 ? Dict() : to_options(all[i])});
  }
  return to_string(*make_optimizer(expected.substr(0, expected.find(' ')), std::move(groups), all.at(0)));
}

std::string printed(const std::string& expected) {
  if (expected.starts_with("torch.Size(")) return to_string(to_shape(expected));
  if (expected.starts_with("tensor(") || expected.starts_with("Parameter containing:"))
    return to_string(tensor_from(expected));
  if (expected.find(" (\nParameter Group 0\n") != expected.npos) return printed_optimizer(expected);
  return to_string(*module_from(expected));
}

}  // namespace

void run_text(const Json& entry) {
  const std::string setup = entry.value("setup", "");
  if (entry.contains("repr")) return expect_text("repr", printed(entry["repr"]), entry["repr"]);
  if (entry.contains("returns")) {
    std::string without_strict = setup;
    if (std::string(entry["returns"]).starts_with("_IncompatibleKeys")) without_strict += " strict=False";
    return expect_text("the result", load(without_strict, entry["returns"]), entry["returns"]);
  }
  expect(entry.contains("text"), "the case has nothing to compare with");
  run_error(setup, entry["text"]);
}

}  // namespace golden
