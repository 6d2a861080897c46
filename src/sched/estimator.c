#include "neurank/sched/estimator.h"

#include "estimators.h"

const nr_estimator_row *nr_estimator_get(nr_estimator_kind kind) {
    static const nr_estimator_row *const rows[NR_ESTIMATORS] = {
        [NR_BY_PAIRS] = &nr_row_pairs,
        [NR_BY_ODD] = &nr_row_odd,
        [NR_BY_ENUMERATION] = &nr_row_enumeration};
    return rows[kind];
}
