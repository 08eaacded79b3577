// Everything in optim.
#pragma once

#include <cairn/optim/adagrad.h>
#include <cairn/optim/adam.h>
#include <cairn/optim/adamw.h>
#include <cairn/optim/cosine_annealing_lr.h>
#include <cairn/optim/exponential_lr.h>
#include <cairn/optim/lambda_lr.h>
#include <cairn/optim/linear_lr.h>
#include <cairn/optim/lr_scheduler.h>
#include <cairn/optim/multi_step_lr.h>
#include <cairn/optim/one_cycle_lr.h>
#include <cairn/optim/optimizer.h>
#include <cairn/optim/parameter_list.h>
#include <cairn/optim/reduce_lr_on_plateau.h>
#include <cairn/optim/rmsprop.h>
#include <cairn/optim/sgd.h>
#include <cairn/optim/step_lr.h>
