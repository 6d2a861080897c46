/* `neurank status RUN.h5...`: how far runs are, also while they go on.
 *
 *   store    what is safe: as of the last checkpoint
 *   lock     who is computing now, and their note of a moment ago (base/lock.h)
 *   job      where SLURM has it (job.h) */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "job.h"
#include "neurank/base/lock.h"
#include "neurank/base/memory.h"
#include "neurank/base/publish.h"
#include "neurank/job/job_commands.h"
#include "neurank/run/progress.h"
#include "neurank/store/store.h"
#include "status.h"

/* Fills a row with what the store says of a layer. */
static nr_status look_at_layer(const nr_store *store, const nr_store_layer *layer,
                               nr_status_row *row) {
    nr_results *r;
    nr_progress_facts *f = &row->facts;
    nr_goal goal = nr_store_goal(layer);
    nr_interval_spec spec = nr_store_intervals(store, layer);
    NR_TRY(nr_store_results(store, layer, &r));
    row->method = "shapley";
    row->complete = nr_store_layer_is_complete(layer);
    f->units = (double)nr_fold_units(layer->fold);
    row->state = row->complete ? "complete" : f->units > 0 ? "partial" : "waiting";
    f->units_per_sweep = (double)layer->plan.units.units_per_sweep;
    f->widest = nr_results_widest(r);
    double sweeps = nr_goal_forecast(&goal, r, &spec);
    f->total = row->complete ? f->units : sweeps * f->units_per_sweep;
    f->rate = layer->seconds > 0 ? f->units / layer->seconds : NAN;
    f->left_s = row->complete ? 0 : (f->total - f->units) / f->rate;
    row->coalition_images = r->coalition_images;
    nr_results_free(r);
    return NR_OK;
}

/* Fills a row with what a rating says. Units are steps of a switch, or images of
 * baselines. */
static void look_at_rating(const nr_rating *r, nr_status_row *row) {
    nr_progress_facts *f = &row->facts;
    row->method = nr_rating_name(r->kind);
    row->complete = nr_rating_is_complete(r);
    f->units = (double)r->counts[NR_RATING_PROGRESS];
    row->state = row->complete ? "complete" : f->units > 0 ? "partial" : "waiting";
    f->units_per_sweep = 1;
    f->widest = NAN;
    f->total = row->complete ? f->units : nr_rating_total(r);
    f->rate = r->seconds > 0 ? f->units / r->seconds : NAN;
    f->left_s = row->complete ? 0 : (f->total - f->units) / f->rate;
}

static nr_status look_at_store(const char *path, nr_status_report *report) {
    nr_store *store;
    NR_TRY(nr_store_read(path, &store));
    size_t n = store->n_layers + store->n_ratings;
    nr_status status = NR_NEW(report->rows, n) ? NR_OK : NR_ERR_INTERNAL;
    for (size_t k = 0; k < n && status == NR_OK; k++) {
        nr_status_row *row = &report->rows[k];
        const nr_rating *rating =
            k < store->n_layers ? NULL : &store->ratings[k - store->n_layers];
        row->layer = nr_strdup(rating ? rating->layer : store->layers[k].name);
        report->n_rows++;
        if (!row->layer) status = NR_ERR_INTERNAL;
        else if (rating) look_at_rating(rating, row);
        else status = look_at_layer(store, &store->layers[k], row);
    }
    report->state = nr_store_has_all(store) ? "complete" : "stopped";
    nr_store_free(store);
    return status;
}

/* A note on Shapley values names the layer; on a rating the layer and its kind. */
static bool is_about(const char *what, const nr_status_row *row) {
    size_t length = strlen(row->layer);
    if (strncmp(what, row->layer, length) != 0) return false;
    if (strcmp(row->method, "shapley") == 0) return what[length] == '\0';
    return what[length] == ' ' && strcmp(what + length + 1, row->method) == 0;
}

/* The layer under way is further than its last checkpoint. */
static void add_note(const char *note, nr_status_report *report) {
    nr_progress_facts facts;
    const char *what = nr_progress_read(note, &facts);
    report->state = "running";
    for (size_t k = 0; what && k < report->n_rows; k++) {
        nr_status_row *row = &report->rows[k];
        if (!is_about(what, row) || row->complete) continue;
        row->state = "running";
        if (facts.units >= row->facts.units) row->facts = facts;
    }
}

/* file: where path's links lead. */
static nr_status look_at_file(const char *path, const char *file,
                              nr_status_report *report) {
    char owner[NR_LOCK_TEXT], note[NR_LOCK_TEXT];
    bool held = nr_lock_look(file, owner, note);
    *report = (nr_status_report){.path = path, .state = "absent"};
    nr_job_find(file, owner, &report->job);
    if (access(file, F_OK) == 0) NR_TRY(look_at_store(path, report));
    else if (!held && !*report->job.id)
        return nr_fail(NR_ERR_INPUT, "%s: there is no such store, and no job for it",
                       path);
    bool complete = strcmp(report->state, "complete") == 0;
    if (held) {
        snprintf(report->owner, sizeof report->owner, "%s", owner);
        add_note(note, report);
    }
    if (held || !complete) nr_job_ask(&report->job);
    if (!held && !complete && nr_job_is_alive(&report->job))
        report->state =
            strcmp(report->job.state, "RUNNING") == 0 ? "running" : "queued";
    return NR_OK;
}

static nr_status look(const char *path, nr_status_report *report) {
    char *file;
    NR_TRY(nr_follow_link(path, &file));
    nr_status status = look_at_file(path, file, report);
    free(file);
    return status;
}

static void clear(nr_status_report *report) {
    for (size_t k = 0; k < report->n_rows; k++) free(report->rows[k].layer);
    free(report->rows);
}

nr_status nr_run_status(const nr_status_request *request) {
    nr_status first = NR_OK;
    bool printed = false;
    nr_status_head(request->format);
    for (size_t k = 0; k < request->stores.n; k++) {
        nr_status_report report = {0};
        nr_status status = look(request->stores.items[k], &report);
        if (status == NR_OK) nr_status_print(request->format, &report, !printed);
        printed |= status == NR_OK;
        clear(&report);
        if (first == NR_OK) first = status;
    }
    nr_status_tail(request->format);
    return first;
}
