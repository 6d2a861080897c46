#include "neurank/report/names.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/report/rankings.h"

static nr_status add(nr_names *names, const char *name) {
    void *items = names->items;
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->items[i], name) == 0) return NR_OK;
    nr_status status =
        nr_grow(&items, &names->capacity, names->n + 1, sizeof *names->items);
    names->items = items;
    if (status == NR_OK) names->items[names->n++] = name;
    return status;
}

nr_status nr_names_add_layers(const nr_store *store, nr_names *names) {
    for (size_t i = 0; i < store->n_layers; i++)
        NR_TRY(add(names, store->layers[i].name));
    for (size_t i = 0; i < store->n_ratings; i++)
        NR_TRY(add(names, store->ratings[i].layer));
    return NR_OK;
}

bool nr_is_selected(const char *list, const char *name) {
    return !list || strcmp(list, "all") == 0 || nr_is_listed(list, name);
}

nr_status nr_names_require(const nr_names *names, const char *list, const char *path) {
    if (!list || strcmp(list, "all") == 0) return NR_OK;
    for (const char *p = list; *p;) {
        size_t length = strcspn(p, ","), k = 0;
        while (k < names->n && (strlen(names->items[k]) != length ||
                                strncmp(names->items[k], p, length) != 0))
            k++;
        NR_REQUIRE(k < names->n, NR_ERR_USAGE,
                   "--layer: %s has no layer \"%.*s\" (neurank show lists them)", path,
                   (int)length, p);
        p += length + (p[length] == ',');
    }
    return NR_OK;
}

void nr_names_free(nr_names *names) {
    free(names->items);
    *names = (nr_names){0};
}
