#include "neurank/store/rating.h"

#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "neurank/base/memory.h"

const char *nr_rating_name(nr_rating_kind kind) {
    return nr_rating_rows[kind].name;
}

nr_plan nr_rating_get_plan(const nr_rating *rating) {
    return (nr_plan){nr_rating_rows[rating->kind].form, &rating->plan};
}

size_t nr_rating_axis_count(const nr_rating *r, nr_rating_axis axis) {
    switch (axis) {
    case NR_AXIS_FILTER: return r->n;
    case NR_AXIS_LANES: return 2 * (size_t)NR_BASELINE_LANES;
    case NR_AXIS_POINT: return r->n_points;
    case NR_AXIS_IMAGE: return r->n_images;
    case NR_AXES: break;
    }
    return 0;
}

size_t nr_rating_array_count(const nr_rating *rating, size_t k) {
    nr_rating_axis axis = nr_rating_rows[rating->kind].arrays[k].axis;
    size_t n = nr_rating_axis_count(rating, axis);
    return axis == NR_AXIS_LANES ? nr_size_mul(n, rating->n) : n;
}

nr_status nr_rating_allocate(nr_rating *rating) {
    const nr_rating_array *arrays = nr_rating_rows[rating->kind].arrays;
    for (size_t k = 0; arrays[k].name; k++) {
        rating->arrays[k] = nr_new(nr_rating_array_count(rating, k), sizeof(uint64_t));
        if (!rating->arrays[k]) return NR_ERR_INTERNAL;
    }
    return NR_OK;
}

/* With the axes of *r; every element of an array has eight bytes. */
static nr_status begin(nr_rating *r, const char *layer, const nr_rating_plan *plan) {
    if (!(r->layer = nr_strdup(layer))) return NR_ERR_INTERNAL;
    NR_TRY(nr_plan_copy(nr_rating_rows[r->kind].form, plan, &r->plan));
    return nr_rating_allocate(r);
}

nr_status nr_rating_make(nr_rating_kind kind, const char *layer,
                         const nr_rating_plan *plan, size_t n, size_t n_images,
                         nr_rating *out) {
    *out = (nr_rating){.kind = kind, .n = n, .n_images = n_images};
    nr_status status = begin(out, layer, plan);
    if (status != NR_OK) nr_rating_clear(out);
    return status;
}

nr_status nr_rating_copy(const nr_rating *from, nr_rating *out) {
    *out = *from;
    out->layer = NULL;
    out->plan = (nr_rating_plan){0};
    memset(out->arrays, 0, sizeof out->arrays);
    nr_status status = begin(out, from->layer, &from->plan);
    if (status != NR_OK) {
        nr_rating_clear(out);
        return status;
    }
    for (size_t k = 0; nr_rating_rows[from->kind].arrays[k].name; k++)
        memcpy(out->arrays[k], from->arrays[k],
               nr_rating_array_count(from, k) * sizeof(uint64_t));
    return NR_OK;
}

void nr_rating_clear(nr_rating *rating) {
    free(rating->layer);
    nr_plan_clear(nr_rating_rows[rating->kind].form, &rating->plan);
    for (size_t k = 0; k < NR_RATING_ARRAYS; k++) free(rating->arrays[k]);
    *rating = (nr_rating){.kind = rating->kind};
}

bool nr_rating_is_complete(const nr_rating *rating) {
    return nr_rule_is_end(rating->ended_by);
}

double nr_rating_total(const nr_rating *rating) {
    return nr_rating_rows[rating->kind].total(rating);
}

nr_status nr_rating_add_point(nr_rating *rating) {
    const nr_rating_array *arrays = nr_rating_rows[rating->kind].arrays;
    for (size_t k = 0; arrays[k].name; k++) {
        size_t capacity = rating->n_points;
        if (arrays[k].axis != NR_AXIS_POINT) continue;
        NR_TRY(nr_grow(&rating->arrays[k], &capacity, rating->n_points + 1,
                       sizeof(uint64_t)));
    }
    rating->n_points++;
    return NR_OK;
}
