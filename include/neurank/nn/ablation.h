/* What it means that a filter is absent. */
#ifndef NEURANK_NN_ABLATION_H
#define NEURANK_NN_ABLATION_H

typedef enum {
    NR_ABLATE_REMOVE,  /* the channel is not there: zero where it is read */
    NR_ABLATE_WEIGHTS, /* its weights and bias are zero, BatchNorm stays */
    NR_ABLATE_MEAN     /* the layer's output is its mean over images and positions */
} nr_ablation;
enum { NR_ABLATIONS = 3 };
/* On the command line, in stores. */
extern const char *const nr_ablation_words[NR_ABLATIONS];

#endif
