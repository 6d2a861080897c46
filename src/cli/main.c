/* argv to commands, status to exit code. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "manual.h"
#include "neurank/base/memory.h"
#include "neurank/base/publish.h"
#include "neurank/base/version.h"
#include "neurank/cli/options.h"
#include "neurank/nn/blas_core.h"
#include "neurank/report/show.h"

static char *join_arguments(int argc, char **argv) {
    size_t bytes = 1, used = 0;
    for (int i = 0; i < argc; i++) bytes += strlen(argv[i]) + 1;
    char *line = nr_new(bytes, 1);
    for (int i = 0; line && i < argc; i++)
        used +=
            (size_t)snprintf(line + used, bytes - used, "%s%s", i ? " " : "", argv[i]);
    return line;
}

/* The job runs the words of this command line. */
static nr_status run_submit(nr_submit_request *request, int argc, char **argv) {
    char *words = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&words, &bytes);
    if (!stream) return NR_ERR_INTERNAL;
    nr_options_shell(argc, argv, NR_COMMAND_SUBMIT, NR_COMMAND_SHAPLEY, stream);
    nr_status status = fclose(stream) == 0 ? NR_OK : NR_ERR_INTERNAL;
    request->words = words;
    if (status == NR_OK) status = nr_run_submit(request);
    free(words);
    return status;
}

static nr_status run_command(nr_options *options, int argc, char **argv,
                             const char *command_line) {
    nr_request *as = &options->as;
    switch (options->command) {
    case NR_COMMAND_INFO: return nr_run_info(&as->info);
    case NR_COMMAND_EVAL: return nr_run_eval(&as->eval);
    case NR_COMMAND_SHAPLEY: return nr_run_shapley(&as->shapley, command_line);
    case NR_COMMAND_SWITCH: return nr_run_switch(&as->switching, command_line);
    case NR_COMMAND_BASELINE: return nr_run_baseline(&as->baseline, command_line);
    case NR_COMMAND_SHOW:
        return nr_report_show_file(as->show.path, as->show.format, as->show.top,
                                   stdout);
    case NR_COMMAND_COMPARE: return nr_run_compare(&as->compare);
    case NR_COMMAND_PRUNE: return nr_run_prune(&as->prune);
    case NR_COMMAND_CURVE: return nr_run_curve(&as->curve, command_line);
    case NR_COMMAND_EXPORT: return nr_run_export(&as->exporting);
    case NR_COMMAND_REPORT: return nr_run_report(&as->report);
    case NR_COMMAND_VERIFY: return nr_run_verify(&as->verify);
    case NR_COMMAND_SUBMIT: return run_submit(&as->submit, argc, argv);
    case NR_COMMAND_STATUS: return nr_run_status(&as->status);
    case NR_COMMAND_MERGE: return nr_run_merge(&as->merge, command_line);
    case NR_COMMAND_IMPORT: return nr_run_import(&as->import, command_line);
    case NR_COMMAND_COUNT: break;
    }
    return NR_ERR_INTERNAL;
}

/* Results that did not reach their reader are no success. */
static nr_status close_output(void) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return NR_OK;
    return nr_fail(NR_ERR_INTERNAL, "the output cannot be written: %s",
                   errno ? strerror(errno) : "unknown cause");
}

/* The file that a command writes, where links lead to it. */
static nr_status run_on_file(nr_options *options, int argc, char **argv,
                             const char *command_line) {
    const char **output = nr_options_output(options);
    char *file = NULL;
    if (output && *output) NR_TRY(nr_follow_link(*output, &file));
    if (file) *output = file;
    nr_status status = run_command(options, argc, argv, command_line);
    free(file);
    return status;
}

/* What is asked of the program itself; *known: whether it is any of these. */
static nr_status run_on_itself(int argc, char **argv, bool *known) {
    const char *word = argc > 1 ? argv[1] : "";
    *known = true;
    if (argc == 2 && strcmp(word, "--version") == 0) {
        printf("neurank %s (%s)\n", NR_VERSION, NR_BUILD);
        return NR_OK;
    }
    if (strcmp(word, "help") == 0) {
        NR_REQUIRE(argc <= 3, NR_ERR_USAGE, "help: one command or topic is expected");
        return nr_manual_help(argc == 3 ? argv[2] : NULL, stdout);
    }
    /* For the Makefile. */
    if (argc == 3 && strcmp(word, "--manual-roff") == 0)
        return nr_manual_roff(argv[2], stdout);
    if (argc == 2 && strcmp(word, "--manual-pages") == 0) {
        nr_manual_list(stdout);
        return NR_OK;
    }
    if (argc == 2 && strcmp(word, "--completion-bash") == 0) {
        nr_manual_completion(stdout);
        return NR_OK;
    }
    *known = false;
    return NR_OK;
}

static nr_status run(int argc, char **argv) {
    nr_options *options;
    bool known;
    nr_status itself = run_on_itself(argc, argv, &known);
    if (known) return itself;
    if (!NR_NEW(options, 1)) return NR_ERR_INTERNAL;
    nr_status status = nr_options_parse(argc, argv, options);
    if (status == NR_OK && options->help) {
        if (options->command == NR_COMMAND_COUNT) status = nr_manual_help(NULL, stdout);
        else nr_options_help(options->command, stdout);
    } else if (status == NR_OK) {
        char *command_line = join_arguments(argc, argv);
        status = command_line ? run_on_file(options, argc, argv, command_line)
                              : NR_ERR_INTERNAL;
        free(command_line);
    }
    free(options);
    return status;
}

/* OpenBLAS starts a thread for each core when it is loaded, in every rank of a node,
 * and chooses its kernels by a list of processors that ends with its release; only its
 * environment can tell it otherwise. */
static void load_once_more_as_it_should_be(char **argv) {
    bool again =
        !getenv("OPENBLAS_NUM_THREADS") && setenv("OPENBLAS_NUM_THREADS", "1", 1) == 0;
    if (nr_blas_core_settle()) again = true;
    if (again) execv("/proc/self/exe", argv);
}

int main(int argc, char **argv) {
    load_once_more_as_it_should_be(argv);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a write that fails */
    nr_status status = run(argc, argv);
    nr_status closed = close_output();
    return nr_status_exit_code(status != NR_OK ? status : closed);
}
