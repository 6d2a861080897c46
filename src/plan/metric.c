#include "neurank/plan/metric.h"

#include <math.h>
#include <string.h>

/* The last one is also what other programs may have put into a file. */
static const nr_metric_facts rows[] = {{.name = "loss",
                                        .words = "minus cross-entropy in nats",
                                        .quantity = "Shapley value (nats)",
                                        .width = "half-width (nats)",
                                        .unit = "nat",
                                        .marginal_limit = INFINITY},
                                       {.name = "accuracy",
                                        .words = "accuracy",
                                        .quantity = "Shapley value (accuracy)",
                                        .width = "half-width",
                                        .unit = "1",
                                        .marginal_limit = 1},
                                       {.name = "margin",
                                        .words = "logit margin",
                                        .quantity = "Shapley value (logits)",
                                        .width = "half-width",
                                        .unit = "1",
                                        .marginal_limit = INFINITY}};

const nr_metric_facts *nr_plan_metric(const nr_plan *plan) {
    const char *name = nr_plan_get(plan, "metric");
    size_t k = 0, last = sizeof rows / sizeof *rows - 1;
    while (k < last && strcmp(rows[k].name, name) != 0) k++;
    return &rows[k];
}
