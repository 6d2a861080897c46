/* The commands that are one step each, on one rank. */
#ifndef NEURANK_COMMAND_COMMAND_H
#define NEURANK_COMMAND_COMMAND_H

#include "neurank/base/format.h"
#include "neurank/base/status.h"
#include "neurank/nn/cut.h"
#include "neurank/run/request.h"
#include "neurank/shapley/forecast.h"

typedef struct {
    nr_input_request in;
    const char *layer, *drop; /* NULL: none */
    nr_ablation ablation;
    const char *logits; /* file; NULL: not wanted */
    nr_format format;
} nr_eval_request;
nr_status nr_run_eval(const nr_eval_request *request);

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

typedef struct {
    nr_paths stores;
    const char *layers, *methods; /* NULL: all */
    uint64_t top, seed;
    double confidence;
    bool confidence_given; /* else that of the first store */
    nr_format format;
} nr_compare_request;
nr_status nr_run_compare(const nr_compare_request *request);

typedef struct {
    const char *store, *output;
    const char *layers; /* NULL: all */
    const char *by;
    bool by_given;
} nr_export_request;
nr_status nr_run_export(const nr_export_request *request);

typedef struct {
    nr_paths files; /* stores and curves */
    const char *output;
    const char *layers; /* NULL: all */
} nr_report_request;
nr_status nr_run_report(const nr_report_request *request);

typedef struct {
    const char *output;
    nr_paths shards;
    bool fresh;
} nr_merge_request;
nr_status nr_run_merge(const nr_merge_request *request, const char *command_line);

typedef struct {
    nr_paths idx, cifar10, npy; /* one of them */
    const char *output;
    double scale; /* NAN: by type */
    nr_numbers mean, std;
} nr_import_request;
nr_status nr_run_import(const nr_import_request *request, const char *command_line);

#endif
