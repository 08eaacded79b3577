// The tensors of a module, declared once, with their names.
//
//   struct Scale : nn::Module {
//     nn::Parameter weight{this, "weight", ones({3})};     // trained: gradients reach it, optimizers move it
//     nn::Buffer calls{this, "calls", zeros({})};          // state that forward() keeps; saved, not trained
//     Tensor forward(const Tensor& x) override { return x * weight; }
//   };
//
// Both are Tensors, and can be assigned: `scale.weight = tensor` gives the module another parameter. Assigning a
// Parameter ties: `decoder.weight = encoder.weight` makes both names lead to one tensor, which is then trained once and
// listed once. Copying a module copies its numbers, and what was tied stays tied.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include <cairn/core/tensor.h>
#include <cairn/nn/member.h>

namespace cairn::nn {

namespace detail {
/// `tensor` as a parameter: itself if it is one, otherwise a leaf on the same numbers. Undefined stays undefined.
Tensor as_parameter(Tensor tensor, bool requires_grad);
}  // namespace detail

/// A tensor that is trained. Undefined it is PyTorch's None: declared, but absent from lists and state dicts.
class Parameter : public Tensor, public detail::Member {
 public:
  /// Declares it in `owner`. Throws KeyError for a name with a dot, an empty or a taken one; DTypeError if
  /// `requires_grad` is asked of a dtype without gradients.
  template <class Owner>
  Parameter(Owner* owner, std::string_view name, Tensor tensor = {}, bool requires_grad = true)
      : Tensor(detail::as_parameter(std::move(tensor), requires_grad)),
        Member(owner, name, detail::MemberKind::parameter) {
    detail::remember_type(owner);
  }

  /// One that belongs to no module, to be assigned to one that does.
  explicit Parameter(Tensor tensor, bool requires_grad = true)
      : Tensor(detail::as_parameter(std::move(tensor), requires_grad)) {}

  Parameter(const Parameter& other);
  Parameter(Parameter&& other) noexcept : Tensor(std::move(static_cast<Tensor&>(other))), Member(std::move(other)) {}
  Parameter& operator=(const Parameter& other);  ///< Ties the two.
  Parameter& operator=(const Tensor& tensor);    ///< A plain tensor becomes a parameter on the same numbers.
  ~Parameter() = default;

 private:
  friend class Module;
};

/// A tensor that is not trained but belongs to the state. One that is not persistent stays out of state dicts.
class Buffer : public Tensor, public detail::Member {
 public:
  /// Declares it in `owner`. Throws KeyError for a name with a dot, an empty or a taken one.
  template <class Owner>
  Buffer(Owner* owner, std::string_view name, Tensor tensor = {}, bool persistent = true)
      : Tensor(std::move(tensor)), Member(owner, name, detail::MemberKind::buffer), persistent_(persistent) {
    detail::remember_type(owner);
  }

  /// One that belongs to no module.
  explicit Buffer(Tensor tensor, bool persistent = true) : Tensor(std::move(tensor)), persistent_(persistent) {}

  Buffer(const Buffer& other);
  Buffer(Buffer&& other) noexcept
      : Tensor(std::move(static_cast<Tensor&>(other))), Member(std::move(other)), persistent_(other.persistent_) {}
  Buffer& operator=(const Buffer& other);
  Buffer& operator=(const Tensor& tensor);
  ~Buffer() = default;

  bool persistent() const { return persistent_; }

 private:
  friend class Module;
  bool persistent_ = true;
};

std::string to_string(const Parameter& parameter);  ///< "Parameter containing:\ntensor([1.], requires_grad=True)"
std::ostream& operator<<(std::ostream& out, const Parameter& parameter);

}  // namespace cairn::nn
