#include "neurank/estim/estimator.h"

#include <string.h>

static const struct {
    const char *name;
    bool exact, walking;
} rows[NR_ESTIMATORS] = {[NR_BY_PAIRS] = {.name = "pairs", .walking = true},
                         [NR_BY_ODD] = {.name = "odd"},
                         [NR_BY_ENUMERATION] = {.name = "none", .exact = true}};

const char *nr_estimator_name(nr_estimator_kind kind) {
    return rows[kind].name;
}

nr_estimator_kind nr_estimator_find(const char *name) {
    int kind = 0;
    while (kind < NR_ESTIMATORS && strcmp(rows[kind].name, name) != 0) kind++;
    return (nr_estimator_kind)kind;
}

bool nr_estimator_is_exact(nr_estimator_kind kind) {
    return rows[kind].exact;
}

bool nr_estimator_is_walking(nr_estimator_kind kind) {
    return rows[kind].walking;
}
