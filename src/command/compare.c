/* `neurank compare`: stores to the table of report/compare.h. */
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/command/command.h"
#include "neurank/report/compare.h"

static nr_status compare(const nr_compare_request *o, nr_compared_store *stores,
                         size_t n) {
    bool all = !o->layers || strcmp(o->layers, "all") == 0;
    nr_compare_spec spec = {
        .layers = all ? NULL : o->layers,
        .methods = o->methods,
        .top = o->top,
        .confidence = o->confidence_given ? o->confidence : stores[0].store->confidence,
        .seed = o->seed,
        .format = o->format};
    return nr_report_compare(stores, n, &spec, stdout);
}

typedef struct {
    nr_store *store;
} opened;

nr_status nr_run_compare(const nr_compare_request *request) {
    size_t n = request->stores.n, read = 0;
    nr_compared_store *stores;
    opened *owned;
    nr_status status = NR_OK;
    if (!NR_NEW(stores, n)) return NR_ERR_INTERNAL;
    if (!NR_NEW(owned, n)) {
        free(stores);
        return NR_ERR_INTERNAL;
    }
    for (; read < n && status == NR_OK; read++) {
        status = nr_store_read(request->stores.items[read], &owned[read].store);
        if (status != NR_OK) break;
        stores[read] =
            (nr_compared_store){request->stores.items[read], owned[read].store};
    }
    if (status == NR_OK) status = compare(request, stores, n);
    while (read-- > 0) nr_store_free(owned[read].store);
    free(owned);
    free(stores);
    return status;
}
