// Everything in optim.
#pragma once

#include <cairn/optim/adagrad.h>
#include <cairn/optim/adam.h>
#include <cairn/optim/adamw.h>
#include <cairn/optim/optimizer.h>
#include <cairn/optim/parameter_list.h>
#include <cairn/optim/rmsprop.h>
#include <cairn/optim/sgd.h>
