/* `neurank report`: stores and curves to one page. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/publish.h"
#include "neurank/command/command.h"
#include "neurank/report/html.h"
#include "neurank/run/steps.h"

typedef struct {
    nr_store *store; /* NULL: it is a file of curves */
    nr_curves curves;
} opened;

typedef struct {
    opened *files; /* [n] in the order of the command line */
    size_t n;
    nr_compared_store *stores; /* [n_stores]; both borrow from files */
    nr_drawn_curves *curves;   /* [n_curves] */
    nr_html_spec spec;
    nr_steps steps;
} reporting;

static nr_status read_file(reporting *r, const char *path, opened *file) {
    bool curves;
    NR_TRY(nr_curves_detect(path, &curves));
    r->n++;
    if (curves) {
        NR_TRY(nr_curves_read(path, &file->curves));
        r->curves[r->spec.n_curves++] = (nr_drawn_curves){path, &file->curves};
        return NR_OK;
    }
    NR_TRY(nr_store_read(path, &file->store));
    r->stores[r->spec.n_stores++] = (nr_compared_store){path, file->store};
    return NR_OK;
}

static void next_layer(void *self, const char *layer) {
    reporting *r = self;
    nr_steps_next(&r->steps, layer);
}

static nr_status read_files(reporting *r, const nr_report_request *o,
                            size_t *n_layers) {
    size_t n = o->files.n;
    if (!NR_NEW(r->files, n) || !NR_NEW(r->stores, n) || !NR_NEW(r->curves, n))
        return NR_ERR_INTERNAL;
    for (size_t k = 0; k < n; k++)
        NR_TRY(read_file(r, o->files.items[k], &r->files[k]));
    NR_REQUIRE(r->spec.n_stores > 0, NR_ERR_MISMATCH,
               "%s: holds curves; the store of the run is expected, too",
               o->files.items[0]);
    r->spec.stores = r->stores;
    r->spec.curves = r->curves;
    r->spec.layers = o->layers;
    r->spec.listener = next_layer;
    r->spec.self = r;
    return nr_html_check(&r->spec, n_layers);
}

static nr_status write_page(const void *spec, FILE *stream) {
    return nr_report_html(spec, stream);
}

nr_status nr_run_report(const nr_report_request *request) {
    reporting r = {0};
    size_t n_layers;
    NR_TRY(nr_publish_check(request->output, request->files.items, request->files.n));
    nr_status status = read_files(&r, request, &n_layers);
    if (status == NR_OK) {
        nr_steps_begin(&r.steps, "report", n_layers);
        status = nr_publish_stream(request->output, write_page, &r.spec);
        nr_steps_end(&r.steps);
    }
    for (size_t k = 0; k < r.n; k++) {
        nr_store_free(r.files[k].store);
        nr_curves_clear(&r.files[k].curves);
    }
    free(r.files);
    free(r.stores);
    free(r.curves);
    return status;
}
