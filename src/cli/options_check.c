/* What is missing on a command line, and what excludes each other. */
#include <string.h>

#include "neurank/estim/goal_rows.h"
#include "neurank/plan/shard.h"
#include "table.h"

static nr_status check_goal(const nr_goal *goal) {
    NR_REQUIRE(!(goal->tolerance > 0) || goal->top > 0, NR_ERR_USAGE,
               "--tolerance: only with --top");
    return NR_OK;
}

/* A shard's end must not depend on what the others find. */
static nr_status check_shard(const nr_layers_request *o) {
    nr_shard shard;
    uint64_t sweeps = o->goal.sweeps ? o->goal.sweeps : 1;
    if (!o->shard) return NR_OK;
    NR_REQUIRE(nr_shard_parse(o->shard, &shard) && shard.count > 0, NR_ERR_USAGE,
               "--shard %s: I/K is expected, I of 1 to K, K at most %d", o->shard,
               NR_SHARDS_MAX);
    NR_REQUIRE(o->method != NR_METHOD_EXACT, NR_ERR_USAGE,
               "--shard: an exact run has one sweep, which more ranks share");
    NR_REQUIRE(!nr_goal_is_watching(&o->goal), NR_ERR_USAGE,
               "--shard: a run in shards ends after --sweeps; other goals look at what "
               "one shard does not have");
    NR_REQUIRE(shard.number <= sweeps, NR_ERR_USAGE,
               "--shard %s: of %llu sweep%s none is left for it", o->shard,
               (unsigned long long)sweeps, sweeps == 1 ? "" : "s");
    return NR_OK;
}

static nr_status check_store(nr_command command, const char *layers,
                             const nr_store_request *out) {
    NR_REQUIRE(layers && out->path, NR_ERR_USAGE, "%s: %s is missing",
               nr_command_name(command),
               layers ? "-o RUN.h5" : "--layer (a name, several, or all)");
    return NR_OK;
}

/* What ends a sampled run means nothing to an exact one, and what belongs to single
 * images needs blocks of one. */
static nr_status check_layers(const nr_layers_request *o) {
    bool exact = o->method == NR_METHOD_EXACT;
    const char *other = o->estimator != NR_ESTIMATOR_PAIRS ? "estimator" : NULL;
    for (size_t k = NR_GOAL_ROWS; k-- > 0;)
        if (nr_goal_asks(&o->goal, &nr_goal_rows[k])) other = nr_goal_rows[k].option;
    NR_REQUIRE(!exact || !other, NR_ERR_USAGE,
               "--%s: an exact run evaluates every coalition and has no other goal",
               other);
    NR_TRY(check_shard(o));
    const char *single = exact          ? "--method exact"
                         : o->by_class  ? "--by-class"
                         : o->per_image ? "--per-image"
                                        : NULL;
    NR_REQUIRE(!single || o->block == 1, NR_ERR_USAGE,
               "--block %llu: %s needs blocks of one image",
               (unsigned long long)o->block, single);
    return NR_OK;
}

static nr_status check_shapley(nr_command command, const nr_shapley_request *o) {
    NR_TRY(check_goal(&o->play.goal));
    NR_TRY(check_store(command, o->play.layers, &o->out));
    return check_layers(&o->play);
}

/* The first option given that a store's run has settled; NULL: none. */
static const char *find_settled(const nr_options *options) {
    static const option_id open[] = {
        OPTION_LAYER, OPTION_SWEEPS,    OPTION_HALF_WIDTH, OPTION_REL_HALF_WIDTH,
        OPTION_TOP,   OPTION_TOLERANCE, OPTION_CONFIDENCE};
    uint64_t settled = options->given;
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        settled &= ~(UINT64_C(1) << open[i]);
    for (option_id i = 0; i < OPTION_COUNT; i++)
        if (settled >> i & 1) return nr_option_table[i].name;
    return NULL;
}

static nr_status check_info(nr_options *options) {
    nr_info_request *o = &options->as.info;
    const nr_layers_request *play = &o->forecast.play;
    bool goal = !nr_goal_is_none(&play->goal);
    const char *data = play->in.data;
    o->forecast.settled_option = find_settled(options);
    NR_TRY(check_goal(&play->goal));
    NR_REQUIRE(o->format == NR_FORMAT_TEXT || (o->format == NR_FORMAT_CSV && !data),
               NR_ERR_USAGE, "info: --format csv lists the layers of a model, alone");
    NR_REQUIRE(
        data || (!goal && !play->layers && !play->filters), NR_ERR_USAGE,
        "info: a goal or a layer needs images or a store to measure: neurank info "
        "MODEL DATA.h5|RUN.h5");
    return NR_OK;
}

static nr_status check_prune(const nr_prune_request *o, bool by_drop) {
    int rules = (o->keep != NULL) + (o->keep_per_layer != NULL) + by_drop;
    NR_REQUIRE(rules == 1, NR_ERR_USAGE,
               "prune: one of --keep, --keep-per-layer and --max-drop is expected");
    NR_REQUIRE(
        !by_drop || o->in.data, NR_ERR_USAGE,
        "prune: --max-drop needs images to measure the accuracy on: neurank prune "
        "MODEL RUN.h5 DATA.h5");
    NR_REQUIRE(o->in.data || !o->in.images, NR_ERR_USAGE,
               "prune: --images is a number of images of DATA.h5, which is missing");
    NR_REQUIRE(o->output, NR_ERR_USAGE, "prune: -o SMALL.onnx is missing");
    NR_REQUIRE(!o->masks || strcmp(o->masks, o->output) != 0, NR_ERR_USAGE,
               "prune: --masks and -o are the same file");
    return NR_OK;
}

static nr_status check_import(const nr_import_request *o) {
    int sources = (o->idx.n > 0) + (o->cifar10.n > 0) + (o->npy.n > 0);
    NR_REQUIRE(sources == 1, NR_ERR_USAGE,
               "import: one of --idx, --cifar10 and --npy is expected");
    NR_REQUIRE(o->output, NR_ERR_USAGE, "import: -o DATA.h5 is missing");
    return NR_OK;
}

static nr_status check_command(nr_options *o) {
    const nr_request *as = &o->as;
    switch (o->command) {
    case NR_COMMAND_INFO: return check_info(o);
    case NR_COMMAND_SHAPLEY: return check_shapley(o->command, &as->shapley);
    case NR_COMMAND_SUBMIT: return check_shapley(o->command, &as->submit.run);
    case NR_COMMAND_SWITCH:
        return check_store(o->command, as->switching.rate.layers,
                           &as->switching.rate.out);
    case NR_COMMAND_BASELINE:
        return check_store(o->command, as->baseline.rate.layers,
                           &as->baseline.rate.out);
    case NR_COMMAND_PRUNE:
        return check_prune(&as->prune, nr_option_given(o, OPTION_MAX_DROP));
    case NR_COMMAND_EVAL:
        NR_REQUIRE(!as->eval.drop || as->eval.layer, NR_ERR_USAGE,
                   "eval: --drop needs --layer");
        return NR_OK;
    case NR_COMMAND_EXPORT:
        NR_REQUIRE(as->exporting.output, NR_ERR_USAGE,
                   "export: -o RANKS.csv is missing");
        return NR_OK;
    case NR_COMMAND_REPORT:
        NR_REQUIRE(as->report.output, NR_ERR_USAGE,
                   "report: -o REPORT.html is missing");
        return NR_OK;
    case NR_COMMAND_IMPORT: return check_import(&as->import);
    default: return NR_OK;
    }
}

nr_status nr_options_check(nr_options *options) {
    const command_row *command = &nr_commands[options->command];
    NR_REQUIRE(options->n_arguments >= command->n_positional, NR_ERR_USAGE,
               "%s: %zu arguments, %zu are expected: neurank %s %s", command->name,
               options->n_arguments, command->n_positional, command->name,
               command->arguments);
    return check_command(options);
}
