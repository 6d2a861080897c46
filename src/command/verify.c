/* `neurank verify`: are these stores what they should be? */
#include "neurank/base/log.h"
#include "neurank/command/command.h"
#include "neurank/run/output.h"
#include "neurank/store/store.h"

static nr_status verify(const char *path) {
    nr_store *store;
    bool sealed;
    NR_TRY(nr_store_verify(path, &sealed, &store));
    nr_print_store(path, store, "sound, ");
    nr_store_free(store);
    if (!sealed)
        nr_log(
            NR_LOG_WARNING,
            "%s: has no seal: another program has written it since; sums and results "
            "are sound",
            path);
    return NR_OK;
}

nr_status nr_run_verify(const nr_verify_request *request) {
    nr_status first = NR_OK;
    for (size_t k = 0; k < request->stores.n; k++) {
        nr_status status = verify(request->stores.items[k]);
        if (first == NR_OK) first = status;
    }
    return first;
}
