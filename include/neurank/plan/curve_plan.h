/* What curves are measured with. */
#ifndef NEURANK_PLAN_CURVE_PLAN_H
#define NEURANK_PLAN_CURVE_PLAN_H

#include "neurank/nn/ablation.h"
#include "neurank/plan/plan.h"

typedef struct {
    nr_plan_inputs in;
    nr_ablation ablation;
    nr_plan_arithmetic arithmetic;
} nr_curve_plan;

extern const nr_plan_form nr_curve_form;

#endif
