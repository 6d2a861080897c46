/* The order of steps of each command. run.c is the page to read first. */
#ifndef NEURANK_RUN_RUN_H
#define NEURANK_RUN_RUN_H

#include "neurank/plan/options.h"

/* command_line: for the store's history. Starts and stops MPI. */
nr_status nr_run_shapley(const nr_options *options, const char *command_line);

/* The importance switch and baselines, into the same store. As nr_run_shapley. */
nr_status nr_run_switch(const nr_options *options, const char *command_line);
nr_status nr_run_baseline(const nr_options *options, const char *command_line);

nr_status nr_run_eval(const nr_options *options);
nr_status nr_run_info(const nr_options *options);
/* All of the stores; returns what is wrong with the first that is not sound. */
nr_status nr_run_verify(const nr_options *options);
/* argv: that of the program, for the job's script. */
nr_status nr_run_submit(const nr_options *options, int argc, char **argv);
/* How far all of the stores are; returns what is wrong with the first that is. */
nr_status nr_run_status(const nr_options *options);
nr_status nr_run_compare(const nr_options *options);
nr_status nr_run_prune(const nr_options *options);
nr_status nr_run_export(const nr_options *options);
nr_status nr_run_report(const nr_options *options);
/* As nr_run_shapley: any number of ranks, the same bits. */
nr_status nr_run_curve(const nr_options *options, const char *command_line);
nr_status nr_run_merge(const nr_options *options, const char *command_line);
nr_status nr_run_import(const nr_options *options, const char *command_line);

#endif
