#include "manual.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/text.h"
#include "neurank/cli/options.h"
#include "neurank/manual/manual.h"

enum { PAGES_MAX = 64 };
static const char program[] = "neurank";

static bool is_command(const char *name) {
    return nr_command_find(name) != NR_COMMAND_COUNT;
}

static bool is_topic(const char *name) {
    return !is_command(name) && strcmp(name, program) != 0;
}

static int section_of(const char *name) {
    return is_topic(name) ? 7 : 1;
}

static nr_status find_source(const char *name, const nr_manual_source **out) {
    const char *names[PAGES_MAX];
    NR_ASSERT(nr_n_manual_sources <= PAGES_MAX);
    for (size_t i = 0; i < nr_n_manual_sources; i++) {
        names[i] = nr_manual_sources[i].name;
        *out = &nr_manual_sources[i];
        if (strcmp(names[i], name) == 0) return NR_OK;
    }
    return nr_fail(NR_ERR_USAGE,
                   "help: no page \"%s\"; did you mean \"%s\"? (neurank help)", name,
                   names[nr_nearest_name(name, names, nr_n_manual_sources)]);
}

/* Behind "# ", as far as the line goes. */
static const char *title_of(const nr_manual_source *source, int *length) {
    const char *title = source->text + strspn(source->text, "# ");
    *length = (int)strcspn(title, "\n");
    return title;
}

static void print_topics(FILE *stream) {
    fprintf(stream, "## Topics\n\n");
    for (size_t i = 0; i < nr_n_manual_sources; i++) {
        int length;
        const char *title = title_of(&nr_manual_sources[i], &length);
        if (is_topic(nr_manual_sources[i].name))
            fprintf(stream, "* `neurank help %s`: %.*s\n", nr_manual_sources[i].name,
                    length, title);
    }
    fprintf(stream, "\n");
}

/* Name and synopsis, what the file says first, options, what else the file says. */
static void print_page(const nr_manual_source *source, FILE *stream) {
    int length;
    const char *title = title_of(source, &length);
    const char *lead = title + length, *rest = strstr(lead, "\n## ");
    nr_command command = nr_command_find(source->name);
    size_t n = rest ? (size_t)(rest - lead) + 1 : strlen(lead);
    if (command != NR_COMMAND_COUNT) nr_options_synopsis(command, stream);
    else
        fprintf(stream, "## Name\n\n%s%s - %.*s\n\n",
                is_topic(source->name) ? "neurank-" : "", source->name, length, title);
    if (command == NR_COMMAND_COUNT && !is_topic(source->name))
        fprintf(stream, "## Synopsis\n\n    neurank COMMAND [ARGUMENTS] [OPTIONS]\n"
                        "    mpirun -n N neurank COMMAND [ARGUMENTS] [OPTIONS]\n\n");
    fprintf(stream, "## Description\n%.*s\n", (int)n, lead);
    if (command != NR_COMMAND_COUNT) nr_options_list(command, stream);
    else if (!is_topic(source->name)) {
        nr_commands_list(stream);
        print_topics(stream);
    }
    fprintf(stream, "%s", rest ? rest + 1 : "");
    fprintf(stream, "\n## See also\n\n%s\n",
            command != NR_COMMAND_COUNT
                ? "neurank(1), neurank-exit-codes(7), neurank-numbers(7), "
                  "neurank-store(7)"
            : is_topic(source->name) ? "neurank(1)"
                                     : "Adamczewski and Park, \"Neuron ranking\", "
                                       "arXiv:1907.02519.");
}

/* *out is the caller's. */
static nr_status make_page(const char *name, char **out) {
    const nr_manual_source *source;
    size_t bytes;
    NR_TRY(find_source(name, &source));
    FILE *stream = open_memstream(out, &bytes);
    if (!stream) return nr_fail(NR_ERR_INTERNAL, "no memory for a page");
    print_page(source, stream);
    if (fclose(stream) == 0) return NR_OK;
    free(*out);
    return nr_fail(NR_ERR_INTERNAL, "no memory for a page");
}

static void list_pages(FILE *stream) {
    nr_options_help(NR_COMMAND_COUNT, stream);
    fprintf(stream, "\n");
    for (size_t i = 0; i < nr_n_manual_sources; i++) {
        int length;
        const char *title = title_of(&nr_manual_sources[i], &length);
        if (is_topic(nr_manual_sources[i].name))
            fprintf(stream, "  neurank help %-11s %.*s\n", nr_manual_sources[i].name,
                    length, title);
    }
}

nr_status nr_manual_help(const char *name, FILE *stream) {
    char *text;
    if (!name) {
        list_pages(stream);
        return NR_OK;
    }
    NR_TRY(make_page(name, &text));
    nr_manual_print_text(text, nr_page_of(stream), stream);
    free(text);
    return NR_OK;
}

nr_status nr_manual_roff(const char *name, FILE *stream) {
    char *text, title[64];
    NR_TRY(make_page(name, &text));
    snprintf(title, sizeof title, "%s%s", strcmp(name, program) == 0 ? "" : "neurank-",
             name);
    nr_manual_print_roff(text, title, section_of(name), stream);
    free(text);
    return NR_OK;
}

void nr_manual_list(FILE *stream) {
    for (size_t i = 0; i < nr_n_manual_sources; i++)
        fprintf(stream, "%s %d\n", nr_manual_sources[i].name,
                section_of(nr_manual_sources[i].name));
}

void nr_manual_completion(FILE *stream) {
    const char *pages[PAGES_MAX];
    size_t n = 0;
    NR_ASSERT(nr_n_manual_sources <= PAGES_MAX);
    for (size_t i = 0; i < nr_n_manual_sources; i++)
        if (!is_command(nr_manual_sources[i].name))
            pages[n++] = nr_manual_sources[i].name;
    nr_options_completion(pages, n, stream);
}
