/* The names and types of what is stored stand in layout_write.c and layout_read.c and
 * nowhere else. Changing one raises NR_STORE_VERSION. */
#ifndef NEURANK_STORE_LAYOUT_H
#define NEURANK_STORE_LAYOUT_H

#include "neurank/h5/file.h"
#include "neurank/store/store.h"

enum { NR_LAYOUT_PATH = 320 };

/* "/<layer>/<name>"; returns path. */
const char *nr_layout_path(char path[NR_LAYOUT_PATH], const char *layer,
                           const char *name);

nr_status nr_layout_write(nr_h5 *file, const nr_store *store);
nr_status nr_layout_read(const nr_h5 *file, nr_store **out);

#endif
