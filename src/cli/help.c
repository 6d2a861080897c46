/* The tables as text: for the terminal, and for pages of the manual. */
#include <string.h>

#include "table.h"

enum { HEAD = 34 }; /* columns of an option before what it means */

void nr_options_help(nr_command command, FILE *stream) {
    if (command == NR_COMMAND_COUNT) {
        fprintf(stream, "neurank: Shapley values of the filters of a network, with "
                        "confidence intervals\n\n");
        for (size_t i = 0; i < NR_COMMAND_COUNT; i++)
            fprintf(stream, "  neurank %-8s %s\n  %16s %s\n", nr_commands[i].name,
                    nr_commands[i].arguments, "", nr_commands[i].help);
        fprintf(stream, "\nneurank COMMAND --help lists the options of a command, "
                        "neurank help COMMAND\nprints its page.\n");
        return;
    }
    fprintf(stream, "neurank %s %s\n%s\n\n", nr_commands[command].name,
            nr_commands[command].arguments, nr_commands[command].help);
    for (option_id i = 0; i < OPTION_COUNT; i++) {
        const option_row *row = &nr_option_table[i];
        char argument[ARGUMENT_TEXT];
        if (!nr_command_has(command, i)) continue;
        nr_option_argument(row, argument);
        int length = fprintf(stream, "  --%s %s", row->name, argument);
        fprintf(stream, "%*s %s", length < HEAD ? HEAD - length : 0, "", row->help);
        if (row->preset) fprintf(stream, " (default: %s)", row->preset);
        fprintf(stream, "\n");
    }
}

void nr_options_synopsis(nr_command command, FILE *stream) {
    const command_row *row = &nr_commands[command];
    fprintf(stream, "## Name\n\nneurank-%s - %s\n\n", row->name, row->help);
    fprintf(stream, "## Synopsis\n\n    neurank %s %s\n\n", row->name, row->arguments);
}

void nr_options_list(nr_command command, FILE *stream) {
    fprintf(stream, "## Options\n\n");
    for (option_id i = 0; i < OPTION_COUNT; i++) {
        const option_row *row = &nr_option_table[i];
        char argument[ARGUMENT_TEXT];
        if (!nr_command_has(command, i)) continue;
        nr_option_argument(row, argument);
        fprintf(stream, "* `--%s%s%s`: %s", row->name, *argument ? " " : "", argument,
                row->help);
        if (row->preset) fprintf(stream, " (default: %s)", row->preset);
        fprintf(stream, "\n");
    }
    fprintf(stream, "\n");
}

void nr_commands_list(FILE *stream) {
    fprintf(stream, "## Commands\n\n");
    for (size_t i = 0; i < NR_COMMAND_COUNT; i++)
        fprintf(stream, "* `neurank %s %s`: %s\n", nr_commands[i].name,
                nr_commands[i].arguments, nr_commands[i].help);
    fprintf(stream, "\n");
}
