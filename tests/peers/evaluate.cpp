// Runs programs (program.h) with Cairn. compare.py and speed.py start it once for all their cases.
//
//   evaluate PROGRAMS INPUTS           prints what came out of each case, a line each:
//
//     case add/3
//     value float32 [2,3] AddBackward0 0000803f...     the numbers as they lie in memory, in hexadecimal
//     grad a float32 [3] ...                           of each leaf; `grad a none`
//     error 2 ValueError 73746570...                   the statement that threw, and the message; ends the case
//
//   evaluate --time PROGRAMS INPUTS    for every line "CASE COUNT" of its input: runs the last statement of the case so
//                                      often, and prints the seconds it took
//   evaluate --list                    prints the names of the functions there are
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>

#include <cairn/core/autograd.h>
#include <cairn/core/ops.h>
#include <cairn/io/interop/safetensors.h>

#include "functions.h"
#include "program.h"

using namespace cairn;
using namespace peers;

namespace {

std::string hexadecimal(const void* memory, std::size_t size) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    const unsigned byte = static_cast<const unsigned char*>(memory)[i];
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text.empty() ? "-" : text;
}

void print_tensor(const std::string& what, const Tensor& tensor) {
  const NoGrad no_grad;
  const Tensor rows = tensor.detach().contiguous();
  const std::string numbers = hexadecimal(rows.raw_data(), static_cast<std::size_t>(rows.nbytes()));
  std::cout << what << ' ' << name(tensor.dtype()) << " [";
  for (int d = 0; d < tensor.dim(); ++d) std::cout << (d > 0 ? "," : "") << tensor.shape()[d];
  std::cout << "] ";
  if (const Node* node = tensor.grad_fn()) std::cout << grad_fn_name(*node) << ' ';
  std::cout << numbers << '\n';
}

/// A case under way.
class Run {
 public:
  Run(const Case& of, const StateDict& inputs) : case_(of), inputs_(inputs) {}

  void step(const Statement& statement) {
    const auto word = [&](std::size_t i) { return std::get<Word>(statement.arguments.at(i)).text; };
    if (statement.function == "input" || statement.function == "leaf") {
      Tensor tensor = inputs_.at(word(0)).clone();
      if (statement.function == "leaf") {
        tensor.requires_grad_();
        leaves_.push_back(statement.result);
      }
      tensors_[statement.result] = {tensor};
    } else if (statement.function == "return") {
      for (const Argument& argument : statement.arguments) returned_.push_back(std::get<Word>(argument).text);
    } else if (statement.function == "backward") {
      const bool given = statement.arguments.size() > 1;
      tensor_called(tensors_, word(0)).backward(given ? inputs_.at(word(1)) : Tensor());
    } else {
      const auto function = functions().find(statement.function);
      check<KeyError>(function != functions().end(), "there is no function ", statement.function);
      std::vector<Tensor> results = function->second(statement.arguments, tensors_);
      if (!statement.result.empty()) tensors_[statement.result] = std::move(results);
    }
  }

  /// Everything, and prints what came out.
  void run_and_print() {
    std::cout << "case " << case_.name << '\n';
    std::size_t line = 0;
    const auto failed = [&](const char* kind, const std::string& message) {
      std::cout << "error " << line << ' ' << kind << ' ' << hexadecimal(message.data(), message.size()) << '\n';
    };
    try {
      for (; line < case_.statements.size(); ++line) step(case_.statements[line]);
      print_results();
    } catch (const IndexError& exception) {
      failed("IndexError", exception.message());
    } catch (const Error& exception) {
      failed("Error", exception.message());
    } catch (const std::exception& exception) {
      failed("exception", exception.what());
    }
  }

 private:
  void print_results() const {
    for (const std::string& returned : returned_)
      for (const Tensor& tensor : results_called(returned)) print_tensor("value", tensor);
    for (const std::string& leaf : leaves_) {
      const Tensor grad = tensor_called(tensors_, leaf).grad();
      if (grad.defined())
        print_tensor("grad " + leaf, grad);
      else
        std::cout << "grad " << leaf << " none\n";
    }
  }

  std::vector<Tensor> results_called(const std::string& name) const {
    if (name.find('.') != name.npos) return {tensor_called(tensors_, name)};
    return tensors_.at(name);
  }

  const Case& case_;
  const StateDict& inputs_;
  Tensors tensors_;
  std::vector<std::string> leaves_, returned_;
};

/// Answers with the seconds that the last statement of a case took, as often as asked.
void answer_times(const std::vector<Case>& cases, const StateDict& inputs) {
  std::string asked;
  std::optional<Run> run;
  std::string ready;
  long count = 0;
  while (std::cin >> asked >> count) {
    const auto found = std::ranges::find(cases, asked, &Case::name);
    check<KeyError>(found != cases.end(), "there is no case ", asked);
    const Statement& last = found->statements.back();
    if (ready != asked) {
      run.emplace(*found, inputs);
      for (std::size_t i = 0; i + 1 < found->statements.size(); ++i) run->step(found->statements[i]);
      ready = asked;
    }
    const auto begin = std::chrono::steady_clock::now();
    for (long i = 0; i < count; ++i) run->step(last);
    std::cout << std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments == std::vector<std::string>{"--list"}) {
    for (const auto& [name, function] : functions()) std::cout << name << '\n';
    return 0;
  }
  const bool timing = !arguments.empty() && arguments[0] == "--time";
  if (arguments.size() != (timing ? 3 : 2)) {
    std::cerr << "usage: evaluate [--time] PROGRAMS INPUTS | evaluate --list\n";
    return 2;
  }
  try {
    std::ifstream file(arguments[timing]);
    check<IoError>(file.good(), "cannot read ", arguments[timing]);
    const std::vector<Case> cases = parse(std::string(std::istreambuf_iterator<char>(file), {}));
    const StateDict inputs = interop::load_safetensors(arguments[timing + 1U]);
    if (timing) {
      answer_times(cases, inputs);
    } else {
      for (const Case& one : cases) Run(one, inputs).run_and_print();
    }
  } catch (const std::exception& exception) {
    std::cerr << "evaluate: " << exception.what() << '\n';
    return 1;
  }
}
