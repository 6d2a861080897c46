/* What a row of logits is worth. */
#ifndef NEURANK_GAME_SCORE_H
#define NEURANK_GAME_SCORE_H

#include "neurank/nn/kernels.h"
#include "neurank/plan/metric.h"

/* values [rows] of logits [rows, classes] with labels [rows], each below classes.
 * Accuracy and margin are NAN where a logit is. */
void nr_score(nr_metric metric, const nr_kernels *kernels, size_t rows, size_t classes,
              const float *logits, const uint32_t *labels, double *values);

#endif
