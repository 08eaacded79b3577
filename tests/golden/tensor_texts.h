// From the printed form of a tensor or module back to one that prints so.
#pragma once

#include <memory>
#include <string>

#include <cairn/nn.h>

#include "golden.h"

namespace golden {

/// The tensor that is printed as `text`: "tensor([[1., 2.]], dtype=torch.float64)", also with "Parameter containing:"
/// above it. Numbers in the middle that are left out are filled in by counting up. Fails for what it cannot read.
cairn::Tensor tensor_from(const std::string& text);

/// The module that is printed as `text`. A class with children that is not Cairn's own becomes a module of that name.
std::shared_ptr<cairn::nn::Module> module_from(const std::string& text);

/// The numbers in "torch.Size([2, 3])", "[2, 3]" or "(4x7 and 3x5)".
std::vector<std::int64_t> whole_numbers(const std::string& text);

/// A value written in Python: None, True, 1, 0.5, (0.9, 0.999), 'text'.
Json from_python(const std::string& text);

}  // namespace golden
