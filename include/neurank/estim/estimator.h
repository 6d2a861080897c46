/* API. How values are estimated: what whoever judges, stores or shows them has to know.
 * How blocks are played: sched/estimator.h. */
#ifndef NEURANK_ESTIM_ESTIMATOR_H
#define NEURANK_ESTIM_ESTIMATOR_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    NR_BY_PAIRS,       /* of walks, antithetic */
    NR_BY_ODD,         /* thinned walks */
    NR_BY_ENUMERATION, /* of all coalitions: no estimate, and nothing random */
    NR_ESTIMATORS
} nr_estimator_kind;

/* In plans and messages: "pairs", "odd"; "none" of an enumeration. */
extern const char *const nr_estimator_words[NR_ESTIMATORS];

/* One sweep knows everything: no errors, no goals, no stages, no shards. */
bool nr_estimator_is_exact(nr_estimator_kind kind);
/* Does it walk, so that a walk and its reverse can be compared? */
bool nr_estimator_is_walking(nr_estimator_kind kind);

#ifdef __cplusplus
}
#endif

#endif
