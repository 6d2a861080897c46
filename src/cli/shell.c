/* A command line as text that a shell reads as the same words. */
#include <string.h>

#include "neurank/base/shell.h"
#include "table.h"

/* Arguments behind the option that belong to it; a value behind '=' does not count. */
static int values_of(option_id option, const char *value) {
    return nr_option_table[option].kind == FLAG || value ? 0 : 1;
}

void nr_options_shell(int argc, char **argv, nr_command of, nr_command as,
                      FILE *stream) {
    bool only_names = false;
    for (int i = 2; i < argc; i++) {
        const char *value;
        option_id option = only_names || argv[i][0] != '-'
                               ? OPTION_COUNT
                               : nr_option_find(of, argv[i], &value);
        bool known = option != OPTION_COUNT;
        if (strcmp(argv[i], "--") == 0) only_names = true;
        if (known && !nr_command_has(as, option)) {
            i += values_of(option, value);
            continue;
        }
        for (int k = i + (known ? values_of(option, value) : 0); i <= k; i++) {
            fputc(' ', stream);
            nr_shell_word(argv[i], stream);
        }
        i--;
    }
}
