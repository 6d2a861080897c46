/* What a network's output is worth, and what such numbers are: whoever plays, shows or
 * stores values asks here. Higher is better for every metric. */
#ifndef NEURANK_PLAN_METRIC_H
#define NEURANK_PLAN_METRIC_H

typedef enum {
    NR_METRIC_LOSS,     /* minus cross-entropy, nats */
    NR_METRIC_ACCURACY, /* 1 if the label has the largest logit (the first of equals) */
    NR_METRIC_MARGIN    /* logit of the label minus the largest other one */
} nr_metric;
enum { NR_METRICS = 3 };

/* On the command line, in stores. */
extern const char *const nr_metric_words[NR_METRICS];

typedef struct {
    const char *words;     /* in a sentence */
    const char *quantity;  /* over an axis */
    const char *width;     /* over an axis of half-widths */
    const char *unit;      /* of netCDF: "nat", or "1" */
    double marginal_limit; /* largest |marginal| on one image; INFINITY: none */
} nr_metric_facts;

extern const nr_metric_facts nr_metric_rows[NR_METRICS];

#endif
