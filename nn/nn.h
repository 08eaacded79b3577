// Everything in nn.
#pragma once

#include <cairn/nn/batch_norm.h>
#include <cairn/nn/call.h>
#include <cairn/nn/child.h>
#include <cairn/nn/conv2d.h>
#include <cairn/nn/cross_entropy_loss.h>
#include <cairn/nn/hooks.h>
#include <cairn/nn/init.h>
#include <cairn/nn/linear.h>
#include <cairn/nn/load_options.h>
#include <cairn/nn/module.h>
#include <cairn/nn/mse_loss.h>
#include <cairn/nn/parameter.h>
#include <cairn/nn/pooling.h>
#include <cairn/nn/registry.h>
#include <cairn/nn/relu.h>
#include <cairn/nn/sequential.h>
#include <cairn/nn/sigmoid.h>
