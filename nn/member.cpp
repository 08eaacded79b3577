#include <cairn/nn/member.h>

#include <utility>

#include <cairn/nn/copy_session.h>
#include <cairn/nn/module.h>

namespace cairn::nn::detail {
namespace {

std::ptrdiff_t distance(const Module* from, const Member* to) {
  return reinterpret_cast<const std::byte*>(to) - reinterpret_cast<const std::byte*>(from);
}

}  // namespace

Module* Member::owner() const {
  if (offset_ == 0) return nullptr;
  return reinterpret_cast<Module*>(const_cast<std::byte*>(reinterpret_cast<const std::byte*>(this)) - offset_);
}

Member::Member(Module* owner, std::string_view name, MemberKind kind) {
  owner->check_name(name, kind);
  const std::ptrdiff_t offset = distance(owner, this);
  owner->add_row({std::string(name), kind, true, offset, nullptr});
  offset_ = offset;
}

Member::Member(Member&& other) noexcept {
  Module* source = other.owner();
  if (!source) return;
  if (CopySession* session = CopySession::find(source, other.offset_)) {
    take_place(*session, other.offset_);
    return;
  }
  offset_ = distance(source, this);
  if (Module::Row* row = source->row_at(other.offset_)) row->offset = offset_;
  other.offset_ = 0;
}

Member::~Member() {
  if (Module* module = owner()) module->remove_row(offset_);
}

void Member::take_place(CopySession& session, std::ptrdiff_t at) {
  Module* destination = session.destination();
  offset_ = distance(destination, this);
  if (Module::Row* row = destination->row_at(at)) {
    row->offset = offset_;
    row->present = true;
  }
  session.arrived(at);
}

namespace {

/// A copy that fails ends its session, so that no later copy of the source takes a place in what is half made.
template <class T>
T copy_in(const CopySession& session, const T& content) {
  Module* const destination = session.destination();
  try {
    return session.copy(content);
  } catch (...) {
    CopySession::close(destination);
    throw;
  }
}

}  // namespace

template <class T>
T Member::join_copy(const Member& other, const T& content) {
  Module* source = other.owner();
  CopySession* session = source ? CopySession::find(source, other.offset_) : nullptr;
  if (!session) return content;
  T copy = copy_in(*session, content);
  take_place(*session, other.offset_);
  return copy;
}

template <class T>
T Member::assigned_copy(const Member& other, const T& content) const {
  Module* source = other.owner();
  CopySession* session = source ? CopySession::find(source, other.offset_) : nullptr;
  if (!session || session->destination() != owner() || offset_ != other.offset_) return content;
  T copy = copy_in(*session, content);
  session->arrived(other.offset_);
  return copy;
}

template Tensor Member::join_copy(const Member&, const Tensor&);
template Tensor Member::assigned_copy(const Member&, const Tensor&) const;
template std::shared_ptr<Module> Member::join_copy(const Member&, const std::shared_ptr<Module>&);
template std::shared_ptr<Module> Member::assigned_copy(const Member&, const std::shared_ptr<Module>&) const;

void throw_not_copyable(const Module& module) {
  throw TypeError(text("clone: ", module.name(), " cannot be copied: its copy constructor is deleted"));
}

void remember_copy_function(Module& module, const std::type_info& type, CopyFunction copy) {
  module.copy_type_ = &type;
  module.copy_function_ = copy;
}

}  // namespace cairn::nn::detail
