#include "neurank/plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/text.h"
#include "neurank/plan/shard.h"

_Static_assert((int)NR_PLAN_TEXT >= (int)NR_NUMBER_TEXT, "room for any number");

static const void *place(nr_plan plan, const nr_plan_field *field) {
    return (const char *)plan.plan + field->offset;
}

/* ---- words ---- */

/* An enum without negative values is an unsigned; so cli/requests.c has it, too. */
static const char *word_of(const nr_plan_field *field, const void *from) {
    unsigned value;
    memcpy(&value, from, sizeof value);
    NR_ASSERT(value < field->n_words);
    return field->words[value];
}

const char *nr_plan_words(nr_plan plan, const nr_plan_field *field,
                          char room[NR_PLAN_TEXT]) {
    const void *from = place(plan, field);
    switch (field->type) {
    case NR_FIELD_TEXT: {
        const char *text = *(const char *const *)from;
        return text ? text : "";
    }
    case NR_FIELD_U64:
        snprintf(room, NR_PLAN_TEXT, "%llu",
                 (unsigned long long)*(const uint64_t *)from);
        return room;
    case NR_FIELD_U32:
        snprintf(room, NR_PLAN_TEXT, "%lu", (unsigned long)*(const uint32_t *)from);
        return room;
    case NR_FIELD_NUMBER: return nr_format_double(*(const double *)from, room);
    case NR_FIELD_YES: return *(const bool *)from ? "yes" : "no";
    case NR_FIELD_WORD: return word_of(field, from);
    case NR_FIELD_SHARD: nr_shard_format(from, room, NR_PLAN_TEXT); return room;
    }
    return "";
}

const char *nr_plan_get(nr_plan plan, const char *name, char room[NR_PLAN_TEXT]) {
    for (size_t i = 0; i < plan.form->n; i++)
        if (strcmp(plan.form->fields[i].name, name) == 0)
            return nr_plan_words(plan, &plan.form->fields[i], room);
    return "";
}

/* ---- from words ---- */

static bool parse_u32(const char *words, uint32_t *out) {
    uint64_t value;
    if (!nr_parse_u64(words, &value) || value > UINT32_MAX) return false;
    *out = (uint32_t)value;
    return true;
}

static bool parse_yes(const char *words, bool *out) {
    bool yes = strcmp(words, "yes") == 0;
    if (!yes && strcmp(words, "no") != 0) return false;
    *out = yes;
    return true;
}

static bool parse_word(const nr_plan_field *field, const char *words, void *out) {
    unsigned value = 0;
    while (value < field->n_words && strcmp(field->words[value], words) != 0) value++;
    if (value == field->n_words) return false;
    memcpy(out, &value, sizeof value);
    return true;
}

nr_status nr_plan_parse(const nr_plan_field *field, const char *words, void *plan,
                        bool *good) {
    void *to = (char *)plan + field->offset;
    *good = true;
    switch (field->type) {
    case NR_FIELD_TEXT: return nr_plan_replace(to, words);
    case NR_FIELD_U64: *good = nr_parse_u64(words, to); break;
    case NR_FIELD_U32: *good = parse_u32(words, to); break;
    case NR_FIELD_NUMBER: *good = nr_parse_double(words, to); break;
    case NR_FIELD_YES: *good = parse_yes(words, to); break;
    case NR_FIELD_WORD: *good = parse_word(field, words, to); break;
    case NR_FIELD_SHARD: *good = nr_shard_parse(words, to); break;
    }
    return NR_OK;
}

void nr_plan_expects(const nr_plan_field *field, char *text, size_t bytes) {
    static const char *const others[] = {
        [NR_FIELD_TEXT] = "a text",        [NR_FIELD_U64] = "a whole number",
        [NR_FIELD_U32] = "a whole number", [NR_FIELD_NUMBER] = "a number",
        [NR_FIELD_YES] = "yes, no",        [NR_FIELD_SHARD] = "none, or I/K"};
    size_t used = 0;
    if (field->type != NR_FIELD_WORD) snprintf(text, bytes, "%s", others[field->type]);
    for (unsigned i = 0; i < field->n_words && used < bytes; i++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? ", " : "",
                                 field->words[i]);
}

/* ---- copies ---- */

nr_status nr_plan_replace(const char **text, const char *value) {
    char *copy = value ? nr_strdup(value) : NULL;
    if (value && !copy) return NR_ERR_INTERNAL;
    free((char *)*text);
    *text = copy;
    return NR_OK;
}

static const char **text_of(const nr_plan_field *field, void *plan) {
    return field->type == NR_FIELD_TEXT
               ? (const char **)(void *)((char *)plan + field->offset)
               : NULL;
}

nr_status nr_plan_copy(const nr_plan_form *form, const void *from, void *to) {
    nr_status status = NR_OK;
    memcpy(to, from, form->bytes);
    for (size_t i = 0; i < form->n; i++) {
        const char **text = text_of(&form->fields[i], to);
        if (!text) continue;
        const char *value = *text;
        *text = NULL;
        if (status == NR_OK) status = nr_plan_replace(text, value);
    }
    if (status != NR_OK) nr_plan_clear(form, to);
    return status;
}

void nr_plan_clear(const nr_plan_form *form, void *plan) {
    for (size_t i = 0; i < form->n; i++) {
        const char **text = text_of(&form->fields[i], plan);
        if (text) free((char *)*text);
    }
    memset(plan, 0, form->bytes);
}

/* ---- differences ---- */

static bool differs(nr_plan a, nr_plan b, const char *name) {
    char x[NR_PLAN_TEXT], y[NR_PLAN_TEXT];
    return strcmp(nr_plan_get(a, name, x), nr_plan_get(b, name, y)) != 0;
}

/* Other images are drawn by another seed, so of course the digest of the data differs:
 * to say so sends people after a file that has not changed. */
static bool follows(nr_plan stored, nr_plan wanted, const char *name) {
    return strcmp(name, "data") == 0 &&
           (differs(stored, wanted, "seed") || differs(stored, wanted, "images"));
}

void nr_plan_differences(nr_plan stored, nr_plan wanted, const char *of, char *text,
                         size_t bytes) {
    NR_ASSERT(stored.form == wanted.form);
    for (size_t i = 0; i < wanted.form->n; i++) {
        const nr_plan_field *field = &wanted.form->fields[i];
        char old_room[NR_PLAN_TEXT], new_room[NR_PLAN_TEXT];
        const char *old = nr_plan_words(stored, field, old_room);
        const char *new = nr_plan_words(wanted, field, new_room);
        size_t used = strlen(text);
        if (strcmp(old, new) == 0 || follows(stored, wanted, field->name)) continue;
        snprintf(text + used, bytes - used, "%s%s%s%s is %s there, %s here",
                 used ? "; " : "", of ? of : "", of ? ": " : "", field->name,
                 *old ? old : "not set", *new ? new : "not set");
    }
}
