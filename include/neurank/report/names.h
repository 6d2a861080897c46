/* The layers that stores hold, for tables that have all of them. */
#ifndef NEURANK_REPORT_NAMES_H
#define NEURANK_REPORT_NAMES_H

#include "neurank/store/store.h"

typedef struct {
    const char **items; /* [n]; the texts are the stores' */
    size_t n, capacity;
} nr_names;

/* Adds the layers of a store that are not in the list yet: those with Shapley values in
 * their order, then those with ratings alone. NR_ERR_INTERNAL: no memory; the list has
 * some of them and is still the caller's. */
nr_status nr_names_add_layers(const nr_store *store, nr_names *names);
/* Is name one of "a,b,c"? NULL, "all": yes. */
bool nr_is_selected(const char *list, const char *name);
/* Refuses (NR_ERR_USAGE) names in a list "a,b" (NULL, "all": none is) that the layers
 * do not have; path: of the store, for the message. */
nr_status nr_names_require(const nr_names *names, const char *list, const char *path);
/* What it owns; the list is empty then. */
void nr_names_free(nr_names *names);

#endif
