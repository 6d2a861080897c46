/* `neurank export`: the ranks of a store for other programs. */
#include "neurank/command/command.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/publish.h"
#include "neurank/report/names.h"
#include "neurank/report/rankings.h"
#include "neurank/report/show.h"
#include "neurank/run/export.h"

static nr_status write_csv(const void *store, FILE *stream) {
    return nr_report_show(store, NR_FORMAT_CSV, 0, stream);
}

static nr_status write_json(const void *store, FILE *stream) {
    return nr_report_show(store, NR_FORMAT_JSON, 0, stream);
}

/* Values by channel, NAN for those without; as long as the last one that has one. */
static nr_status write_array(const char *path, const char *layer, const nr_ranking *r) {
    size_t n = (size_t)r->filters[r->n - 1] + 1;
    double *values;
    char *file;
    if (!NR_NEW(values, n)) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < n; i++) values[i] = NAN;
    for (size_t i = 0; i < r->n; i++) values[r->filters[i]] = r->values[i];
    nr_npy_array array = {NR_NPY_F64, n, values};
    nr_status status = nr_npy_name(path, layer, &file);
    if (status == NR_OK) {
        status = nr_npy_write(file, &array);
        free(file);
    }
    free(values);
    return status;
}

static nr_status write_arrays(const nr_export_request *o, const nr_store *store,
                              const nr_names *names) {
    nr_compared_store source = {o->store, store};
    size_t written = 0;
    for (size_t i = 0; i < names->n; i++) {
        nr_rankings found;
        if (!nr_is_selected(o->layers, names->items[i])) continue;
        nr_status status = nr_rankings_find(&source, 1, names->items[i], o->by, &found);
        if (status == NR_OK && found.n > 0) {
            status = write_array(o->output, names->items[i], &found.items[0]);
            written++;
        }
        nr_rankings_free(&found);
        NR_TRY(status);
    }
    NR_REQUIRE(written > 0, NR_ERR_MISMATCH,
               "%s: no values of the method %s (--by names another)", o->store, o->by);
    return NR_OK;
}

static nr_status export_store(const nr_export_request *o, const nr_store *store) {
    nr_names names = {0};
    bool some = o->layers && strcmp(o->layers, "all") != 0;
    nr_status status = nr_names_add_layers(store, &names);
    if (status == NR_OK) status = nr_names_require(&names, o->layers, o->store);
    if (status == NR_OK) switch (nr_export_kind_of(o->output)) {
        case NR_EXPORT_NPY: status = write_arrays(o, store, &names); break;
        case NR_EXPORT_CSV:
        case NR_EXPORT_JSON:
            if (some || o->by_given)
                status =
                    nr_fail(NR_ERR_USAGE,
                            "export: tables have all layers and methods; --layer and "
                            "--by are for .npy");
            else
                status = nr_publish_stream(o->output,
                                           nr_export_kind_of(o->output) == NR_EXPORT_CSV
                                               ? write_csv
                                               : write_json,
                                           store);
            break;
        case NR_EXPORT_UNKNOWN: status = NR_ERR_INTERNAL; break; /* checked before */
        }
    nr_names_free(&names);
    return status;
}

nr_status nr_run_export(const nr_export_request *request) {
    nr_store *store;
    NR_TRY(nr_export_check("-o", request->output, &request->store, 1));
    NR_TRY(nr_store_read(request->store, &store));
    nr_status status = export_store(request, store);
    nr_store_free(store);
    return status;
}
