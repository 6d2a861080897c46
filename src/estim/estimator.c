#include "neurank/estim/estimator.h"

const char *const nr_estimator_words[NR_ESTIMATORS] = {
    [NR_BY_PAIRS] = "pairs", [NR_BY_ODD] = "odd", [NR_BY_ENUMERATION] = "none"};

static const struct {
    bool exact, walking;
} rows[NR_ESTIMATORS] = {
    [NR_BY_PAIRS] = {.walking = true}, [NR_BY_ENUMERATION] = {.exact = true}};

bool nr_estimator_is_exact(nr_estimator_kind kind) {
    return rows[kind].exact;
}

bool nr_estimator_is_walking(nr_estimator_kind kind) {
    return rows[kind].walking;
}
