/* Foreign image files -> the project's HDF5 form (images.h).
 *
 *   IDX        MNIST's format, plain or gzip: images (n, h, w) or (n, c, h, w);
 *              labels (n)
 *   CIFAR-10   the binary version: records of one label byte and 3 x 32 x 32 bytes
 *   npy        NumPy 1.0 to 3.0: images (n, c, h, w) or (n, h, w), uint8 or float32 or
 *              float64; labels (n) of any integer type; C order
 *
 * Files are read as streams; memory does not grow with them. */
#ifndef NEURANK_DATASET_IMPORT_H
#define NEURANK_DATASET_IMPORT_H

#include <stddef.h>

#include "neurank/base/status.h"

typedef enum { NR_IMPORT_IDX, NR_IMPORT_CIFAR10, NR_IMPORT_NPY } nr_import_format;

enum { NR_IMPORT_CHANNELS = 1024 }; /* most numbers in mean or std */

typedef struct {
    nr_import_format format;
    const char *const
        *inputs; /* IDX, npy: images, labels; CIFAR-10: one file or more */
    size_t n_inputs;
    const char *output;
    double scale; /* NAN: 1/255 for uint8, 1 for float32 */
    double mean[NR_IMPORT_CHANNELS], std[NR_IMPORT_CHANNELS];
    size_t n_mean, n_std; /* 0: 0 and 1; 1: for all channels; else one a channel */
    const char *history;  /* the command, for the file's history */
} nr_import_spec;

/* Writes spec->output, which appears whole or not at all; nothing is kept.
 * NR_ERR_USAGE: the output is one of the inputs, or n_mean or n_std is not 0, 1 or the
 * number of channels; NR_ERR_INPUT: an input cannot be read, is not of the format, or
 * labels and images do not go together; NR_ERR_STORE: the output cannot be written;
 * NR_ERR_INTERNAL: no memory. */
nr_status nr_import_run(const nr_import_spec *spec);

#endif
