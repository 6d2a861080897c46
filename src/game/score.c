#include "neurank/game/score.h"

#include <math.h>

static double accuracy(size_t classes, const float *logits, uint32_t label) {
    size_t best = 0;
    for (size_t c = 1; c < classes; c++)
        if (logits[c] > logits[best] || isnan(logits[c])) best = c;
    return isnan(logits[best]) ? (double)NAN : (double)(best == label);
}

static double margin(size_t classes, const float *logits, uint32_t label) {
    float best = -INFINITY;
    for (size_t c = 0; c < classes; c++) {
        if (isnan(logits[c])) return NAN;
        if (c != label && logits[c] > best) best = logits[c];
    }
    return (double)logits[label] - best;
}

void nr_score(nr_metric metric, const nr_kernels *kernels, size_t rows, size_t classes,
              const float *logits, const uint32_t *labels, double *values) {
    if (metric == NR_METRIC_LOSS) {
        kernels->log_likelihood(kernels, rows, classes, logits, labels, values);
        return;
    }
    for (size_t r = 0; r < rows; r++)
        values[r] = metric == NR_METRIC_ACCURACY
                        ? accuracy(classes, logits + r * classes, labels[r])
                        : margin(classes, logits + r * classes, labels[r]);
}
