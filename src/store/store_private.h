/* What writing, joining and checking stores share. */
#ifndef NEURANK_STORE_STORE_PRIVATE_H
#define NEURANK_STORE_STORE_PRIVATE_H

#include "layout.h"

/* Closes the files that values by image go on from. */
void nr_store_forget_files(nr_store *store);
/* The same from `file`, taken over whatever happens, on. */
nr_status nr_store_add_file(nr_store *store, nr_h5 *file);

/* Are values by image wanted of any layer? */
bool nr_store_has_images(const nr_store *store);

#endif
