#include "neurank/plan/options.h"

#include <math.h>
#include <string.h>

#include "neurank/base/text.h"
#include "neurank/plan/shard.h"
#include "options_private.h"

const char *nr_command_name(nr_command command) {
    return nr_commands[command].name;
}

nr_command nr_command_find(const char *name) {
    int k = 0;
    while (k < NR_COMMAND_COUNT && strcmp(nr_commands[k].name, name) != 0) k++;
    return (nr_command)k;
}

/* ---- values ---- */

/* Index of `text` among the choices "a|b|c"; false if it is none. */
static bool find_choice(const char *choices, const char *text, uint64_t *index) {
    uint64_t i = 0;
    for (const char *p = choices;; i++) {
        size_t length = strcspn(p, "|");
        if (strlen(text) == length && memcmp(p, text, length) == 0) {
            *index = i;
            return true;
        }
        if (!p[length]) return false;
        p += length + 1;
    }
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

static nr_status set_numbers(const option_row *row, const char *text, void *field) {
    nr_number_list *list = field;
    list->n = 0;
    for (const char *p = text;; p++) {
        char number[NR_NUMBER_TEXT];
        size_t length = strcspn(p, ",");
        if (list->n == NR_NUMBERS_MAX || length >= sizeof number)
            return bad_value(row, text, "a list of numbers");
        memcpy(number, p, length);
        number[length] = '\0';
        if (!nr_parse_double(number, &list->values[list->n++]))
            return bad_value(row, text, "a list of numbers");
        p += length;
        if (!*p) return NR_OK;
    }
}

static nr_status set_value(const option_row *row, const char *text, nr_options *out) {
    void *field = (char *)out + row->offset;
    uint64_t count;
    switch (row->kind) {
    case TEXT:
    case PATH:
        if (!*text) return bad_value(row, "\"\"", row->argument);
        *(const char **)field = text;
        return NR_OK;
    case CHOICE:
        if (!find_choice(row->argument, text, field))
            return bad_value(row, text, row->argument);
        return NR_OK;
    case WORD:
        if (!find_choice(row->argument, text, &count))
            return bad_value(row, text, row->argument);
        *(const char **)field = text;
        return NR_OK;
    case COUNT:
        if (!nr_parse_u64(text, &count)) return bad_value(row, text, "a whole number");
        if ((double)count < row->low || (double)count > row->high)
            return out_of_range(row, text);
        *(uint64_t *)field = count;
        return NR_OK;
    case NUMBERS: return set_numbers(row, text, field);
    default: return set_number(row, text, field);
    }
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
    const char *names[NR_OPTIONS_MAX];
    size_t n = 0;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(text, "="), text);
    for (size_t i = 0; i < nr_n_options; i++)
        if (nr_option_table[i].commands >> o->command & 1)
            names[n++] = nr_option_table[i].name;
    return nr_fail(NR_ERR_USAGE, "%s has no option %s; did you mean --%s?",
                   nr_commands[o->command].name, name,
                   names[nr_nearest_name(name + strspn(name, "-"), names, n)]);
}

const option_row *nr_option_find(nr_command command, const char *text,
                                 const char **value) {
    *value = NULL;
    if (strcmp(text, "-o") == 0) text = "--output";
    if (strcmp(text, "-h") == 0) text = "--help";
    if (strncmp(text, "--", 2) != 0) return NULL;
    size_t length = strcspn(text + 2, "=");
    if (text[2 + length]) *value = text + 2 + length + 1;
    for (size_t i = 0; i < nr_n_options; i++)
        if (strlen(nr_option_table[i].name) == length &&
            memcmp(nr_option_table[i].name, text + 2, length) == 0 &&
            nr_option_table[i].commands >> command & 1)
            return &nr_option_table[i];
    return NULL;
}

/* Files up to the next option. */
static nr_status take_files(const option_row *row, int argc, char **argv, int *at,
                            nr_options *out) {
    nr_file_list *list = (nr_file_list *)(void *)((char *)out + row->offset);
    while (*at + 1 < argc && argv[*at + 1][0] != '-' && (double)list->n < row->high)
        list->files[list->n++] = argv[++*at];
    NR_REQUIRE((double)list->n >= row->low, NR_ERR_USAGE, "--%s: %s is expected",
               row->name, row->argument);
    return NR_OK;
}

static nr_status take_option(int argc, char **argv, int *at, bool seen[NR_OPTIONS_MAX],
                             nr_options *out) {
    const char *value;
    const option_row *row = nr_option_find(out->command, argv[*at], &value);
    if (!row) return unknown_option(out, argv[*at]);
    NR_REQUIRE(!seen[row - nr_option_table], NR_ERR_USAGE, "--%s is given twice",
               row->name);
    seen[row - nr_option_table] = true;
    if (row->kind == FLAG) {
        NR_REQUIRE(!value, NR_ERR_USAGE, "--%s takes no value", row->name);
        *(bool *)((char *)out + row->offset) = true;
        return NR_OK;
    }
    if (row->kind == FILES) {
        NR_REQUIRE(!value, NR_ERR_USAGE, "--%s: give the files behind a blank",
                   row->name);
        return take_files(row, argc, argv, at, out);
    }
    if (!value) {
        NR_REQUIRE(*at + 1 < argc, NR_ERR_USAGE, "--%s: %s is expected", row->name,
                   row->argument);
        value = argv[++*at];
    }
    return set_value(row, value, out);
}

static void set_presets(nr_options *out) {
    out->scale = NAN;
    for (size_t i = 0; i < nr_n_options; i++)
        if (nr_option_table[i].preset)
            NR_ASSERT(set_value(&nr_option_table[i], nr_option_table[i].preset, out) ==
                      NR_OK);
}

/* A shard's end must not depend on what the others find. */
static nr_status check_shard(const nr_options *o) {
    nr_shard shard;
    bool watching = o->half_width > 0 || o->rel_half_width > 0 || o->top > 0;
    uint64_t sweeps = o->sweeps ? o->sweeps : 1;
    if (!o->shard) return NR_OK;
    NR_REQUIRE(nr_shard_parse(o->shard, &shard) && shard.count > 0, NR_ERR_USAGE,
               "--shard %s: I/K is expected, I of 1 to K, K at most %d", o->shard,
               NR_SHARDS_MAX);
    NR_REQUIRE(o->method != NR_METHOD_EXACT, NR_ERR_USAGE,
               "--shard: an exact run has one sweep, which more ranks share");
    NR_REQUIRE(!watching, NR_ERR_USAGE,
               "--shard: a run in shards ends after --sweeps; other goals look at what "
               "one shard does not have");
    NR_REQUIRE(shard.number <= sweeps, NR_ERR_USAGE,
               "--shard %s: of %llu sweep%s none is left for it", o->shard,
               (unsigned long long)sweeps, sweeps == 1 ? "" : "s");
    return NR_OK;
}

static nr_status check_store(const nr_options *o) {
    NR_REQUIRE(o->layer && o->output, NR_ERR_USAGE, "%s: %s is missing",
               nr_commands[o->command].name,
               o->layer ? "-o RUN.h5" : "--layer (a name, several, or all)");
    return NR_OK;
}

/* What ends a sampled run means nothing to an exact one, and what belongs to single
 * images needs blocks of one. */
static nr_status check_shapley(const nr_options *o) {
    bool exact = o->method == NR_METHOD_EXACT;
    NR_TRY(check_store(o));
    const struct {
        const char *name;
        bool given;
    } goals[] = {{"sweeps", o->sweeps > 0},
                 {"half-width", o->half_width > 0},
                 {"rel-half-width", o->rel_half_width > 0},
                 {"top", o->top > 0},
                 {"estimator", o->estimator > 0}};
    for (size_t i = 0; exact && i < sizeof goals / sizeof *goals; i++)
        NR_REQUIRE(!goals[i].given, NR_ERR_USAGE,
                   "--%s: an exact run evaluates every coalition and has no other goal",
                   goals[i].name);
    NR_TRY(check_shard(o));
    const char *single = exact          ? "--method exact"
                         : o->by_class  ? "--by-class"
                         : o->per_image ? "--per-image"
                                        : NULL;
    NR_REQUIRE(!single || o->block == 1, NR_ERR_USAGE,
               "--block %llu: %s needs blocks of one image",
               (unsigned long long)o->block, single);
    return NR_OK;
}

static nr_status check_info(const nr_options *o) {
    bool goal = o->half_width > 0 || o->rel_half_width > 0 || o->top > 0 || o->sweeps;
    NR_REQUIRE(o->format == NR_FORMAT_TEXT ||
                   (o->format == NR_FORMAT_CSV && !o->positional[1]),
               NR_ERR_USAGE, "info: --format csv lists the layers of a model, alone");
    NR_REQUIRE(
        o->positional[1] || (!goal && !o->layer && !o->filters), NR_ERR_USAGE,
        "info: a goal or a layer needs images or a store to measure: neurank info "
        "MODEL DATA.h5|RUN.h5");
    return NR_OK;
}

static nr_status check_prune(const nr_options *o) {
    bool by_drop = nr_option_given(o, "max-drop");
    int rules = (o->keep != NULL) + (o->keep_per_layer != NULL) + by_drop;
    NR_REQUIRE(rules == 1, NR_ERR_USAGE,
               "prune: one of --keep, --keep-per-layer and --max-drop is expected");
    NR_REQUIRE(
        !by_drop || o->n_positional == 3, NR_ERR_USAGE,
        "prune: --max-drop needs images to measure the accuracy on: neurank prune "
        "MODEL RUN.h5 DATA.h5");
    NR_REQUIRE(o->n_positional == 3 || !o->images, NR_ERR_USAGE,
               "prune: --images is a number of images of DATA.h5, which is missing");
    NR_REQUIRE(o->output, NR_ERR_USAGE, "prune: -o SMALL.onnx is missing");
    NR_REQUIRE(!o->masks || strcmp(o->masks, o->output) != 0, NR_ERR_USAGE,
               "prune: --masks and -o are the same file");
    return NR_OK;
}

static nr_status check_presence(const nr_options *o) {
    const command_row *command = &nr_commands[o->command];
    if (o->help) return NR_OK;
    NR_REQUIRE(o->n_positional >= command->n_positional, NR_ERR_USAGE,
               "%s: %zu arguments, %zu are expected: neurank %s %s", command->name,
               o->n_positional, command->n_positional, command->name,
               command->arguments);
    NR_REQUIRE(!(o->tolerance > 0) || o->top > 0, NR_ERR_USAGE,
               "--tolerance: only with --top");
    if (o->command == NR_COMMAND_SHAPLEY || o->command == NR_COMMAND_SUBMIT)
        NR_TRY(check_shapley(o));
    if (o->command == NR_COMMAND_SWITCH || o->command == NR_COMMAND_BASELINE)
        NR_TRY(check_store(o));
    if (o->command == NR_COMMAND_INFO) NR_TRY(check_info(o));
    if (o->command == NR_COMMAND_PRUNE) NR_TRY(check_prune(o));
    if (o->command == NR_COMMAND_EVAL)
        NR_REQUIRE(!o->drop || o->layer, NR_ERR_USAGE, "eval: --drop needs --layer");
    if (o->command == NR_COMMAND_EXPORT)
        NR_REQUIRE(o->output, NR_ERR_USAGE, "export: -o RANKS.csv is missing");
    if (o->command == NR_COMMAND_REPORT)
        NR_REQUIRE(o->output, NR_ERR_USAGE, "report: -o REPORT.html is missing");
    if (o->command == NR_COMMAND_IMPORT) {
        int sources = (o->idx.n > 0) + (o->cifar10.n > 0) + (o->npy.n > 0);
        NR_REQUIRE(sources == 1, NR_ERR_USAGE,
                   "import: one of --idx, --cifar10 and --npy is expected");
        NR_REQUIRE(o->output, NR_ERR_USAGE, "import: -o DATA.h5 is missing");
    }
    return NR_OK;
}

nr_status nr_options_parse(int argc, char **argv, nr_options *out) {
    bool seen[NR_OPTIONS_MAX] = {false};
    bool only_names = false;
    *out = (nr_options){.command = NR_COMMAND_COUNT};
    NR_REQUIRE(argc > 1, NR_ERR_USAGE, "a command is expected: neurank --help");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        out->help = true;
        return NR_OK;
    }
    out->command = nr_command_find(argv[1]);
    if (out->command == NR_COMMAND_COUNT) return unknown_command(argv[1]);
    set_presets(out);
    for (int i = 2; i < argc; i++) {
        if (!only_names && strcmp(argv[i], "--") == 0) {
            only_names = true;
        } else if (!only_names && argv[i][0] == '-' && argv[i][1]) {
            NR_TRY(take_option(argc, argv, &i, seen, out));
        } else {
            NR_REQUIRE(
                out->n_positional < nr_commands[out->command].n_positional +
                                        nr_commands[out->command].n_optional,
                NR_ERR_USAGE, "%s: \"%s\" is one argument too many: neurank %s %s",
                nr_commands[out->command].name, argv[i], nr_commands[out->command].name,
                nr_commands[out->command].arguments);
            out->positional[out->n_positional++] = argv[i];
        }
    }
    for (size_t k = 0; k < nr_n_options; k++)
        if (seen[k]) out->given |= UINT64_C(1) << k;
    return check_presence(out);
}

bool nr_option_given(const nr_options *options, const char *name) {
    for (size_t k = 0; k < nr_n_options; k++)
        if (strcmp(nr_option_table[k].name, name) == 0 && options->given >> k & 1)
            return true;
    return false;
}

const char *nr_options_beyond(const nr_options *options, const char *const *allowed,
                              size_t n) {
    for (size_t k = 0; k < nr_n_options; k++) {
        bool fits = !(options->given >> k & 1);
        for (size_t i = 0; i < n && !fits; i++)
            fits = strcmp(allowed[i], nr_option_table[k].name) == 0;
        if (!fits) return nr_option_table[k].name;
    }
    return NULL;
}
