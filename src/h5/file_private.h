#ifndef NEURANK_H5_FILE_PRIVATE_H
#define NEURANK_H5_FILE_PRIVATE_H

#include <hdf5.h>

#include "neurank/h5/file.h"

struct nr_h5 {
    hid_t id;
    char *path;
};

hid_t nr_h5_native(nr_h5_type type);

#endif
