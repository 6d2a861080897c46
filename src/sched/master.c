#include "neurank/sched/master.h"

#include <stdlib.h>

#include "neurank/base/memory.h"

/* Units in one worker's hands, oldest first. */
typedef struct {
    uint64_t units[NR_AHEAD];
    size_t n;
} hand;

struct nr_master {
    int n_workers;
    nr_unit_source *source;
    void *source_self;
    hand *hands;
    size_t n_under_way;
    bool stopped, exhausted;
};

nr_status nr_master_new(int n_workers, nr_unit_source *source, void *source_self,
                        nr_master **out) {
    nr_master *master;
    if (!NR_NEW(master, 1)) return NR_ERR_INTERNAL;
    master->n_workers = n_workers;
    master->source = source;
    master->source_self = source_self;
    if (!NR_NEW(master->hands, (size_t)n_workers)) {
        nr_master_free(master);
        return NR_ERR_INTERNAL;
    }
    *out = master;
    return NR_OK;
}

void nr_master_free(nr_master *master) {
    if (!master) return;
    free(master->hands);
    free(master);
}

/* Gives one unit to the worker, if there is one to give. */
static size_t assign(nr_master *master, int worker, nr_assignment *out) {
    hand *h = &master->hands[worker];
    uint64_t unit;
    if (master->stopped || master->exhausted || h->n == NR_AHEAD) return 0;
    if (!master->source(master->source_self, worker, &unit)) {
        master->exhausted = true;
        return 0;
    }
    h->units[h->n++] = unit;
    master->n_under_way++;
    *out = (nr_assignment){worker, unit};
    return 1;
}

size_t nr_master_start(nr_master *master, nr_assignment *assignments) {
    size_t n = 0;
    for (int round = 0; round < NR_AHEAD; round++)
        for (int worker = 0; worker < master->n_workers; worker++)
            n += assign(master, worker, assignments + n);
    return n;
}

nr_status nr_master_result(nr_master *master, int worker, uint64_t unit,
                           nr_assignment *assignments, size_t *n) {
    bool known = worker >= 0 && worker < master->n_workers;
    hand *h = known ? &master->hands[worker] : NULL;
    size_t at = 0;
    while (h && at < h->n && h->units[at] != unit) at++;
    NR_REQUIRE(h && at < h->n, NR_ERR_INTERNAL,
               "rank %d finished unit %llu without having it", worker,
               (unsigned long long)unit);
    for (; at + 1 < h->n; at++) h->units[at] = h->units[at + 1];
    h->n--;
    master->n_under_way--;
    *n = assign(master, worker, assignments);
    return NR_OK;
}

void nr_master_stop(nr_master *master) {
    master->stopped = true;
}

bool nr_master_finished(const nr_master *master) {
    return master->n_under_way == 0 && (master->stopped || master->exhausted);
}
