#include "requests.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/command/command.h"
#include "neurank/curve/curve.h"
#include "neurank/job/job_commands.h"
#include "neurank/prune/prune.h"
#include "neurank/rate/rate.h"
#include "neurank/report/show.h"
#include "neurank/shapley/shapley.h"

/* Arguments that are no options, from the k-th on. */
static nr_paths paths_from(const nr_options *o, size_t k) {
    return (nr_paths){o->positional + k, o->n_positional - k};
}

static nr_paths paths_of(const nr_file_list *list) {
    return (nr_paths){list->files, list->n};
}

static nr_input_request input_of(const nr_options *o, const char *data) {
    return (nr_input_request){.model = o->positional[0],
                              .data = data,
                              .images = o->images,
                              .seed = o->seed,
                              .kernels = o->kernels};
}

static nr_status run_eval(const nr_options *o) {
    const nr_eval_request request = {.in = input_of(o, o->positional[1]),
                                     .layer = o->layer,
                                     .drop = o->drop,
                                     .ablation = (nr_ablation)o->ablate,
                                     .logits = o->logits,
                                     .format = (nr_format)o->format};
    return nr_run_eval(&request);
}

static nr_store_request store_of(const nr_options *o) {
    return (nr_store_request){.path = o->output,
                              .rescue = o->rescue,
                              .fresh = o->fresh,
                              .checkpoint_s = o->checkpoint_every_s,
                              .checkpoint_given =
                                  nr_option_given(o, "checkpoint-every"),
                              .time_limit_s = o->time_limit_s};
}

static nr_layers_request layers_of(const nr_options *o) {
    return (nr_layers_request){.in = input_of(o, o->positional[1]),
                               .layers = o->layer,
                               .filters = o->filters,
                               .method = (nr_method)o->method,
                               .estimator = (nr_estimator_wish)o->estimator,
                               .metric = (nr_metric)o->metric,
                               .ablation = (nr_ablation)o->ablate,
                               .block = o->block,
                               .by_class = o->by_class,
                               .per_image = o->per_image,
                               .shard = o->shard,
                               .goal = {.sweeps = o->sweeps,
                                        .half_width = o->half_width,
                                        .rel_half_width = o->rel_half_width,
                                        .top = o->top,
                                        .tolerance = o->tolerance},
                               .confidence = o->confidence,
                               .memory_mib = o->memory};
}

static nr_status run_shapley(const nr_options *o, const char *command_line) {
    const nr_shapley_request request = {layers_of(o), store_of(o)};
    return nr_run_shapley(&request, command_line);
}

static nr_status run_info(const nr_options *o) {
    /* What a store's run has not settled. */
    static const char *const open[] = {"layer",          "sweeps", "half-width",
                                       "rel-half-width", "top",    "tolerance",
                                       "confidence"};
    const nr_info_request request = {
        .forecast = {.play = layers_of(o),
                     .confidence_given = nr_option_given(o, "confidence"),
                     .settled_option =
                         nr_options_beyond(o, open, sizeof open / sizeof *open)},
        .format = (nr_format)o->format};
    return nr_run_info(&request);
}

static nr_status run_submit(const nr_options *o, int argc, char **argv) {
    char *words = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&words, &bytes);
    if (!stream) return NR_ERR_INTERNAL;
    nr_options_shell(argc, argv, NR_COMMAND_SUBMIT, NR_COMMAND_SHAPLEY, stream);
    bool good = fclose(stream) == 0;
    const nr_submit_request request = {.run = {layers_of(o), store_of(o)},
                                       .kernels_given = nr_option_given(o, "kernels"),
                                       .nodes = o->nodes,
                                       .ranks_per_node = o->ranks_per_node,
                                       .time_s = o->time_s,
                                       .partition = o->partition,
                                       .account = o->account,
                                       .dry_run = o->dry_run,
                                       .words = words};
    nr_status status = good ? nr_run_submit(&request) : NR_ERR_INTERNAL;
    free(words);
    return status;
}

static nr_rate_request rate_of(const nr_options *o) {
    return (nr_rate_request){.in = input_of(o, o->positional[1]),
                             .out = store_of(o),
                             .layers = o->layer,
                             .memory_mib = o->memory,
                             .confidence = o->confidence,
                             .confidence_given = nr_option_given(o, "confidence")};
}

static nr_status run_switch(const nr_options *o, const char *command_line) {
    const nr_switch_request request = {.rate = rate_of(o),
                                       .estimator =
                                           (nr_switch_estimator)o->switch_estimator,
                                       .optimizer = (nr_optimizer)o->optimizer,
                                       .scale = (nr_switch_scale)o->switch_scale,
                                       .draws = o->draws,
                                       .epochs = o->epochs,
                                       .batch = o->batch,
                                       .alpha0 = o->alpha0,
                                       .learning_rate = o->rate};
    return nr_run_switch(&request, command_line);
}

static nr_status run_baseline(const nr_options *o, const char *command_line) {
    const nr_baseline_request request = {.rate = rate_of(o),
                                         .metric = (nr_metric)o->metric,
                                         .ablation = (nr_ablation)o->ablate};
    return nr_run_baseline(&request, command_line);
}

static nr_status run_curve(const nr_options *o, const char *command_line) {
    const nr_curve_request request = {.in = input_of(o, o->positional[1]),
                                      .stores = paths_from(o, 2),
                                      .layers = o->layer,
                                      .methods = o->methods,
                                      .ablation = (nr_ablation)o->ablate,
                                      .points = o->points,
                                      .random = o->random,
                                      .output = o->output,
                                      .fresh = o->fresh,
                                      .format = (nr_format)o->format};
    return nr_run_curve(&request, command_line);
}

static nr_status run_compare(const nr_options *o) {
    const nr_compare_request request = {.stores = paths_from(o, 0),
                                        .layers = o->layer,
                                        .methods = o->methods,
                                        .top = o->top,
                                        .seed = o->seed,
                                        .confidence = o->confidence,
                                        .confidence_given =
                                            nr_option_given(o, "confidence"),
                                        .format = (nr_format)o->format};
    return nr_run_compare(&request);
}

static nr_status run_prune(const nr_options *o) {
    const nr_prune_request request = {
        .in = input_of(o, o->n_positional > 2 ? o->positional[2] : NULL),
        .store = o->positional[1],
        .output = o->output,
        .layers = o->layer,
        .by = o->by,
        .keep = o->keep,
        .keep_per_layer = o->keep_per_layer,
        .max_drop = o->max_drop,
        .masks = o->masks,
        .format = (nr_format)o->format};
    return nr_run_prune(&request);
}

static nr_status run_export(const nr_options *o) {
    const nr_export_request request = {.store = o->positional[0],
                                       .output = o->output,
                                       .layers = o->layer,
                                       .by = o->by,
                                       .by_given = nr_option_given(o, "by")};
    return nr_run_export(&request);
}

static nr_status run_report(const nr_options *o) {
    const nr_report_request request = {
        .files = paths_from(o, 0), .output = o->output, .layers = o->layer};
    return nr_run_report(&request);
}

static nr_status run_verify(const nr_options *o) {
    const nr_verify_request request = {.stores = paths_from(o, 0)};
    return nr_run_verify(&request);
}

static nr_status run_status(const nr_options *o) {
    const nr_status_request request = {.stores = paths_from(o, 0),
                                       .format = (nr_format)o->format};
    return nr_run_status(&request);
}

static nr_status run_merge(const nr_options *o, const char *command_line) {
    const nr_merge_request request = {
        .output = o->positional[0], .shards = paths_from(o, 1), .fresh = o->fresh};
    return nr_run_merge(&request, command_line);
}

static nr_status run_import(const nr_options *o, const char *command_line) {
    nr_import_request *request;
    if (!NR_NEW(request, 1)) return NR_ERR_INTERNAL;
    *request = (nr_import_request){.idx = paths_of(&o->idx),
                                   .cifar10 = paths_of(&o->cifar10),
                                   .npy = paths_of(&o->npy),
                                   .output = o->output,
                                   .scale = o->scale};
    memcpy(&request->mean, &o->mean, sizeof o->mean);
    memcpy(&request->std, &o->std, sizeof o->std);
    nr_status status = nr_run_import(request, command_line);
    free(request);
    return status;
}

nr_status nr_request_run(const nr_options *options, int argc, char **argv,
                         const char *command_line) {
    switch (options->command) {
    case NR_COMMAND_INFO: return run_info(options);
    case NR_COMMAND_EVAL: return run_eval(options);
    case NR_COMMAND_SHAPLEY: return run_shapley(options, command_line);
    case NR_COMMAND_SWITCH: return run_switch(options, command_line);
    case NR_COMMAND_BASELINE: return run_baseline(options, command_line);
    case NR_COMMAND_SHOW:
        return nr_report_show_file(options->positional[0], (nr_format)options->format,
                                   options->top, stdout);
    case NR_COMMAND_COMPARE: return run_compare(options);
    case NR_COMMAND_PRUNE: return run_prune(options);
    case NR_COMMAND_CURVE: return run_curve(options, command_line);
    case NR_COMMAND_EXPORT: return run_export(options);
    case NR_COMMAND_REPORT: return run_report(options);
    case NR_COMMAND_VERIFY: return run_verify(options);
    case NR_COMMAND_SUBMIT: return run_submit(options, argc, argv);
    case NR_COMMAND_STATUS: return run_status(options);
    case NR_COMMAND_MERGE: return run_merge(options, command_line);
    case NR_COMMAND_IMPORT: return run_import(options, command_line);
    case NR_COMMAND_COUNT: break;
    }
    return NR_ERR_INTERNAL;
}
