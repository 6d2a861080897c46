/* What a row of logits is worth. Higher is better for every metric. */
#ifndef NEURANK_GAME_SCORE_H
#define NEURANK_GAME_SCORE_H

#include "neurank/nn/kernels.h"

typedef enum {
    NR_METRIC_LOSS,     /* minus cross-entropy, nats */
    NR_METRIC_ACCURACY, /* 1 if the label has the largest logit (the first of equals) */
    NR_METRIC_MARGIN    /* logit of the label minus the largest other one */
} nr_metric;
enum { NR_METRICS = 3 };
/* On the command line, in plans. */
extern const char *const nr_metric_words[NR_METRICS];

/* values [rows] of logits [rows, classes] with labels [rows], each below classes.
 * Accuracy and margin are NAN where a logit is. */
void nr_score(nr_metric metric, const nr_kernels *kernels, size_t rows, size_t classes,
              const float *logits, const uint32_t *labels, double *values);

#endif
