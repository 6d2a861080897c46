/* The tables behind the command line: commands and options, a row each, and for every
 * command the fields of its request that options and arguments fill. */
#ifndef NEURANK_CLI_TABLE_H
#define NEURANK_CLI_TABLE_H

#include "neurank/cli/options.h"

typedef struct {
    const char *name;
    const char *arguments;
    size_t n_positional, n_optional; /* arguments that must and that may be given */
    const char *help;
} command_row;

/* In the order in which they are listed. */
typedef enum {
    OPTION_LAYER,
    OPTION_OUTPUT,
    OPTION_METHOD,
    OPTION_ESTIMATOR,
    OPTION_METRIC,
    OPTION_ABLATE,
    OPTION_IMAGES,
    OPTION_SWEEPS,
    OPTION_HALF_WIDTH,
    OPTION_REL_HALF_WIDTH,
    OPTION_TOP,
    OPTION_TOLERANCE,
    OPTION_SEED,
    OPTION_BY_CLASS,
    OPTION_PER_IMAGE,
    OPTION_FILTERS,
    OPTION_BLOCK,
    OPTION_CONFIDENCE,
    OPTION_KERNELS,
    OPTION_MEMORY,
    OPTION_CHECKPOINT_EVERY,
    OPTION_TIME_LIMIT,
    OPTION_RESCUE,
    OPTION_SHARD,
    OPTION_SWITCH_ESTIMATOR,
    OPTION_DRAWS,
    OPTION_ALPHA0,
    OPTION_EPOCHS,
    OPTION_BATCH,
    OPTION_LR,
    OPTION_OPTIMIZER,
    OPTION_SWITCH_SCALE,
    OPTION_NODES,
    OPTION_RANKS_PER_NODE,
    OPTION_TIME,
    OPTION_PARTITION,
    OPTION_ACCOUNT,
    OPTION_DRY_RUN,
    OPTION_FRESH,
    OPTION_DROP,
    OPTION_LOGITS,
    OPTION_FORMAT,
    OPTION_SOME_LAYERS,
    OPTION_KEEP,
    OPTION_KEEP_PER_LAYER,
    OPTION_MAX_DROP,
    OPTION_BY,
    OPTION_MASKS,
    OPTION_POINTS,
    OPTION_RANDOM,
    OPTION_METHODS,
    OPTION_TOP_OVERLAP,
    OPTION_TOP_SHOWN,
    OPTION_IDX,
    OPTION_CIFAR10,
    OPTION_NPY,
    OPTION_SCALE,
    OPTION_MEAN,
    OPTION_STD,
    OPTION_HELP,
    OPTION_COUNT
} option_id;

typedef enum {
    FLAG,
    TEXT,
    PATH,   /* text that names a file */
    CHOICE, /* one of some words, by its index */
    WORD,   /* one of some words, itself */
    COUNT,
    NUMBER,
    DURATION,
    NUMBERS,
    FILES
} option_kind;

enum { FILES_MAX = 256 };

/* What stands behind an option: anything, shown as its placeholder, or one of words. */
typedef struct {
    const char *placeholder;
    const char *const *words; /* [n_words] */
    size_t n_words;
} option_value;

typedef struct {
    const char *name; /* without dashes */
    option_kind kind;
    option_value value;
    const char *preset; /* as text; NULL: none, the field stays 0 */
    double low, high;   /* COUNT, NUMBER, DURATION; FILES: how many */
    const char *help;
} option_row;

extern const command_row nr_commands[NR_COMMAND_COUNT];
extern const option_row nr_option_table[OPTION_COUNT];

/* ---- fields of requests (requests.c) ---- */

typedef enum {
    A_BOOL,
    A_TEXT,
    A_COUNT,
    A_NUMBER,
    AN_ENUM,
    A_LIST,
    SOME_PATHS
} field_type;

enum { NO_FIELD = -1 };

/* A field of a request, or of a struct in it. */
typedef struct {
    option_id option; /* none of them: an argument */
    field_type type;
    int offset;
    int given; /* of a bool: was it on the command line? NO_FIELD: nobody asks */
} field_row;

/* Rows of a struct that lies at offset in the request. */
typedef struct {
    const field_row *rows; /* [n] */
    size_t n;
    int offset;
} field_part;

typedef struct {
    const field_part *parts; /* [n_parts] the first that has an option counts */
    size_t n_parts;
    const field_row
        *arguments; /* [n_arguments]; the last one may take all that are left */
    size_t n_arguments;
} request_row;

extern const request_row nr_request_rows[NR_COMMAND_COUNT];

/* ---- what the tables say (table.c) ---- */

/* *out: with offsets in the request. False: the command does not have this option, or
 * it is --help, which all have and which is no field. */
bool nr_option_field(nr_command command, option_id option, field_row *out);
bool nr_command_has(nr_command command, option_id option);

/* The option of a command that an argument names ("--top=3", "-o"); *value what stands
 * behind '=', or NULL. OPTION_COUNT: there is none. */
option_id nr_option_find(nr_command command, const char *text, const char **value);

/* "a|b|c", or the placeholder; "" for a flag. */
enum { ARGUMENT_TEXT = 128 };
const char *nr_option_argument(const option_row *row, char text[ARGUMENT_TEXT]);

bool nr_option_given(const nr_options *options, option_id option);

/* Reports what is missing, and what excludes each other (options_check.c). */
nr_status nr_options_check(nr_options *options);

#endif
