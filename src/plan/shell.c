/* A command line as text that a shell reads as the same words. */
#include <string.h>

#include "neurank/base/shell.h"
#include "options_private.h"

/* Arguments behind the option that belong to it; a value behind '=' does not count. */
static int values_of(const option_row *row, const char *value) {
    return row->kind == FLAG || value ? 0 : 1;
}

void nr_options_shell(int argc, char **argv, nr_command of, nr_command as,
                      FILE *stream) {
    bool only_names = false;
    for (int i = 2; i < argc; i++) {
        const char *value;
        const option_row *row = only_names || argv[i][0] != '-'
                                    ? NULL
                                    : nr_option_find(of, argv[i], &value);
        if (strcmp(argv[i], "--") == 0) only_names = true;
        if (row && !(row->commands >> as & 1)) {
            i += values_of(row, value);
            continue;
        }
        for (int k = i + (row ? values_of(row, value) : 0); i <= k; i++) {
            fputc(' ', stream);
            nr_shell_word(argv[i], stream);
        }
        i--;
    }
}
