// The pretrained network of these lessons: a ResNet18 four channels wide, whose numbers PyTorch saved.
//
// It has the names and the depth of the one that torchvision offers, and a file of 193 KB instead of 45 MB. There the
// class is called ResNet, and the blocks in it BasicBlock.
#pragma once

#include <cairn/interop.h>

#include "lesson.h"

using cairn::train::ResNet18;

/// The file is beside this header.
inline cairn::StateDict pretrained_state() {
  return cairn::interop::load_safetensors(CAIRN_LESSONS_FOLDER "/7_transfer/resnet18_narrow.safetensors");
}

/// The whole network, which knows ten classes.
inline ResNet18 pretrained(cairn::Device device) {
  ResNet18 model({.width = 4, .classes = 10});
  model.load_state_dict(pretrained_state());
  model.to(device);
  return model;
}
