/* Which field of its command's request an option fills, and an argument.
 *
 * An option is described once, in options_table.c; here each command lists those that
 * it has with a field of its own. Weighed: an offset in the option's row, which needs
 * one struct with the fields of all commands; a row an option and command, which says
 * what an option means five times; a function a command that copies, where a field that
 * is forgotten is one that is silently ignored. */
#include "table.h"

#define TYPE_OF(request, field)                                                        \
    _Generic(((request *)0)->field, bool                                               \
             : A_BOOL, const char *                                                    \
             : A_TEXT, uint64_t                                                        \
             : A_COUNT, double                                                         \
             : A_NUMBER, unsigned                                                      \
             : AN_ENUM, nr_numbers                                                     \
             : A_LIST, nr_paths                                                        \
             : SOME_PATHS)
#define FIELD(request, option, field)                                                  \
    { OPTION_##option, TYPE_OF(request, field), offsetof(request, field), NO_FIELD }
/* given: a bool that says whether somebody asked. */
#define ASKED(request, option, field, given)                                           \
    {                                                                                  \
        OPTION_##option, TYPE_OF(request, field), offsetof(request, field),            \
            offsetof(request, given)                                                   \
    }
#define ARGUMENT(request, field)                                                       \
    { OPTION_COUNT, TYPE_OF(request, field), offsetof(request, field), NO_FIELD }
/* The rows of a struct that stands in the request; and those of the request itself. */
#define PART(rows, request, field)                                                     \
    { rows, sizeof(rows) / sizeof *(rows), offsetof(request, field) }
#define OWN(rows)                                                                      \
    { rows, sizeof(rows) / sizeof *(rows), 0 }

/* ---- what several commands have ---- */

static const field_row input_rows[] = {FIELD(nr_input_request, IMAGES, images),
                                       FIELD(nr_input_request, SEED, seed),
                                       FIELD(nr_input_request, KERNELS, kernels)};

static const field_row store_rows[] = {
    FIELD(nr_store_request, OUTPUT, path), FIELD(nr_store_request, RESCUE, rescue),
    ASKED(nr_store_request, CHECKPOINT_EVERY, checkpoint_s, checkpoint_given),
    FIELD(nr_store_request, TIME_LIMIT, time_limit_s)};

static const field_row layers_rows[] = {
    FIELD(nr_layers_request, LAYER, layers),
    FIELD(nr_layers_request, ESTIMATOR, estimator),
    FIELD(nr_layers_request, METRIC, metric),
    FIELD(nr_layers_request, ABLATE, ablation),
    FIELD(nr_layers_request, SWEEPS, goal.sweeps),
    FIELD(nr_layers_request, HALF_WIDTH, goal.half_width),
    FIELD(nr_layers_request, REL_HALF_WIDTH, goal.rel_half_width),
    FIELD(nr_layers_request, TOP, goal.top),
    FIELD(nr_layers_request, TOLERANCE, goal.tolerance),
    FIELD(nr_layers_request, FILTERS, filters),
    FIELD(nr_layers_request, BLOCK, block),
    FIELD(nr_layers_request, MEMORY, memory_mib)};

/* Of a run and its job, not of a forecast. */
static const field_row run_rows[] = {FIELD(nr_layers_request, METHOD, method),
                                     FIELD(nr_layers_request, BY_CLASS, by_class),
                                     FIELD(nr_layers_request, PER_IMAGE, per_image),
                                     FIELD(nr_layers_request, SHARD, shard),
                                     FIELD(nr_layers_request, CONFIDENCE, confidence)};

static const field_row rate_rows[] = {
    FIELD(nr_rate_request, FRESH, out.fresh), FIELD(nr_rate_request, LAYER, layers),
    FIELD(nr_rate_request, MEMORY, memory_mib),
    ASKED(nr_rate_request, CONFIDENCE, confidence, confidence_given)};

/* ---- commands ---- */

static const field_row info_rows[] = {ASKED(nr_info_request, CONFIDENCE,
                                            forecast.play.confidence,
                                            forecast.confidence_given),
                                      FIELD(nr_info_request, FORMAT, format)};
static const field_part info_parts[] = {
    OWN(info_rows), PART(input_rows, nr_info_request, forecast.play.in),
    PART(layers_rows, nr_info_request, forecast.play)};
static const field_row info_arguments[] = {
    ARGUMENT(nr_info_request, forecast.play.in.model),
    ARGUMENT(nr_info_request, forecast.play.in.data)};

static const field_row eval_rows[] = {
    FIELD(nr_eval_request, LAYER, layer), FIELD(nr_eval_request, DROP, drop),
    FIELD(nr_eval_request, ABLATE, ablation), FIELD(nr_eval_request, LOGITS, logits),
    FIELD(nr_eval_request, FORMAT, format)};
static const field_part eval_parts[] = {OWN(eval_rows),
                                        PART(input_rows, nr_eval_request, in)};
static const field_row eval_arguments[] = {ARGUMENT(nr_eval_request, in.model),
                                           ARGUMENT(nr_eval_request, in.data)};

static const field_row shapley_rows[] = {FIELD(nr_shapley_request, FRESH, out.fresh)};
static const field_part shapley_parts[] = {
    OWN(shapley_rows), PART(input_rows, nr_shapley_request, play.in),
    PART(layers_rows, nr_shapley_request, play),
    PART(run_rows, nr_shapley_request, play),
    PART(store_rows, nr_shapley_request, out)};
static const field_row shapley_arguments[] = {
    ARGUMENT(nr_shapley_request, play.in.model),
    ARGUMENT(nr_shapley_request, play.in.data)};

static const field_row switching_rows[] = {
    FIELD(nr_switch_request, SWITCH_ESTIMATOR, estimator),
    FIELD(nr_switch_request, OPTIMIZER, optimizer),
    FIELD(nr_switch_request, SWITCH_SCALE, scale),
    FIELD(nr_switch_request, DRAWS, draws),
    FIELD(nr_switch_request, EPOCHS, epochs),
    FIELD(nr_switch_request, BATCH, batch),
    FIELD(nr_switch_request, ALPHA0, alpha0),
    FIELD(nr_switch_request, LR, learning_rate)};
static const field_part switching_parts[] = {
    OWN(switching_rows), PART(input_rows, nr_switch_request, rate.in),
    PART(store_rows, nr_switch_request, rate.out),
    PART(rate_rows, nr_switch_request, rate)};
static const field_row switching_arguments[] = {
    ARGUMENT(nr_switch_request, rate.in.model),
    ARGUMENT(nr_switch_request, rate.in.data)};

static const field_row baseline_rows[] = {FIELD(nr_baseline_request, METRIC, metric),
                                          FIELD(nr_baseline_request, ABLATE, ablation)};
static const field_part baseline_parts[] = {
    OWN(baseline_rows), PART(input_rows, nr_baseline_request, rate.in),
    PART(store_rows, nr_baseline_request, rate.out),
    PART(rate_rows, nr_baseline_request, rate)};
static const field_row baseline_arguments[] = {
    ARGUMENT(nr_baseline_request, rate.in.model),
    ARGUMENT(nr_baseline_request, rate.in.data)};

static const field_row show_rows[] = {FIELD(nr_show_request, FORMAT, format),
                                      FIELD(nr_show_request, TOP_SHOWN, top)};
static const field_part show_parts[] = {OWN(show_rows)};
static const field_row show_arguments[] = {ARGUMENT(nr_show_request, path)};

static const field_row compare_rows[] = {
    FIELD(nr_compare_request, SOME_LAYERS, layers),
    FIELD(nr_compare_request, METHODS, methods),
    FIELD(nr_compare_request, TOP_OVERLAP, top),
    FIELD(nr_compare_request, SEED, seed),
    ASKED(nr_compare_request, CONFIDENCE, confidence, confidence_given),
    FIELD(nr_compare_request, FORMAT, format)};
static const field_part compare_parts[] = {OWN(compare_rows)};
static const field_row compare_arguments[] = {ARGUMENT(nr_compare_request, stores)};

static const field_row prune_rows[] = {
    FIELD(nr_prune_request, OUTPUT, output),
    FIELD(nr_prune_request, SOME_LAYERS, layers),
    FIELD(nr_prune_request, BY, by),
    FIELD(nr_prune_request, KEEP, keep),
    FIELD(nr_prune_request, KEEP_PER_LAYER, keep_per_layer),
    FIELD(nr_prune_request, MAX_DROP, max_drop),
    FIELD(nr_prune_request, MASKS, masks),
    FIELD(nr_prune_request, FORMAT, format)};
static const field_part prune_parts[] = {OWN(prune_rows),
                                         PART(input_rows, nr_prune_request, in)};
static const field_row prune_arguments[] = {ARGUMENT(nr_prune_request, in.model),
                                            ARGUMENT(nr_prune_request, store),
                                            ARGUMENT(nr_prune_request, in.data)};

static const field_row curve_rows[] = {FIELD(nr_curve_request, OUTPUT, output),
                                       FIELD(nr_curve_request, FRESH, fresh),
                                       FIELD(nr_curve_request, SOME_LAYERS, layers),
                                       FIELD(nr_curve_request, METHODS, methods),
                                       FIELD(nr_curve_request, ABLATE, ablation),
                                       FIELD(nr_curve_request, POINTS, points),
                                       FIELD(nr_curve_request, RANDOM, random),
                                       FIELD(nr_curve_request, FORMAT, format)};
static const field_part curve_parts[] = {OWN(curve_rows),
                                         PART(input_rows, nr_curve_request, in)};
static const field_row curve_arguments[] = {ARGUMENT(nr_curve_request, in.model),
                                            ARGUMENT(nr_curve_request, in.data),
                                            ARGUMENT(nr_curve_request, stores)};

static const field_row export_rows[] = {FIELD(nr_export_request, OUTPUT, output),
                                        FIELD(nr_export_request, SOME_LAYERS, layers),
                                        ASKED(nr_export_request, BY, by, by_given)};
static const field_part export_parts[] = {OWN(export_rows)};
static const field_row export_arguments[] = {ARGUMENT(nr_export_request, store)};

static const field_row report_rows[] = {FIELD(nr_report_request, OUTPUT, output),
                                        FIELD(nr_report_request, SOME_LAYERS, layers)};
static const field_part report_parts[] = {OWN(report_rows)};
static const field_row report_arguments[] = {ARGUMENT(nr_report_request, files)};

static const field_row verify_arguments[] = {ARGUMENT(nr_verify_request, stores)};

static const field_row merge_rows[] = {FIELD(nr_merge_request, FRESH, fresh)};
static const field_part merge_parts[] = {OWN(merge_rows)};
static const field_row merge_arguments[] = {ARGUMENT(nr_merge_request, output),
                                            ARGUMENT(nr_merge_request, shards)};

static const field_row submit_rows[] = {
    ASKED(nr_submit_request, KERNELS, run.play.in.kernels, kernels_given),
    FIELD(nr_submit_request, NODES, nodes),
    FIELD(nr_submit_request, RANKS_PER_NODE, ranks_per_node),
    FIELD(nr_submit_request, TIME, time_s),
    FIELD(nr_submit_request, PARTITION, partition),
    FIELD(nr_submit_request, ACCOUNT, account),
    FIELD(nr_submit_request, DRY_RUN, dry_run)};
static const field_part submit_parts[] = {
    OWN(submit_rows), PART(input_rows, nr_submit_request, run.play.in),
    PART(layers_rows, nr_submit_request, run.play),
    PART(run_rows, nr_submit_request, run.play),
    PART(store_rows, nr_submit_request, run.out)};
static const field_row submit_arguments[] = {
    ARGUMENT(nr_submit_request, run.play.in.model),
    ARGUMENT(nr_submit_request, run.play.in.data)};

static const field_row status_rows[] = {FIELD(nr_status_request, FORMAT, format)};
static const field_part status_parts[] = {OWN(status_rows)};
static const field_row status_arguments[] = {ARGUMENT(nr_status_request, stores)};

static const field_row import_rows[] = {
    FIELD(nr_import_request, IDX, idx),     FIELD(nr_import_request, CIFAR10, cifar10),
    FIELD(nr_import_request, NPY, npy),     FIELD(nr_import_request, OUTPUT, output),
    FIELD(nr_import_request, SCALE, scale), FIELD(nr_import_request, MEAN, mean),
    FIELD(nr_import_request, STD, std)};
static const field_part import_parts[] = {OWN(import_rows)};

#define ALL(array) array, sizeof(array) / sizeof *(array)

const request_row nr_request_rows[NR_COMMAND_COUNT] = {
    [NR_COMMAND_INFO] = {ALL(info_parts), ALL(info_arguments)},
    [NR_COMMAND_EVAL] = {ALL(eval_parts), ALL(eval_arguments)},
    [NR_COMMAND_SHAPLEY] = {ALL(shapley_parts), ALL(shapley_arguments)},
    [NR_COMMAND_SWITCH] = {ALL(switching_parts), ALL(switching_arguments)},
    [NR_COMMAND_BASELINE] = {ALL(baseline_parts), ALL(baseline_arguments)},
    [NR_COMMAND_SHOW] = {ALL(show_parts), ALL(show_arguments)},
    [NR_COMMAND_COMPARE] = {ALL(compare_parts), ALL(compare_arguments)},
    [NR_COMMAND_PRUNE] = {ALL(prune_parts), ALL(prune_arguments)},
    [NR_COMMAND_CURVE] = {ALL(curve_parts), ALL(curve_arguments)},
    [NR_COMMAND_EXPORT] = {ALL(export_parts), ALL(export_arguments)},
    [NR_COMMAND_REPORT] = {ALL(report_parts), ALL(report_arguments)},
    [NR_COMMAND_VERIFY] = {NULL, 0, ALL(verify_arguments)},
    [NR_COMMAND_MERGE] = {ALL(merge_parts), ALL(merge_arguments)},
    [NR_COMMAND_SUBMIT] = {ALL(submit_parts), ALL(submit_arguments)},
    [NR_COMMAND_STATUS] = {ALL(status_parts), ALL(status_arguments)},
    [NR_COMMAND_IMPORT] = {ALL(import_parts), NULL, 0}};
