/* `neurank compare`: stores to the table of report/compare.h. */
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/command/command.h"
#include "neurank/report/compare.h"

static nr_status compare(const nr_options *o, nr_compared_store *stores, size_t n) {
    bool all = !o->layer || strcmp(o->layer, "all") == 0;
    nr_compare_spec spec = {.layers = all ? NULL : o->layer,
                            .methods = o->methods,
                            .top = o->top,
                            .confidence = nr_option_given(o, "confidence")
                                              ? o->confidence
                                              : stores[0].store->confidence,
                            .seed = o->seed,
                            .format = (nr_format)o->format};
    return nr_report_compare(stores, n, &spec, stdout);
}

typedef struct {
    nr_store *store;
} opened;

nr_status nr_run_compare(const nr_options *options) {
    size_t n = options->n_positional, read = 0;
    nr_compared_store *stores;
    opened *owned;
    nr_status status = NR_OK;
    if (!NR_NEW(stores, n)) return NR_ERR_INTERNAL;
    if (!NR_NEW(owned, n)) {
        free(stores);
        return NR_ERR_INTERNAL;
    }
    for (; read < n && status == NR_OK; read++) {
        status = nr_store_read(options->positional[read], &owned[read].store);
        if (status != NR_OK) break;
        stores[read] =
            (nr_compared_store){options->positional[read], owned[read].store};
    }
    if (status == NR_OK) status = compare(options, stores, n);
    while (read-- > 0) nr_store_free(owned[read].store);
    free(owned);
    free(stores);
    return status;
}
