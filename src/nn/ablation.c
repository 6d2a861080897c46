#include "neurank/nn/ablation.h"

const char *const nr_ablation_words[NR_ABLATIONS] = {[NR_ABLATE_REMOVE] = "remove",
                                                     [NR_ABLATE_WEIGHTS] = "weights",
                                                     [NR_ABLATE_MEAN] = "mean"};
