/* The option table as a completion for bash. Words come parted at '=', so that a value
 * stands behind "--name" or behind "--name", "=". */
#include <string.h>

#include "table.h"

static void print_commands(FILE *stream) {
    for (size_t k = 0; k < NR_COMMAND_COUNT; k++)
        fprintf(stream, "%s ", nr_commands[k].name);
}

static void print_choices(const option_row *row, FILE *stream) {
    fprintf(stream, "            --%s) words=\"", row->name);
    for (size_t i = 0; i < row->value.n_words; i++)
        fprintf(stream, "%s%s", i ? " " : "", row->value.words[i]);
    fprintf(stream, "\" ;;\n");
}

static bool takes_choice(option_kind kind) {
    return kind == CHOICE || kind == WORD;
}

static bool takes_file(option_kind kind) {
    return kind == PATH || kind == FILES;
}

static bool takes_what_nobody_guesses(option_kind kind) {
    return !takes_choice(kind) && kind != FLAG && !takes_file(kind);
}

/* "--a|--b) <what>": the options of a kind. */
static void print_kind(nr_command command, bool (*is)(option_kind), const char *what,
                       FILE *stream) {
    bool any = false;
    for (option_id i = 0; i < OPTION_COUNT; i++) {
        const option_row *row = &nr_option_table[i];
        if (!nr_command_has(command, i) || !is(row->kind)) continue;
        fprintf(stream, "%s--%s%s", any ? "|" : "            ", row->name,
                strcmp(row->name, "output") == 0 ? "|-o" : "");
        any = true;
    }
    if (any) fprintf(stream, ") %s ;;\n", what);
}

static void print_command(nr_command command, FILE *stream) {
    fprintf(stream, "    %s)\n        case $before in\n", nr_commands[command].name);
    for (option_id i = 0; i < OPTION_COUNT; i++)
        if (nr_command_has(command, i) && takes_choice(nr_option_table[i].kind))
            print_choices(&nr_option_table[i], stream);
    print_kind(command, takes_file, "return", stream);
    print_kind(command, takes_what_nobody_guesses, "compopt +o default; return",
               stream);
    fprintf(stream, "            *) options=\"");
    bool any = false;
    for (option_id i = 0; i < OPTION_COUNT; i++) {
        if (!nr_command_has(command, i)) continue;
        fprintf(stream, "%s--%s", any ? " " : "", nr_option_table[i].name);
        any = true;
    }
    fprintf(stream, "\" ;;\n        esac ;;\n");
}

void nr_options_completion(const char *const *pages, size_t n, FILE *stream) {
    fputs(
        "# bash completion of neurank, made by neurank --completion-bash\n"
        "_neurank() {\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
        "    local words=\"\" options=\"\"\n"
        "    COMPREPLY=()\n"
        "    if [ \"$word\" = = ]; then word=\"\"\n"
        "    elif [ \"$before\" = = ]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
        "    if [ \"$COMP_CWORD\" = 1 ]; then words=\"",
        stream);
    print_commands(stream);
    fputs("help --help --version\"\n    else case ${COMP_WORDS[1]} in\n    help) "
          "words=\"",
          stream);
    print_commands(stream);
    for (size_t k = 0; k < n; k++)
        fprintf(stream, "%s%s", pages[k], k + 1 < n ? " " : "");
    fputs("\" ;;\n", stream);
    for (nr_command k = 0; k < NR_COMMAND_COUNT; k++) print_command(k, stream);
    fputs("    esac; fi\n"
          "    if [ \"${word:0:1}\" = - ]; then words=\"$words $options\"; fi\n"
          "    if [ -n \"$words\" ]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\"); fi\n"
          "}\n"
          "complete -o default -F _neurank neurank\n",
          stream);
}
