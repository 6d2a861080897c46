/* `neurank import`: the request as the import wants it. */
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/command/command.h"
#include "neurank/dataset/import.h"

_Static_assert((int)NR_REQUEST_NUMBERS <= (int)NR_IMPORT_CHANNELS, "room for all");

nr_status nr_run_import(const nr_import_request *request, const char *command_line) {
    const nr_paths *files = request->idx.n       ? &request->idx
                            : request->cifar10.n ? &request->cifar10
                                                 : &request->npy;
    nr_import_spec *spec;
    if (!NR_NEW(spec, 1)) return NR_ERR_INTERNAL;
    *spec = (nr_import_spec){.format = request->idx.n       ? NR_IMPORT_IDX
                                       : request->cifar10.n ? NR_IMPORT_CIFAR10
                                                            : NR_IMPORT_NPY,
                             .inputs = files->items,
                             .n_inputs = files->n,
                             .output = request->output,
                             .scale = request->scale,
                             .n_mean = request->mean.n,
                             .n_std = request->std.n,
                             .history = command_line};
    memcpy(spec->mean, request->mean.values, request->mean.n * sizeof *spec->mean);
    memcpy(spec->std, request->std.values, request->std.n * sizeof *spec->std);
    nr_status status = nr_import_run(spec);
    free(spec);
    return status;
}
