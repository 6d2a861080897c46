/* The command line: one row an option.
 *
 * Parsing, checking, `--help`, the pages of the manual and the completion come from the
 * rows of options_table.c. An option that a command does not use is an error, and so is
 * a number out of range: nothing is clamped, nothing ignored. */
#ifndef NEURANK_PLAN_OPTIONS_H
#define NEURANK_PLAN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "neurank/base/format.h"
#include "neurank/base/status.h"
#include "neurank/plan/plan.h"

typedef enum {
    NR_COMMAND_INFO,
    NR_COMMAND_EVAL,
    NR_COMMAND_SHAPLEY,
    NR_COMMAND_SWITCH,
    NR_COMMAND_BASELINE,
    NR_COMMAND_SHOW,
    NR_COMMAND_COMPARE,
    NR_COMMAND_PRUNE,
    NR_COMMAND_CURVE,
    NR_COMMAND_EXPORT,
    NR_COMMAND_REPORT,
    NR_COMMAND_VERIFY,
    NR_COMMAND_MERGE,
    NR_COMMAND_SUBMIT,
    NR_COMMAND_STATUS,
    NR_COMMAND_IMPORT,
    NR_COMMAND_COUNT
} nr_command;

enum { NR_POSITIONAL_MAX = 4096, NR_FILES_MAX = 256, NR_NUMBERS_MAX = 1024 };

typedef struct {
    double values[NR_NUMBERS_MAX];
    size_t n;
} nr_number_list;

typedef struct {
    const char *files[NR_FILES_MAX];
    size_t n;
} nr_file_list;

/* Texts point into argv. Every field is an option of the same name; NULL or 0 where the
 * help says so. */
typedef struct {
    nr_command command;
    bool help;
    const char *positional[NR_POSITIONAL_MAX];
    size_t n_positional;
    const char *layer, *output, *filters, *drop, *logits, *shard, *rescue, *methods;
    const char *kernels, *by;                           /* one of the choices */
    uint64_t method, estimator, metric, ablate, format; /* index of the choice */
    uint64_t images, sweeps, seed, top, block, memory;
    double confidence, checkpoint_every_s, time_limit_s;
    double half_width, rel_half_width, tolerance;
    uint64_t switch_estimator, optimizer, switch_scale; /* index of the choice */
    uint64_t draws, epochs, batch;
    double alpha0, rate;
    bool fresh, by_class, per_image, dry_run;
    const char *keep, *keep_per_layer, *masks;
    double max_drop;
    uint64_t points, random;
    const char *partition, *account;
    uint64_t nodes, ranks_per_node;
    double time_s; /* of a job; 0: from a forecast */
    double scale;  /* NAN: by type */
    nr_number_list mean, std;
    nr_file_list idx, cifar10, npy;
    uint64_t given; /* bit k: option k of the table was on the command line */
} nr_options;

/* argv[0] is the program. Reports what is wrong with the command line. */
nr_status nr_options_parse(int argc, char **argv, nr_options *out);

bool nr_option_given(const nr_options *options, const char *name);
/* Name of the first option that was given and is none of `allowed` [n]; NULL: there is
 * none. */
const char *nr_options_beyond(const nr_options *options, const char *const *allowed,
                              size_t n);

const char *nr_command_name(nr_command command);
/* NR_COMMAND_COUNT: there is none of that name. */
nr_command nr_command_find(const char *name);
/* The command line as words for a shell, as if it were one of the command `as`: without
 * the options that it does not have, and without the program and command. */
void nr_options_shell(int argc, char **argv, nr_command of, nr_command as,
                      FILE *stream);

/* Help of one command, or of the program (NR_COMMAND_COUNT). */
void nr_options_help(nr_command command, FILE *stream);
/* What stands in the table, as parts of a page of the manual: name and synopsis of a
 * command, its options, and the list of all commands (manual/manual.h). */
void nr_options_synopsis(nr_command command, FILE *stream);
void nr_options_list(nr_command command, FILE *stream);
void nr_commands_list(FILE *stream);
/* For bash: commands, options, choices, and files where an option takes one; behind
 * `neurank help` the pages [n] that are no commands. */
void nr_options_completion(const char *const *pages, size_t n, FILE *stream);

#endif
