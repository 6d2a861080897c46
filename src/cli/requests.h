/* From the command line to what a command is asked. */
#ifndef NEURANK_CLI_REQUESTS_H
#define NEURANK_CLI_REQUESTS_H

#include "neurank/plan/options.h"

/* Runs the command. */
nr_status nr_request_run(const nr_options *options, int argc, char **argv,
                         const char *command_line);

#endif
