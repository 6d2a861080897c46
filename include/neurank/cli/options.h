/* The command line: one row an option.
 *
 * Parsing, checking, `--help`, the pages of the manual and the completion come from the
 * rows of options_table.c; which field of which command's request an option fills, from
 * those of requests.c. An option that a command does not use is an error, and so is
 * a number out of range: nothing is clamped, nothing ignored. */
#ifndef NEURANK_CLI_OPTIONS_H
#define NEURANK_CLI_OPTIONS_H

#include <stdio.h>

#include "neurank/command/command.h"
#include "neurank/curve/curve.h"
#include "neurank/job/job_commands.h"
#include "neurank/prune/prune.h"
#include "neurank/rate/rate.h"
#include "neurank/shapley/shapley.h"

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

enum { NR_ARGUMENTS_MAX = 4096 };

typedef struct {
    const char *path;
    nr_format format;
    uint64_t top; /* 0: all */
} nr_show_request;

/* What a command is asked. */
typedef union {
    nr_info_request info;
    nr_eval_request eval;
    nr_shapley_request shapley;
    nr_switch_request switching;
    nr_baseline_request baseline;
    nr_show_request show;
    nr_compare_request compare;
    nr_prune_request prune;
    nr_curve_request curve;
    nr_export_request exporting;
    nr_report_request report;
    nr_verify_request verify;
    nr_merge_request merge;
    nr_submit_request submit;
    nr_status_request status;
    nr_import_request import;
} nr_request;

/* Texts and lists point into argv and into arguments. */
typedef struct {
    nr_command command;
    bool help;
    nr_request as; /* the command's; what nobody gave is as the help says, or 0 */
    const char *arguments[NR_ARGUMENTS_MAX]; /* what is no option */
    size_t n_arguments;
    uint64_t given; /* bit k: option k of the table was on the command line */
} nr_options;

/* argv[0] is the program; *out borrows its texts from argv. NR_ERR_USAGE: something is
 * wrong with the command line, and said. */
nr_status nr_options_parse(int argc, char **argv, nr_options *out);

/* The file that the command writes; NULL: the command has none. */
const char **nr_options_output(nr_options *options);

/* name: as it is typed. find: the command of that name; NR_COMMAND_COUNT: there is
 * none. */
const char *nr_command_name(nr_command command);
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
