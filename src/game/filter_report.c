/* A value that is none, said with all that it takes to see it again: layer, block,
 * permutation and coalition, in channel numbers of the layer. */
#include <stdio.h>
#include <string.h>

#include "filter_private.h"
#include "neurank/base/quantum.h"

/* Filters named before "and N more". */
enum { NAMED = 48, LIST = 16 * (NAMED + 2) };

static void name_filter(const nr_filter *game, uint32_t player, size_t k, char *text,
                        size_t *used) {
    if (k >= NAMED) return;
    *used += (size_t)snprintf(text + *used, LIST - *used, "%s%u", k ? "," : "",
                              game->spec.filters[player]);
}

static void name_rest(size_t n, char *text, size_t used) {
    if (n == 0) snprintf(text, LIST, "none");
    else if (n > NAMED) snprintf(text + used, LIST - used, " and %zu more", n - NAMED);
}

static nr_status report(const nr_filter *game, double value, const char *what) {
    const nr_node *layer = nr_graph_node(game->spec.graph, game->spec.layer);
    char rest[96] = "";
    if (game->n_live < game->n)
        snprintf(rest, sizeof rest,
                 "; filters that change nothing there (%zu) are left out",
                 game->n - game->n_live);
    return nr_fail(NR_ERR_UNIT,
                   "layer \"%s\", block %llu: the value of %s is %g, a number below "
                   "2^%d is expected%s",
                   nr_graph_text(game->spec.graph, layer->short_name),
                   (unsigned long long)game->block, what, value, NR_VALUE_BITS, rest);
}

nr_status nr_filter_report_end(const nr_filter *game, double value, bool full) {
    return report(game, value,
                  full ? "the coalition of all filters" : "the coalition of no filter");
}

nr_status nr_filter_report_walk(const nr_filter *game, double value, size_t size,
                                bool complement) {
    char list[LIST] = "", what[LIST + 128];
    size_t used = 0, n = game->n_live;
    for (size_t k = 0; k < n; k++) name_filter(game, game->order[k], k, list, &used);
    name_rest(n, list, used);
    snprintf(what, sizeof what,
             "the coalition of %s the first %zu of the permutation %s",
             complement ? "all but" : "only", size, list);
    return report(game, value, what);
}

nr_status nr_filter_report_coalition(const nr_filter *game, double value,
                                     const uint8_t *kept) {
    char list[LIST] = "", what[LIST + 128];
    size_t used = 0, n = 0;
    for (uint32_t i = 0; i < game->n; i++)
        if (kept[i] && game->live[i]) name_filter(game, i, n++, list, &used);
    name_rest(n, list, used);
    snprintf(what, sizeof what, "the coalition %s", list);
    return report(game, value, what);
}
