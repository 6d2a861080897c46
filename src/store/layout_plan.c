/* Plans: text attributes of an object, a prefix before each field's name. Here alone
 * plans are texts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"

enum { CLASSES_MAX = 1 << 20, NAME = 64 };

/* A late field of a plan that lacks it is no part of the file, nor of its digest. */
static bool is_absent(const nr_plan_field *field, const char *words) {
    return field->late && !*words;
}

void nr_layout_digest_plan(nr_digest *digest, nr_plan plan) {
    for (size_t i = 0; i < plan.form->n; i++) {
        const nr_plan_field *field = &plan.form->fields[i];
        char room[NR_PLAN_TEXT];
        const char *words = nr_plan_words(plan, field, room);
        if (!is_absent(field, words)) nr_digest_add(digest, words, strlen(words) + 1);
    }
}

nr_status nr_layout_write_plan(nr_h5 *file, const char *object, nr_plan plan) {
    for (size_t i = 0; i < plan.form->n; i++) {
        const nr_plan_field *field = &plan.form->fields[i];
        char room[NR_PLAN_TEXT], name[NAME];
        const char *words = nr_plan_words(plan, field, room);
        if (is_absent(field, words)) continue;
        snprintf(name, sizeof name, "plan_%s", field->name);
        NR_TRY(nr_h5_write_text(file, object, name, words));
    }
    return NR_OK;
}

static nr_status read_field(const nr_h5 *file, const char *object,
                            const nr_plan_field *field, void *plan) {
    char name[NAME], expected[96], *words;
    bool good;
    snprintf(name, sizeof name, "plan_%s", field->name);
    if (field->late && !nr_h5_has_attribute(file, object, name)) return NR_OK;
    NR_TRY(nr_h5_read_text(file, object, name, &words));
    nr_status status = nr_plan_parse(field, words, plan, &good);
    if (status == NR_OK && !good) {
        nr_plan_expects(field, expected, sizeof expected);
        status = nr_fail(NR_ERR_INPUT, "%s: %s of %s is \"%.60s\", expected is %s",
                         nr_h5_path(file), name, object, words, expected);
    }
    free(words);
    return status;
}

nr_status nr_layout_read_plan(const nr_h5 *file, const char *object,
                              const nr_plan_form *form, void *plan) {
    for (size_t i = 0; i < form->n; i++)
        NR_TRY(read_field(file, object, &form->fields[i], plan));
    return NR_OK;
}

/* An exact run is one by its method, its estimator and its pieces. */
static bool is_one_kind(const nr_layer_plan *plan) {
    bool exact = nr_estimator_is_exact(plan->estimator);
    return exact == (plan->method == NR_METHOD_EXACT) &&
           exact == (plan->units.pieces > 0) && !(exact && plan->shard.count > 0);
}

nr_status nr_layout_read_layer_plan(const nr_h5 *file, const char *group,
                                    uint64_t images, nr_store_layer *layer) {
    nr_layer_plan *plan = &layer->plan;
    const nr_units *u = &plan->units;
    char shard[NR_PLAN_TEXT];
    NR_TRY(nr_layout_read_plan(file, group, &nr_layer_form, plan));
    NR_REQUIRE(
        nr_layer_plan_fits(plan, images), NR_ERR_INPUT,
        "%s: layer \"%s\": a plan of %llu images in blocks of %llu, units of %llu "
        "in %llu pieces, strata of %lu and %llu units a sweep",
        nr_h5_path(file), layer->name, (unsigned long long)images,
        (unsigned long long)plan->block_images, (unsigned long long)u->blocks_per_unit,
        (unsigned long long)u->pieces, (unsigned long)u->strata,
        (unsigned long long)u->units_per_sweep);
    nr_shard_format(&plan->shard, shard, sizeof shard);
    NR_REQUIRE(is_one_kind(plan), NR_ERR_INPUT,
               "%s: layer \"%s\": method %s with estimator %s in %llu pieces, shard %s",
               nr_h5_path(file), layer->name, nr_method_words[plan->method],
               nr_estimator_words[plan->estimator], (unsigned long long)u->pieces,
               shard);
    NR_REQUIRE(plan->n_classes <= CLASSES_MAX, NR_ERR_INPUT,
               "%s: layer \"%s\": %llu classes, at most %d are expected",
               nr_h5_path(file), layer->name, (unsigned long long)plan->n_classes,
               CLASSES_MAX);
    plan->units.group_blocks = 1;
    return NR_OK;
}
