#include "neurank/plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/text.h"

const char *const nr_method_words[2] = {
    [NR_METHOD_SAMPLE] = "sample", [NR_METHOD_EXACT] = "exact"};

static nr_status replace(char **place, const char *value) {
    char *copy = nr_strdup(value);
    if (!copy) return NR_ERR_INTERNAL;
    free(*place);
    *place = copy;
    return NR_OK;
}

nr_status nr_plan_set(nr_plan *plan, const char *name, const char *value) {
    for (size_t i = 0; i < plan->n; i++)
        if (strcmp(plan->names[i], name) == 0) return replace(&plan->values[i], value);
    NR_ASSERT(plan->n < NR_PLAN_FIELDS_MAX);
    char *name_copy = nr_strdup(name), *value_copy = nr_strdup(value);
    if (!name_copy || !value_copy) {
        free(name_copy);
        free(value_copy);
        return NR_ERR_INTERNAL;
    }
    plan->names[plan->n] = name_copy;
    plan->values[plan->n++] = value_copy;
    return NR_OK;
}

nr_status nr_plan_set_u64(nr_plan *plan, const char *name, uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return nr_plan_set(plan, name, text);
}

const char *nr_plan_get(const nr_plan *plan, const char *name) {
    for (size_t i = 0; i < plan->n; i++)
        if (strcmp(plan->names[i], name) == 0) return plan->values[i];
    return "";
}

uint64_t nr_plan_get_u64(const nr_plan *plan, const char *name) {
    uint64_t value = 0;
    return nr_parse_u64(nr_plan_get(plan, name), &value) ? value : 0;
}

void nr_plan_free(nr_plan *plan) {
    for (size_t i = 0; i < plan->n; i++) {
        free(plan->names[i]);
        free(plan->values[i]);
    }
    plan->n = 0;
}

static bool differs(const nr_plan *stored, const nr_plan *wanted, const char *name) {
    return strcmp(nr_plan_get(stored, name), nr_plan_get(wanted, name)) != 0;
}

/* Other images are drawn by another seed, so of course the digest of the data differs:
 * to say so sends people after a file that has not changed. */
static bool follows(const nr_plan *stored, const nr_plan *wanted, const char *name) {
    return strcmp(name, "data") == 0 &&
           (differs(stored, wanted, "seed") || differs(stored, wanted, "images"));
}

void nr_plan_differences(const nr_plan *stored, const nr_plan *wanted, const char *of,
                         char *text, size_t bytes) {
    for (size_t i = 0; i < wanted->n; i++) {
        size_t used = strlen(text);
        const char *old = nr_plan_get(stored, wanted->names[i]);
        if (strcmp(old, wanted->values[i]) == 0 ||
            follows(stored, wanted, wanted->names[i]))
            continue;
        snprintf(text + used, bytes - used, "%s%s%s%s is %s there, %s here",
                 used ? "; " : "", of ? of : "", of ? ": " : "", wanted->names[i],
                 *old ? old : "not set", wanted->values[i]);
    }
}
