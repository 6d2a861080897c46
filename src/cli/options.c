#include "neurank/cli/options.h"

#include <math.h>
#include <string.h>

#include "neurank/base/text.h"
#include "table.h"

/* ---- values ---- */

/* Index of the word among those of the option; false if it is none. */
static bool find_word(const option_row *row, const char *text, unsigned *index) {
    for (unsigned i = 0; i < row->value.n_words; i++)
        if (strcmp(row->value.words[i], text) == 0) {
            *index = i;
            return true;
        }
    return false;
}

static nr_status bad_value(const option_row *row, const char *text,
                           const char *wanted) {
    return nr_fail(NR_ERR_USAGE, "--%s %s: %s is expected", row->name, text, wanted);
}

static nr_status out_of_range(const option_row *row, const char *text) {
    char low[NR_NUMBER_TEXT], high[NR_NUMBER_TEXT];
    return nr_fail(NR_ERR_USAGE, "--%s %s: out of range %s to %s", row->name, text,
                   nr_format_double(row->low, low), nr_format_double(row->high, high));
}

static nr_status not_there(const option_row *row) {
    char wanted[ARGUMENT_TEXT];
    return nr_fail(NR_ERR_USAGE, "--%s: %s is expected", row->name,
                   nr_option_argument(row, wanted));
}

static nr_status set_number(const option_row *row, const char *text, void *field) {
    double value;
    bool duration = row->kind == DURATION;
    if (duration ? !nr_parse_duration(text, &value) : !nr_parse_double(text, &value))
        return bad_value(row, text,
                         duration ? "a time such as 90s, 55m or 2h" : "a number");
    if (value < row->low || value > row->high) return out_of_range(row, text);
    *(double *)field = value;
    return NR_OK;
}

static nr_status set_word(const option_row *row, const char *text, void *field) {
    unsigned index;
    char wanted[ARGUMENT_TEXT];
    if (!find_word(row, text, &index))
        return bad_value(row, text, nr_option_argument(row, wanted));
    if (row->kind == CHOICE) *(unsigned *)field = index;
    else *(const char **)field = text;
    return NR_OK;
}

static nr_status set_count(const option_row *row, const char *text, void *field) {
    uint64_t count;
    if (!nr_parse_u64(text, &count)) return bad_value(row, text, "a whole number");
    if ((double)count < row->low || (double)count > row->high)
        return out_of_range(row, text);
    *(uint64_t *)field = count;
    return NR_OK;
}

static nr_status set_numbers(const option_row *row, const char *text, void *field) {
    nr_numbers *list = field;
    list->n = 0;
    for (const char *p = text;; p++) {
        char number[NR_NUMBER_TEXT];
        size_t length = strcspn(p, ",");
        if (list->n == NR_REQUEST_NUMBERS || length >= sizeof number)
            return bad_value(row, text, "a list of numbers");
        memcpy(number, p, length);
        number[length] = '\0';
        if (!nr_parse_double(number, &list->values[list->n++]))
            return bad_value(row, text, "a list of numbers");
        p += length;
        if (!*p) return NR_OK;
    }
}

static nr_status set_value(const option_row *row, const char *text, void *field) {
    switch (row->kind) {
    case TEXT:
    case PATH:
        if (!*text) return bad_value(row, "\"\"", row->value.placeholder);
        *(const char **)field = text;
        return NR_OK;
    case CHOICE:
    case WORD: return set_word(row, text, field);
    case COUNT: return set_count(row, text, field);
    case NUMBERS: return set_numbers(row, text, field);
    default: return set_number(row, text, field);
    }
}

/* What a field has to be, for each kind of option. */
static const field_type type_of[] = {
    [FLAG] = A_BOOL,    [TEXT] = A_TEXT,     [PATH] = A_TEXT,     [CHOICE] = AN_ENUM,
    [WORD] = A_TEXT,    [COUNT] = A_COUNT,   [NUMBER] = A_NUMBER, [DURATION] = A_NUMBER,
    [NUMBERS] = A_LIST, [FILES] = SOME_PATHS};

static void *field_at(nr_options *options, int offset) {
    return (char *)&options->as + offset;
}

/* ---- parsing ---- */

static nr_status unknown_command(const char *name) {
    const char *names[NR_COMMAND_COUNT];
    for (size_t i = 0; i < NR_COMMAND_COUNT; i++) names[i] = nr_commands[i].name;
    return nr_fail(NR_ERR_USAGE,
                   "unknown command \"%s\"; did you mean \"%s\"? (neurank --help)",
                   name, names[nr_nearest_name(name, names, NR_COMMAND_COUNT)]);
}

static nr_status unknown_option(const nr_options *o, const char *text) {
    const char *names[OPTION_COUNT];
    size_t n = 0;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(text, "="), text);
    for (option_id i = 0; i < OPTION_COUNT; i++)
        if (nr_command_has(o->command, i)) names[n++] = nr_option_table[i].name;
    return nr_fail(NR_ERR_USAGE, "%s has no option %s; did you mean --%s?",
                   nr_commands[o->command].name, name,
                   names[nr_nearest_name(name + strspn(name, "-"), names, n)]);
}

/* Files up to the next option. */
static nr_status take_files(const option_row *row, int argc, char **argv, int *at,
                            nr_paths *paths) {
    *paths = (nr_paths){(const char *const *)argv + *at + 1, 0};
    while (*at + 1 < argc && argv[*at + 1][0] != '-' && (double)paths->n < row->high) {
        paths->n++;
        ++*at;
    }
    return (double)paths->n < row->low ? not_there(row) : NR_OK;
}

/* The value of the option at argv[*at], which may be the next word. */
static nr_status take_value(const option_row *row, const char *value, int argc,
                            char **argv, int *at, void *field) {
    if (row->kind == FLAG) {
        NR_REQUIRE(!value, NR_ERR_USAGE, "--%s takes no value", row->name);
        *(bool *)field = true;
        return NR_OK;
    }
    if (row->kind == FILES) {
        NR_REQUIRE(!value, NR_ERR_USAGE, "--%s: give the files behind a blank",
                   row->name);
        return take_files(row, argc, argv, at, field);
    }
    if (!value) {
        if (*at + 1 >= argc) return not_there(row);
        value = argv[++*at];
    }
    return set_value(row, value, field);
}

static nr_status take_option(int argc, char **argv, int *at, nr_options *out) {
    const char *value;
    option_id id = nr_option_find(out->command, argv[*at], &value);
    if (id == OPTION_COUNT) return unknown_option(out, argv[*at]);
    const option_row *row = &nr_option_table[id];
    NR_REQUIRE(!nr_option_given(out, id), NR_ERR_USAGE, "--%s is given twice",
               row->name);
    out->given |= UINT64_C(1) << id;
    if (id == OPTION_HELP) return take_value(row, value, argc, argv, at, &out->help);
    field_row field;
    NR_ASSERT(nr_option_field(out->command, id, &field));
    if (field.given != NO_FIELD) *(bool *)field_at(out, field.given) = true;
    return take_value(row, value, argc, argv, at, field_at(out, field.offset));
}

static void set_presets(nr_options *out) {
    if (out->command == NR_COMMAND_IMPORT) out->as.import.scale = NAN;
    for (option_id id = 0; id < OPTION_COUNT; id++) {
        const option_row *row = &nr_option_table[id];
        field_row field;
        if (!nr_option_field(out->command, id, &field)) continue;
        NR_ASSERT(field.type == type_of[row->kind]);
        if (row->preset)
            NR_ASSERT(set_value(row, row->preset, field_at(out, field.offset)) ==
                      NR_OK);
    }
}

/* ---- arguments that are no options ---- */

static nr_status take_argument(const char *text, nr_options *out) {
    const command_row *command = &nr_commands[out->command];
    NR_REQUIRE(out->n_arguments < command->n_positional + command->n_optional,
               NR_ERR_USAGE, "%s: \"%s\" is one argument too many: neurank %s %s",
               command->name, text, command->name, command->arguments);
    out->arguments[out->n_arguments++] = text;
    return NR_OK;
}

/* Each to its field, the rest to a list. */
static void place_arguments(nr_options *out) {
    const request_row *request = &nr_request_rows[out->command];
    for (size_t k = 0; k < request->n_arguments; k++) {
        const field_row *row = &request->arguments[k];
        void *field = field_at(out, row->offset);
        const char **from = out->arguments + k;
        size_t left = k < out->n_arguments ? out->n_arguments - k : 0;
        NR_ASSERT(row->type == A_TEXT || row->type == SOME_PATHS);
        if (row->type == A_TEXT) *(const char **)field = *from;
        else *(nr_paths *)field = (nr_paths){from, left};
    }
}

nr_status nr_options_parse(int argc, char **argv, nr_options *out) {
    bool only_names = false;
    memset(out, 0, sizeof *out);
    out->command = NR_COMMAND_COUNT;
    NR_REQUIRE(argc > 1, NR_ERR_USAGE, "a command is expected: neurank --help");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        out->help = true;
        return NR_OK;
    }
    out->command = nr_command_find(argv[1]);
    if (out->command == NR_COMMAND_COUNT) return unknown_command(argv[1]);
    set_presets(out);
    for (int i = 2; i < argc; i++) {
        if (!only_names && strcmp(argv[i], "--") == 0) only_names = true;
        else if (!only_names && argv[i][0] == '-' && argv[i][1])
            NR_TRY(take_option(argc, argv, &i, out));
        else NR_TRY(take_argument(argv[i], out));
    }
    place_arguments(out);
    return out->help ? NR_OK : nr_options_check(out);
}

const char **nr_options_output(nr_options *options) {
    field_row field;
    if (options->command == NR_COMMAND_MERGE) return &options->as.merge.output;
    return nr_option_field(options->command, OPTION_OUTPUT, &field)
               ? field_at(options, field.offset)
               : NULL;
}
