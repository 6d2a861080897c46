#include "layout.h"

#include <stdio.h>

const char *nr_layout_path(char path[NR_LAYOUT_PATH], const char *layer,
                           const char *name) {
    snprintf(path, NR_LAYOUT_PATH, "/%s/%s", layer, name);
    return path;
}
