/* The tables behind the command line: commands and options, a row each. */
#ifndef NEURANK_PLAN_OPTIONS_PRIVATE_H
#define NEURANK_PLAN_OPTIONS_PRIVATE_H

#include "neurank/plan/options.h"

typedef struct {
    const char *name;
    const char *arguments;
    size_t n_positional, n_optional; /* arguments that must and that may be given */
    const char *help;
} command_row;

typedef enum {
    FLAG,
    TEXT,
    PATH,   /* text that names a file */
    CHOICE, /* index of one of some words */
    WORD,   /* the word itself */
    COUNT,
    NUMBER,
    DURATION,
    NUMBERS,
    FILES
} option_kind;

typedef struct {
    const char *name; /* without dashes */
    option_kind kind;
    unsigned commands;
    size_t offset;
    const char *argument; /* placeholder; CHOICE, WORD: the choices, separated by | */
    const char *preset;   /* as text; NULL: none, the field stays 0 */
    double low, high;     /* COUNT, NUMBER, DURATION; FILES: how many */
    const char *help;
} option_row;

extern const command_row nr_commands[NR_COMMAND_COUNT];
extern const option_row nr_option_table[];
extern const size_t nr_n_options;

/* The option of a command that an argument names ("--top=3", "-o"); *value what stands
 * behind '=', or NULL. NULL: there is none. */
const option_row *nr_option_find(nr_command command, const char *text,
                                 const char **value);

enum { NR_OPTIONS_MAX = 64 }; /* bits of nr_options.given */

#endif
