#include "neurank/run/resume.h"

#include <stdio.h>
#include <string.h>

#include "neurank/base/log.h"

/* ---- does it fit? ---- */

/* What a plan of today says and one of an older version does not is not known of that
 * run: its bits could not be kept. */
nr_status nr_require_noted(const char *path, const nr_store *stored,
                           const nr_plan_arithmetic *arithmetic) {
    NR_REQUIRE(
        arithmetic->blas, NR_ERR_MISMATCH,
        "%s was begun by %s, which did not note the kernels of OpenBLAS that its "
        "last bits depend on: go on with that version, or use another file or "
        "--fresh",
        path, stored->program ? stored->program : "an older neurank");
    return NR_OK;
}

static nr_status match_plans(const char *path, const nr_store *stored,
                             const nr_store *wanted) {
    char text[NR_LOG_LINE] = "";
    bool same_layers = strcmp(stored->plan.layers, wanted->plan.layers) == 0 &&
                       stored->n_layers == wanted->n_layers;
    for (size_t i = 0; i < stored->n_layers; i++)
        NR_TRY(nr_require_noted(path, stored, &stored->layers[i].plan.arithmetic));
    nr_plan_differences((nr_plan){&nr_run_form, &stored->plan},
                        (nr_plan){&nr_run_form, &wanted->plan}, NULL, text,
                        sizeof text);
    for (size_t i = 0; i < wanted->n_layers && same_layers; i++)
        nr_plan_differences(nr_store_layer_plan(&stored->layers[i]),
                            nr_store_layer_plan(&wanted->layers[i]),
                            wanted->n_layers > 1 ? wanted->layers[i].name : NULL, text,
                            sizeof text);
    NR_REQUIRE(!*text, NR_ERR_MISMATCH,
               "%s belongs to another run: %s; use another file or --fresh", path,
               text);
    return NR_OK;
}

/* What the plan settles has to be so: a store that says otherwise is damaged. */
static nr_status match_layer(const char *path, const nr_store_layer *stored,
                             const nr_store_layer *wanted) {
    size_t n = wanted->n_players;
    NR_REQUIRE(strcmp(stored->name, wanted->name) == 0, NR_ERR_INPUT,
               "%s holds layer \"%s\", its plan says \"%s\"", path, stored->name,
               wanted->name);
    NR_REQUIRE(stored->n_players == n, NR_ERR_INPUT,
               "%s: layer \"%s\" has %zu filters, its plan says %zu", path,
               stored->name, stored->n_players, n);
    NR_REQUIRE(memcmp(stored->filters, wanted->filters, n * sizeof *wanted->filters) ==
                   0,
               NR_ERR_INPUT, "%s: layer \"%s\": its filters are not those of its plan",
               path, stored->name);
    NR_REQUIRE(!stored->images ||
                   nr_image_rows_same_images(stored->images, wanted->images),
               NR_ERR_INPUT, "%s: layer \"%s\": its images are not those of its plan",
               path, stored->name);
    return NR_OK;
}

static nr_status match(const char *path, const nr_store *stored,
                       const nr_store *wanted) {
    NR_TRY(match_plans(path, stored, wanted));
    NR_REQUIRE(stored->n_layers == wanted->n_layers, NR_ERR_INPUT,
               "%s holds %zu layers, its plan says %zu", path, stored->n_layers,
               wanted->n_layers);
    for (size_t i = 0; i < wanted->n_layers; i++)
        NR_TRY(match_layer(path, &stored->layers[i], &wanted->layers[i]));
    return NR_OK;
}

/* ---- what this command changes ---- */

/* Once a goal has looked at the data, intervals are confidence sequences for good, with
 * the t_opt that was fixed then. */
static void adopt_goal(nr_store_layer *stored, const nr_store_layer *wanted,
                       bool *changed) {
    stored->goal = wanted->goal;
    if (stored->sequence_sweeps > 0 || wanted->sequence_sweeps == 0) return;
    stored->sequence_sweeps = wanted->sequence_sweeps;
    *changed = true;
}

/* ---- ratings ---- */

nr_status nr_match_inputs(const char *path, const nr_plan_inputs *inputs,
                          const char *what, const nr_plan_inputs *wanted) {
    NR_REQUIRE(strcmp(inputs->model, wanted->model) == 0, NR_ERR_MISMATCH,
               "%s belongs to another run: model of its %s is %s there, %s here; use "
               "another file",
               path, what, inputs->model, wanted->model);
    NR_REQUIRE(
        strcmp(inputs->data, wanted->data) == 0, NR_ERR_MISMATCH,
        "%s belongs to another run: the images of its %s are others, or in "
        "another order: %llu with --seed %llu there, %llu with --seed %llu here (data "
        "%s and %s); use the same --images and --seed, or another file",
        path, what, (unsigned long long)inputs->images,
        (unsigned long long)inputs->seed, (unsigned long long)wanted->images,
        (unsigned long long)wanted->seed, inputs->data, wanted->data);
    return NR_OK;
}

nr_status nr_match_ratings(const char *path, const nr_store *stored,
                           const nr_plan_inputs *wanted) {
    for (size_t i = 0; i < stored->n_ratings; i++)
        NR_TRY(nr_match_inputs(path, &stored->ratings[i].plan.in,
                               nr_rating_name(stored->ratings[i].kind), wanted));
    return NR_OK;
}

/* The file holds ratings alone: the wanted store goes on in it. */
static nr_status join_ratings(nr_store *stored, nr_store *wanted) {
    while (wanted->n_ratings > 0) /* of an earlier look */
        nr_rating_clear(&wanted->ratings[--wanted->n_ratings]);
    wanted->generation = stored->generation;
    memcpy(wanted->writer, stored->writer, sizeof wanted->writer);
    char *history = wanted->history;
    wanted->history = stored->history;
    stored->history = history;
    return nr_store_take_ratings(stored, wanted);
}

nr_status nr_resume(const char *path, nr_store *wanted, nr_store **out, bool *changed) {
    nr_store *stored;
    *out = NULL;
    NR_TRY(nr_store_read(path, &stored));
    nr_status status = nr_match_ratings(path, stored, &wanted->plan.in);
    if (status == NR_OK && stored->n_layers == 0) {
        status = join_ratings(stored, wanted);
        nr_store_free(stored);
        return status;
    }
    if (status == NR_OK) status = match(path, stored, wanted);
    if (status != NR_OK) {
        nr_store_free(stored);
        return status;
    }
    *changed = stored->confidence != wanted->confidence;
    stored->confidence = wanted->confidence;
    for (size_t i = 0; i < stored->n_layers; i++)
        adopt_goal(&stored->layers[i], &wanted->layers[i], changed);
    *out = stored;
    return NR_OK;
}
