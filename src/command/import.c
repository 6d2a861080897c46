/* `neurank import`: the options as the import wants them. */
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/command/command.h"
#include "neurank/dataset/import.h"

nr_status nr_run_import(const nr_options *options, const char *command_line) {
    const nr_file_list *files = options->idx.n       ? &options->idx
                                : options->cifar10.n ? &options->cifar10
                                                     : &options->npy;
    nr_import_spec *spec;
    if (!NR_NEW(spec, 1)) return NR_ERR_INTERNAL;
    *spec = (nr_import_spec){.format = options->idx.n       ? NR_IMPORT_IDX
                                       : options->cifar10.n ? NR_IMPORT_CIFAR10
                                                            : NR_IMPORT_NPY,
                             .inputs = files->files,
                             .n_inputs = files->n,
                             .output = options->output,
                             .scale = options->scale,
                             .n_mean = options->mean.n,
                             .n_std = options->std.n,
                             .history = command_line};
    memcpy(spec->mean, options->mean.values, options->mean.n * sizeof *spec->mean);
    memcpy(spec->std, options->std.values, options->std.n * sizeof *spec->std);
    nr_status status = nr_import_run(spec);
    free(spec);
    return status;
}
