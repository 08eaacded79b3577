#include <cairn/optim/options.h>

#include <cairn/core/error.h>

namespace cairn::optim {

void check_not_negative(const Dict& options, const char* name, const char* what) {
  const Value& value = options.at(name);
  check<ValueError>(value.as_float() >= 0, "Invalid ", what, ": ", to_string(value));
}

void check_implementation(const Dict& options) {
  const auto is_on = [&](const char* name) {
    const Value* option = options.find(name);
    return option && option->is(Value::Kind::boolean) && option->as_bool();
  };
  check<ValueError>(!is_on("differentiable"),
                    "differentiable: a step is no operation that gradients flow through; leave it false");
  check<ValueError>(!(is_on("fused") && is_on("foreach")), "`fused` and `foreach` cannot be `True` together.");
}

}  // namespace cairn::optim
