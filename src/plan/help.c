/* The tables as text: for the terminal, for README.md, for the man page. */
#include <string.h>

#include "options_private.h"

void nr_options_help(nr_command command, FILE *stream) {
    if (command == NR_COMMAND_COUNT) {
        fprintf(stream, "neurank: Shapley values of the filters of a network, with "
                        "confidence intervals\n\n");
        for (size_t i = 0; i < NR_COMMAND_COUNT; i++)
            fprintf(stream, "  neurank %-8s %s\n  %16s %s\n", nr_commands[i].name,
                    nr_commands[i].arguments, "", nr_commands[i].help);
        fprintf(stream, "\nneurank COMMAND --help lists the options of a command.\n");
        return;
    }
    fprintf(stream, "neurank %s %s\n%s\n\n", nr_commands[command].name,
            nr_commands[command].arguments, nr_commands[command].help);
    for (size_t i = 0; i < nr_n_options; i++) {
        const option_row *row = &nr_option_table[i];
        char head[64];
        if (!(row->commands >> command & 1)) continue;
        snprintf(head, sizeof head, "--%s %s", row->name,
                 row->argument ? row->argument : "");
        fprintf(stream, "  %-32s %s", head, row->help);
        if (row->preset) fprintf(stream, " (default: %s)", row->preset);
        fprintf(stream, "\n");
    }
}

void nr_options_markdown(FILE *stream) {
    fprintf(stream, "| option | commands | default | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < nr_n_options; i++) {
        const option_row *row = &nr_option_table[i];
        fprintf(stream, "| `--%s", row->name);
        for (const char *c = row->argument ? row->argument : ""; *c; c++) {
            if (c == row->argument) fprintf(stream, " ");
            fprintf(stream, *c == '|' ? "\\|" : "%c", *c);
        }
        fprintf(stream, "` |");
        for (unsigned k = 0, first = 1; k < NR_COMMAND_COUNT; k++)
            if (row->commands >> k & 1 && row->commands != ~0U) {
                fprintf(stream, "%s%s", first ? " " : ", ", nr_commands[k].name);
                first = 0;
            }
        fprintf(stream, "%s | %s | %s |\n", row->commands == ~0U ? " all" : "",
                row->preset ? row->preset : "", row->help);
    }
}

/* Roff needs its hyphens and backslashes escaped. */
static void print_roff(const char *text, FILE *stream) {
    for (const char *c = text; *c; c++) {
        if (*c == '-' || *c == '\\') fputc('\\', stream);
        fputc(*c, stream);
    }
}

void nr_options_man(FILE *stream) {
    fprintf(stream, ".SH COMMANDS\n");
    for (size_t i = 0; i < NR_COMMAND_COUNT; i++) {
        fprintf(stream, ".TP\n.B neurank %s ", nr_commands[i].name);
        print_roff(nr_commands[i].arguments, stream);
        fprintf(stream, "\n%s\n", nr_commands[i].help);
    }
    fprintf(stream, ".SH OPTIONS\n");
    for (size_t i = 0; i < nr_n_options; i++) {
        const option_row *row = &nr_option_table[i];
        fprintf(stream, ".TP\n.B \\-\\-");
        print_roff(row->name, stream);
        fprintf(stream, " ");
        print_roff(row->argument ? row->argument : "", stream);
        fprintf(stream, "\n");
        print_roff(row->help, stream);
        if (row->preset) fprintf(stream, " (default: %s)", row->preset);
        if (row->commands != ~0U) {
            fprintf(stream, ".\nFor");
            for (unsigned k = 0; k < NR_COMMAND_COUNT; k++)
                if (row->commands >> k & 1) fprintf(stream, " %s", nr_commands[k].name);
        }
        fprintf(stream, ".\n");
    }
}
