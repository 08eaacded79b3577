#include <cairn/nn/module_list.h>

#include <cairn/core/ops.h>
#include <cairn/nn/gelu.h>
#include <cairn/nn/identity.h>
#include <cairn/nn/linear.h>
#include <cairn/nn/relu.h>
#include <cairn/nn/sequential.h>
#include <cairn/nn/sigmoid.h>
#include <cairn/nn/tanh.h>

#include "catch.h"
#include "models.h"

using namespace cairn;

namespace {

std::vector<std::string> names(const nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& [name, child] : module.named_children()) names.push_back(name + " " + child->name());
  return names;
}
using Names = std::vector<std::string>;

struct Stack : nn::Module {
  nn::Child<nn::ModuleList> layers{this, "layers"};
  explicit Stack(int count) {
    for (int i = 0; i < count; ++i) layers->append(nn::Linear(2, 2));
  }
  Tensor forward(const Tensor& x) override {
    Tensor y = x;
    for (nn::Module& layer : *layers) y = layer(y);
    return y;
  }
};

}  // namespace

TEST_CASE("the parameters of a list's modules belong to the model") {
  Stack stack(3);
  CHECK(stack.state_dict().keys() == Names{"layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias",
                                           "layers.2.weight", "layers.2.bias"});
  const Tensor x = ones({1, 2});
  const nn::ModuleList& layers = *stack.layers;
  CHECK(models::values(stack(x)) == models::values(layers[2](layers[1](layers[0](x)))));
  Stack copy = stack;
  CHECK(models::values(copy(x)) == models::values(stack(x)));
  CHECK_FALSE(&(*copy.layers)[0] == &layers[0]);
}

TEST_CASE("modules of a list that print alike stand in one line") {
  nn::ModuleList list{nn::Linear(2, 2), nn::ReLU(), nn::ReLU(), nn::Linear(2, 2)};
  CHECK(to_string(list) ==
        "ModuleList(\n  (0): Linear(in_features=2, out_features=2, bias=True)\n  (1-2): 2 x ReLU()\n"
        "  (3): Linear(in_features=2, out_features=2, bias=True)\n)");
  nn::ModuleList nested{nn::Sequential(nn::Tanh()), nn::Sequential(nn::Tanh())};
  CHECK(to_string(nested) == "ModuleList(\n  (0-1): 2 x Sequential(\n    (0): Tanh()\n  )\n)");
  CHECK(to_string(nn::ModuleList()) == "ModuleList()");
}

TEMPLATE_TEST_CASE("what is put in or taken out moves the names of those after it", "", nn::ModuleList,
                   nn::Sequential) {
  TestType list{nn::Tanh(), nn::ReLU()};
  list.insert(1, nn::GELU());
  CHECK(names(list) == Names{"0 Tanh", "1 GELU", "2 ReLU"});
  list.insert(-1, nn::make<nn::Sigmoid>());
  CHECK(names(list) == Names{"0 Tanh", "1 GELU", "2 Sigmoid", "3 ReLU"});
  list.insert(4, nn::Identity());
  CHECK(list.pop(1)->name() == "GELU");
  CHECK(names(list) == Names{"0 Tanh", "1 Sigmoid", "2 ReLU", "3 Identity"});
  CHECK(list.pop()->name() == "Identity");
  list.erase(-3);
  CHECK(names(list) == Names{"0 Sigmoid", "1 ReLU"});
  list.set(0, nn::Tanh());
  list.extend(TestType{nn::GELU(), nn::Tanh()});
  CHECK(names(list) == Names{"0 Tanh", "1 ReLU", "2 GELU", "3 Tanh"});
  CHECK(list.size() == 4);
  CHECK(&list[-1] == &list[3]);
  CHECK(list.shared(0).get() == &list[0]);
  CHECK_THROWS_WITH(list[4], "index 4 is out of range");
  CHECK_THROWS_WITH(list.pop(-5), "index -5 is out of range");
  CHECK_THROWS_WITH(list.insert(9, nn::Tanh()), "Index out of range: 9");
  CHECK(list.size() == 4);
}

TEST_CASE("a list extended by itself holds every module twice") {
  nn::ModuleList list{nn::Tanh(), nn::ReLU()};
  list.extend(list);
  CHECK(list.size() == 4);
  CHECK(&list[0] == &list[2]);
}

TEST_CASE("a slice of a list shares the modules, numbered anew; of a sequential they keep their names") {
  const nn::ModuleList list{nn::Tanh(), nn::ReLU(), nn::GELU()};
  CHECK(names(list.slice(1)) == Names{"0 ReLU", "1 GELU"});
  CHECK(names(list.slice(-3, -1)) == Names{"0 Tanh", "1 ReLU"});
  CHECK(names(list.slice(2, 1)).empty());
  CHECK(&list.slice(1)[0] == &list[1]);
  nn::Sequential model{nn::Tanh(), nn::ReLU(), nn::GELU()};
  CHECK(names(model.slice(1, 100)) == Names{"1 ReLU", "2 GELU"});
}

TEST_CASE("nothing can be put before a module whose name is not its place") {
  nn::Sequential model;
  model.push_back("a", nn::Tanh());
  model.push_back("b", nn::ReLU());
  model.push_back(nn::GELU());
  CHECK_THROWS_AS(model.insert(1, nn::Identity()), KeyError);
  CHECK(names(model) == Names{"a Tanh", "b ReLU", "2 GELU"});
  model.pop(0);
  CHECK(names(model) == Names{"0 ReLU", "1 GELU"});
}

TEST_CASE("a child that is declared stays where it is") {
  struct Model : nn::Sequential {
    nn::Child<nn::Linear> head{this, "head", 2, 2};
  };
  Model model;
  model.append(nn::Tanh());
  CHECK_THROWS_AS(model.pop(0), TypeError);
  CHECK(names(model) == Names{"head Linear", "1 Tanh"});
}

TEST_CASE("a list computes nothing") {
  nn::ModuleList list{nn::Tanh()};
  CHECK_THROWS_WITH(list(ones({1})), Catch::Matchers::StartsWith("Module [ModuleList] is missing the required"));
}
