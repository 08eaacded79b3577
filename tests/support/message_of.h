// What a call that must fail says.
#pragma once

#include <string>

#include <cairn/core/error.h>

/// The message of the Error that `f` throws; a text no error has, if it throws none.
template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const cairn::Error& error) {
    return error.message();
  }
  return "nothing was thrown";
}
