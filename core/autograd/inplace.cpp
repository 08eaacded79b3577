// Changes in place, and views: several tensors look at the same numbers, and one of them is written.
//
// A view knows its base: the tensor that was there before all views, so that a view of a view has the same base. To
// write through a view is to change the base, and with it every other view. So the graph is told about the base:
//
//   b = x * 2;  v = b[0];  v.mul_(w);        before                     after
//
//                                      b ──► [Mul] ──► x          b ──► [CopySlices] ──► [Mul] ──► x
//                                      v ──► [Select] ──► [Mul]           │ v.mul_(w) inside  └──► w
//                                                                 v ──► [AsStrided] ──► [CopySlices]
//
// CopySlices is "b, in which the part that v looks at was replaced by what the operation made of it". Its gradient: the
// part of b's gradient goes through the operation's own gradient function (v.mul_(w): times w), and is put back into
// its place; everything around it passes unchanged.
//
// The other views are not told. Each remembers the version of the numbers that its place in the graph belongs to; when
// it is next asked where it came from and the version is another, it gets a new node on top of the base's new one:
// AsStrided, "these elements of the base", which needs no memory of how the view was once made.
//
// Two kinds of view cannot be changed: those made under NoGrad, of which it is not clear what was meant, and those that
// one operation returned several of. detach() makes none of this: its result shares numbers and version, so that a
// gradient which needs overwritten numbers is noticed, and no history.
#include <algorithm>
#include <mutex>
#include <numeric>
#include <vector>

#include <cairn/core/autograd.h>
#include <cairn/core/autograd/anomaly.h>
#include <cairn/core/autograd/strided.h>
#include <cairn/core/autograd/texts.h>
#include <cairn/core/graph.h>
#include <cairn/core/ops.h>

namespace cairn {
namespace {

/// Makes `node` what `tensor` was computed by. A gradient that is kept for the tensor is from now on that of its new
/// value.
void set_history(TensorImpl& tensor, Reference<Node> node) {
  if (tensor.rare && tensor.rare->retained) {
    if (tensor.grad_fn) tensor.grad_fn->retain({});
    node->retain(tensor.rare->retained);
  }
  tensor.grad_fn = std::move(node);
}

/// As node.connect, for an operation that has changed `changed` and bumped its version: an input that looks at the same
/// numbers is what it was before.
void connect_as_before(Node& node, int i, const Tensor* input, const TensorImpl& changed) {
  if (!input || !input->defined()) return;
  TensorImpl& impl = *input->impl();
  if (impl.base && impl.storage.get() == changed.storage.get())
    node.connect(i, impl, view_grad_fn(impl, impl.storage->version() - 1));
  else
    node.connect(i, impl);
}

ViewInBase placed(const TensorImpl& base, const TensorImpl& view, Reference<Node> change = {}) {
  return {base.shape, base.strides, view.shape, view.strides, view.offset - base.offset, std::move(change)};
}

[[noreturn]] void throw_not_to_be_changed(const TensorImpl& view, bool base_was_changed) {
  const char* const changed = base_was_changed ? " and its base or another view of its base has been modified inplace"
                                               : " and is being modified inplace";
  const bool without_grad_mode = view.origin == ViewOrigin::without_grad_mode;
  const std::string output =
      view.grad_fn ? text("Output ", view.view_number, " of ", operation_text(*view.grad_fn), " is a view") : "";
  const std::string what =
      view.grad_fn && !without_grad_mode
          ? text(output, changed, ".")
          : text(view.grad_fn ? output + " of a view which was created in" : "A view was created in", " no_grad mode",
                 changed, " with grad mode enabled.");
  throw AutogradError(
      what + (without_grad_mode
                  ? " Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your "
                    "code by moving both the view and the inplace either both inside the no_grad block (if you don't "
                    "want the inplace to be tracked) or both outside (if you want the inplace to be tracked)."
                  : " This view is the output of a function that returns multiple views. Such functions do not allow "
                    "the output views to be modified inplace. You should replace the inplace operation by an "
                    "out-of-place one."));
}

}  // namespace

/// What reaches into nodes.
struct InPlace {
  static void as_strided_gradient(Node& node, const Tensor& gradient, Tensor* gradients) {
    gradients[0] = gradient_of_base(gradient, *node.rare().view);
  }

  static void copy_slices_gradient(Node& node, const Tensor& gradient, Tensor* gradients) {
    const ViewInBase& view = *node.rare().view;
    check<AutogradError>(static_cast<bool>(view.change), second_backward_text);
    Node& change = *view.change;
    // Nobody else looks at the gradient, as a rule: then it is changed where it is.
    const Tensor whole =
        is_ours(gradient) && gradient.strides() == view.base_strides ? gradient : copy_laid_out_as_base(gradient, view);
    const Tensor part = make_alias(whole, view.shape, view.strides, whole.storage_offset() + view.offset);
    change.needed_ = node.needed_;
    change.gradient_(change, part.clone(), gradients);  // which it may write into
    if (!node.needs(0)) return;
    if (gradients[0].defined())
      part.copy_(gradients[0]);
    else
      part.zero_();
    gradients[0] = whole;
  }

  static void place(Node& node, ViewInBase view) { node.rare().view = std::make_unique<ViewInBase>(std::move(view)); }

  /// The node of an operation that wrote through `view`, from which the base's new node is made.
  static Node* change_of_view(TensorImpl& view, const char* name, GradientFunction gradient, Inputs inputs) {
    TensorImpl& base = *view.base;
    const int edges = static_cast<int>(inputs.size());
    const Reference<Node> change = Node::make(name, gradient, view, edges);
    const Reference<Node> whole = Node::make("CopySlices", copy_slices_gradient, base, edges);
    whole->connect(0, base);
    for (int i = 1; i < edges; ++i) {
      connect_as_before(*change, i, inputs[static_cast<std::size_t>(i)], view);
      connect_as_before(*whole, i, inputs[static_cast<std::size_t>(i)], view);
    }
    change->needed_ = whole->needed_;
    place(*whole, placed(base, view, change));
    set_history(base, whole);
    grad_fn_of(view);
    return change.get();
  }
};

Node* view_grad_fn(TensorImpl& view, std::uint32_t version) {
  if (view.graph_version.load(std::memory_order_acquire) == version) return view.grad_fn.get();
  static std::mutex mutex;  // the first of several threads that read the view brings it up to date
  const std::lock_guard lock(mutex);
  if (view.graph_version.load(std::memory_order_relaxed) == version) return view.grad_fn.get();
  if (!view.grad_fn && !view.base->needs_grad()) return nullptr;
  if (view.origin != ViewOrigin::tracked) throw_not_to_be_changed(view, true);
  Reference<Node> node = Node::make("AsStridedBackward0", InPlace::as_strided_gradient, view, 1);
  node->connect(0, *view.base);
  InPlace::place(*node, placed(*view.base, view));
  set_history(view, std::move(node));
  view.graph_version.store(version, std::memory_order_release);
  return view.grad_fn.get();
}

void record_as_strided(Tensor& view, const Tensor& of) {
  if (Node* node = record(view, "AsStridedBackward0", InPlace::as_strided_gradient, {&of}))
    InPlace::place(*node, placed(*of.impl(), *view.impl()));
}

void set_one_of_several(const Tensor& view, std::uint32_t number) {
  view.impl()->view_number = number;
  if (view.impl()->origin == ViewOrigin::tracked) view.impl()->origin = ViewOrigin::one_of_several;
}

void check_inplace(const Tensor& tensor, Inputs others, Overlap overlap) {
  TensorImpl& impl = *tensor.impl();
  if (thread_state.grad_enabled && (impl.needs_grad() || any_records(others))) {
    if (impl.base) {
      if (impl.origin != ViewOrigin::tracked) throw_not_to_be_changed(impl, false);
      check<AutogradError>(!impl.needs_grad() || impl.base->grad_fn,
                           "a view of a leaf Variable that requires grad is being used in an in-place operation.");
    }
    check<AutogradError>(!impl.needs_grad() || grad_fn_of(impl),
                         "a leaf Variable that requires grad is being used in an in-place operation.");
    for (const Tensor* other : others)
      if (other && records(*other)) grad_fn_of(*other->impl());  // throws before anything is changed
  }
  if (impl.contiguous || overlap == Overlap::allowed) return;
  for (int i = 0; i < impl.shape.rank(); ++i) {
    check<ValueError>(impl.shape[i] <= 1 || impl.strides[i] != 0,
                      "unsupported operation: more than one element of the written-to tensor refers to a single memory "
                      "location. Please clone() the tensor before performing the operation.");
  }
}

Node* record_inplace(const Tensor& self, const char* name, GradientFunction gradient, Inputs inputs) {
  TensorImpl& impl = *self.impl();
  if (!thread_state.grad_enabled || !any_records(inputs) || !is_floating_point(impl.dtype)) return nullptr;
  Node* node;
  if (impl.base) {
    if (impl.origin != ViewOrigin::tracked) throw_not_to_be_changed(impl, false);
    node = InPlace::change_of_view(impl, name, gradient, inputs);
  } else {
    Reference<Node> made = Node::make(name, gradient, impl, static_cast<int>(inputs.size()));
    node = made.get();
    int i = 0;
    for (const Tensor* input : inputs) connect_as_before(*node, i++, input, impl);
    set_history(impl, std::move(made));
  }
  if (thread_state.anomaly) [[unlikely]]
    note_nan(self, name, inputs);
  return node;
}

}  // namespace cairn
