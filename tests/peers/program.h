// Programs of tensor operations as text: what compare.py writes, PyTorch computes, and evaluate.cpp repeats with Cairn.
//
//   case sum/12                      a name, then what is computed, line by line
//   a = leaf sum/12.a                a tensor of the file of inputs; `input` where no gradient is wanted
//   b = transpose a 0 1              results, a function, its arguments
//   add_ b 2.5                       what works in place gives no new name
//   c = split b [1,2] 0
//   return c.1                       of several results the second; what has one is called by its name alone
//   backward c.1 sum/12.g            c.1.backward(g)
//
// An argument is a number (2 is whole, 2.0 is not), true, false, none, a list of whole numbers [1,-2], a list of
// tensors (a,b), or a word: a tensor's name, or a dtype.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <cairn/core/shape.h>

namespace peers {

struct None {};
struct Word {
  std::string text;
};
struct Words {
  std::vector<std::string> texts;
};
using Argument = std::variant<None, bool, std::int64_t, double, cairn::Shape, Words, Word>;

struct Statement {
  std::string result;  ///< Empty where the line gives no name.
  std::string function;
  std::vector<Argument> arguments;
};

struct Case {
  std::string name;
  std::vector<Statement> statements;
};

/// Throws cairn::ValueError, naming the line, for what is not of this form.
std::vector<Case> parse(std::string_view text);

}  // namespace peers
