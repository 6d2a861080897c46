#include "neurank/run/export.h"

#include <string.h>

#include "neurank/base/publish.h"

nr_export_kind nr_export_kind_of(const char *path) {
    static const struct {
        const char *ending;
        nr_export_kind kind;
    } table[] = {
        {".csv", NR_EXPORT_CSV}, {".json", NR_EXPORT_JSON}, {".npy", NR_EXPORT_NPY}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        size_t length = strlen(path), end = strlen(table[i].ending);
        if (length > end && strcmp(path + length - end, table[i].ending) == 0)
            return table[i].kind;
    }
    return NR_EXPORT_UNKNOWN;
}

nr_status nr_export_check(const char *option, const char *path,
                          const char *const *inputs, size_t n_inputs) {
    NR_REQUIRE(nr_export_kind_of(path) != NR_EXPORT_UNKNOWN, NR_ERR_USAGE,
               "%s %s: a name that ends in .csv, .json or .npy is expected", option,
               path);
    return nr_publish_check(path, inputs, n_inputs);
}
