/* The commands that are one step each, on one rank. Results go to stdout or to the
 * output, which appears whole or not at all; every failure has been said. command_line:
 * for the history of a file; borrowed.
 *
 * Failures: NR_ERR_USAGE, what is asked does not fit what it is for; NR_ERR_INPUT, a
 * file cannot be read or is damaged; NR_ERR_MISMATCH, files that do not belong
 * together, or have nothing of what is asked for; NR_ERR_STORE, an output cannot be
 * written; NR_ERR_UNIT, a score is no number; NR_ERR_INTERNAL, no memory, or no
 * gnuplot. */
#ifndef NEURANK_COMMAND_COMMAND_H
#define NEURANK_COMMAND_COMMAND_H

#include "neurank/base/format.h"
#include "neurank/base/status.h"
#include "neurank/nn/cut.h"
#include "neurank/run/request.h"
#include "neurank/shapley/forecast.h"

/* Accuracy and loss of a network, also without some filters of a layer. */
typedef struct {
    nr_input_request in;
    const char *layer, *drop; /* NULL: none */
    nr_ablation ablation;
    const char *logits; /* file; NULL: not wanted */
    nr_format format;
} nr_eval_request;
nr_status nr_run_eval(const nr_eval_request *request);

/* What is in a model, and how long its layers take to rank. */
typedef struct {
    nr_forecast_request forecast; /* data NULL: what the layers are, alone */
    nr_format format;
} nr_info_request;
nr_status nr_run_info(const nr_info_request *request);

/* All of the stores; returns what is wrong with the first that is not sound. */
typedef struct {
    nr_paths stores;
} nr_verify_request;
nr_status nr_run_verify(const nr_verify_request *request);

/* How far rankings agree (report/compare.h). */
typedef struct {
    nr_paths stores;
    const char *layers, *methods; /* NULL: all */
    uint64_t top, seed;
    double confidence;
    bool confidence_given; /* else that of the first store */
    nr_format format;
} nr_compare_request;
nr_status nr_run_compare(const nr_compare_request *request);

/* The ranks of a store as tables and arrays for other programs. */
typedef struct {
    const char *store, *output;
    const char *layers; /* NULL: all */
    const char *by;
    bool by_given;
} nr_export_request;
nr_status nr_run_export(const nr_export_request *request);

/* A page with tables and plots (report/html.h). */
typedef struct {
    nr_paths files; /* stores and curves */
    const char *output;
    const char *layers; /* NULL: all */
} nr_report_request;
nr_status nr_run_report(const nr_report_request *request);

/* Shards to one store (nr_store_join). */
typedef struct {
    const char *output;
    nr_paths shards;
    bool fresh;
} nr_merge_request;
nr_status nr_run_merge(const nr_merge_request *request, const char *command_line);

/* Foreign image files to the project's form (dataset/import.h). */
typedef struct {
    nr_paths idx, cifar10, npy; /* one of them */
    const char *output;
    double scale; /* NAN: by type */
    nr_numbers mean, std;
} nr_import_request;
nr_status nr_run_import(const nr_import_request *request, const char *command_line);

#endif
