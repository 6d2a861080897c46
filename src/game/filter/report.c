#include "report.h"

#include <stdio.h>

#include "neurank/base/quantum.h"

/* Filters named before "and N more". */
enum { NAMED = 48, LIST = 16 * (NAMED + 2) };

static void name_filter(const nr_deltas *d, uint32_t player, size_t k, char *text,
                        size_t *used) {
    if (k >= NAMED) return;
    *used += (size_t)snprintf(text + *used, LIST - *used, "%s%u", k ? "," : "",
                              d->board->spec.filters[player]);
}

static void name_rest(size_t n, char *text, size_t used) {
    if (n == 0) snprintf(text, LIST, "none");
    else if (n > NAMED) snprintf(text + used, LIST - used, " and %zu more", n - NAMED);
}

static nr_status report(const nr_deltas *d, double value, const char *what) {
    const nr_filter_spec *spec = &d->board->spec;
    const nr_node *layer = nr_graph_node(spec->graph, spec->layer);
    char rest[96] = "";
    if (d->n_live < d->board->n)
        snprintf(rest, sizeof rest,
                 "; filters that change nothing there (%zu) are left out",
                 d->board->n - d->n_live);
    return nr_fail(NR_ERR_UNIT,
                   "layer \"%s\", block %llu: the value of %s is %g, a number below "
                   "2^%d is expected%s",
                   nr_graph_text(spec->graph, layer->short_name),
                   (unsigned long long)d->cursor->block, what, value, NR_VALUE_BITS,
                   rest);
}

nr_status nr_filter_report_end(const nr_deltas *d, double value, bool full) {
    return report(d, value,
                  full ? "the coalition of all filters" : "the coalition of no filter");
}

nr_status nr_filter_report_walk(const nr_deltas *d, const uint32_t *order, double value,
                                size_t size, bool complement) {
    char list[LIST] = "", what[LIST + 128];
    size_t used = 0, n = d->n_live;
    for (size_t k = 0; k < n; k++) name_filter(d, order[k], k, list, &used);
    name_rest(n, list, used);
    snprintf(what, sizeof what,
             "the coalition of %s the first %zu of the permutation %s",
             complement ? "all but" : "only", size, list);
    return report(d, value, what);
}

nr_status nr_filter_report_coalition(const nr_deltas *d, double value,
                                     const uint8_t *kept) {
    char list[LIST] = "", what[LIST + 128];
    size_t used = 0, n = 0;
    for (size_t k = 0; k < d->n_live; k++)
        if (kept[d->players[k]]) name_filter(d, d->players[k], n++, list, &used);
    name_rest(n, list, used);
    snprintf(what, sizeof what, "the coalition %s", list);
    return report(d, value, what);
}
