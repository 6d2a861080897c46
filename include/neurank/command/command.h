/* The commands that are one step each, on one rank. */
#ifndef NEURANK_COMMAND_COMMAND_H
#define NEURANK_COMMAND_COMMAND_H

#include "neurank/plan/options.h"

nr_status nr_run_eval(const nr_options *options);
nr_status nr_run_info(const nr_options *options);
/* All of the stores; returns what is wrong with the first that is not sound. */
nr_status nr_run_verify(const nr_options *options);
nr_status nr_run_compare(const nr_options *options);
nr_status nr_run_export(const nr_options *options);
nr_status nr_run_report(const nr_options *options);
nr_status nr_run_merge(const nr_options *options, const char *command_line);
nr_status nr_run_import(const nr_options *options, const char *command_line);

#endif
