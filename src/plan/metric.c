#include "neurank/plan/metric.h"

#include <math.h>

const char *const nr_metric_words[NR_METRICS] = {[NR_METRIC_LOSS] = "loss",
                                                 [NR_METRIC_ACCURACY] = "accuracy",
                                                 [NR_METRIC_MARGIN] = "margin"};

const nr_metric_facts nr_metric_rows[NR_METRICS] = {
    [NR_METRIC_LOSS] = {.words = "minus cross-entropy in nats",
                        .quantity = "Shapley value (nats)",
                        .width = "half-width (nats)",
                        .unit = "nat",
                        .marginal_limit = INFINITY},
    [NR_METRIC_ACCURACY] = {.words = "accuracy",
                            .quantity = "Shapley value (accuracy)",
                            .width = "half-width",
                            .unit = "1",
                            .marginal_limit = 1},
    [NR_METRIC_MARGIN] = {.words = "logit margin",
                          .quantity = "Shapley value (logits)",
                          .width = "half-width",
                          .unit = "1",
                          .marginal_limit = INFINITY}};
