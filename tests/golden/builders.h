// From what a case says to what Cairn has: modules and optimizers by PyTorch's names and arguments.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <cairn/nn.h>
#include <cairn/optim.h>

#include "golden.h"

namespace golden {

/// A module of class `kind`. `args` is an object of keywords, or of places ("0", "1") in the order of PyTorch's
/// constructor, or a list in that order. Fails for a class or an argument that does not exist here.
std::shared_ptr<cairn::nn::Module> make_module(const std::string& kind, const Json& args);

/// An optimizer of class `kind` with these groups; `args` are its options. Fails likewise.
std::unique_ptr<cairn::optim::Optimizer> make_optimizer(const std::string& kind,
                                                        std::vector<cairn::optim::ParameterGroup> groups,
                                                        const Json& args);

/// A scheduler of class `kind`. Fails likewise.
std::unique_ptr<cairn::optim::LRScheduler> make_scheduler(const std::string& kind, cairn::optim::Optimizer& optimizer,
                                                          const Json& args);

/// A Dict of options: numbers, flags, None, pairs.
cairn::Dict to_options(const Json& object);

/// Whether `value`, as saved, is what PyTorch's JSON says: kinds, key order and numbers. Tensors are the text "tensor".
bool equals(const cairn::Value& value, const Json& expected);

cairn::Reduction to_reduction(const std::string& name);

}  // namespace golden
