/* The job's side of `neurank submit`: what SLURM offers, what the work needs, and the
 * script. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "job.h"
#include "neurank/base/clock.h"
#include "neurank/base/command.h"
#include "neurank/base/memory.h"
#include "neurank/base/shell.h"
#include "submit.h"

static const double ask_s = 30;

/* ---- what SLURM offers ---- */

void nr_cluster_ask(const char *partition, nr_cluster *out) {
    const char *argv[] = {"sinfo", "-h", "-o", "%P|%X|%Y|%m", NULL, NULL, NULL};
    char text[1 << 14];
    *out = (nr_cluster){0};
    if (partition) {
        argv[4] = "-p";
        argv[5] = partition;
    }
    if (nr_command_run(argv, ask_s, true, text, sizeof text) != 0) return;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        char name[128];
        unsigned long long sockets, cores, memory;
        /* Ranges of unequal nodes end in '+': those are the smallest. */
        int n = sscanf(line, "%127[^|]|%llu%*[+]|%llu%*[+]|%llu", name, &sockets,
                       &cores, &memory);
        if (n < 4)
            n = sscanf(line, "%127[^|]|%llu|%llu|%llu", name, &sockets, &cores,
                       &memory);
        if (n < 4 || (!partition && !strchr(name, '*'))) continue;
        if (out->cores == 0 || sockets * cores < out->cores)
            out->cores = sockets * cores;
        if (out->memory_mib == 0 || memory < out->memory_mib) out->memory_mib = memory;
    }
}

/* ---- what the work needs ---- */

/* Bytes a filter: results and sums; a filter and class; a filter and image (values, and
 * those of the sweep under way). As measured on stores, rounded up. */
enum { FILTER_BYTES = 1600, CLASS_BYTES = 88, IMAGE_BYTES = 16, FILE_BYTES = 200000 };

double nr_work_store_bytes(const nr_work *work) {
    double bytes = FILE_BYTES, images = (double)nr_images_count(work->inputs.images);
    for (size_t k = 0; k < work->n_layers; k++) {
        const nr_run_layer *layer = &work->layers[k];
        double n = (double)layer->n_players;
        bytes += n * FILTER_BYTES + n * (double)layer->plan.n_classes * CLASS_BYTES;
        if (layer->plan.per_image) bytes += n * images * IMAGE_BYTES;
    }
    return bytes;
}

/* Model and images once a node; each rank its own memory, packed weights, and what MPI
 * and the libraries take; one of them the store, a snapshot of it, and a bit more. */
double nr_work_node_bytes(const nr_work *work, uint64_t ranks_per_node) {
    enum { RANK_MIB = 96, STORE_COPIES = 3 };
    size_t n_weights, n_pixels;
    nr_graph_weights(work->inputs.graph, &n_weights);
    nr_images_pixels(work->inputs.images, &n_pixels);
    double weights = (double)n_weights * sizeof(float);
    double rank =
        (double)(work->request->play.memory_mib + RANK_MIB) * 0x1p20 + 2 * weights;
    double largest = 0;
    for (size_t k = 0; k < work->n_layers; k++) {
        double n = (double)work->layers[k].n_players;
        double layer =
            n * FILTER_BYTES + n * (double)work->layers[k].plan.n_classes * CLASS_BYTES;
        if (layer > largest) largest = layer;
    }
    return weights + (double)n_pixels + (double)ranks_per_node * (rank + largest) +
           STORE_COPIES * fmin(nr_work_store_bytes(work), 0x1p30);
}

/* ---- the script ---- */

/* The script that keeps a job going stands beside the program. */
static nr_status find_keeper(char program[PATH_MAX], char keeper[PATH_MAX]) {
    static const char name[] = "neurank-job";
    ssize_t n = readlink("/proc/self/exe", program, PATH_MAX - 1);
    program[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(program, '/');
    NR_REQUIRE(slash && (size_t)(slash - program) + sizeof name + 1 < PATH_MAX,
               NR_ERR_INTERNAL, "the program's own place is unknown");
    snprintf(keeper, PATH_MAX, "%.*s/%s", (int)(slash - program), program, name);
    NR_REQUIRE(access(keeper, X_OK) == 0, NR_ERR_USAGE,
               "%s: cannot be run: %s; it belongs beside the program (make, make "
               "install)",
               keeper, strerror(errno));
    return NR_OK;
}

/* SLURM reads % in the name of a log. */
static void print_log_name(const char *output, FILE *file) {
    bool plain = !strpbrk(output, "\"\\\n");
    fprintf(file, "#SBATCH --output=\"");
    for (const char *c = plain ? output : ""; *c; c++)
        fprintf(file, *c == '%' ? "%%%%" : "%c", *c);
    fprintf(file, plain ? ".log\"\n" : "neurank-%%j.log\"\n");
}

static void print_limits(const nr_job_plan *plan, FILE *file) {
    unsigned long long s = (unsigned long long)ceil(plan->limit_s);
    fprintf(file, "#SBATCH --nodes=%llu\n#SBATCH --ntasks-per-node=%llu\n",
            (unsigned long long)plan->nodes, (unsigned long long)plan->ranks_per_node);
    fprintf(file,
            "#SBATCH --cpus-per-task=1\n#SBATCH --threads-per-core=1\n"
            "#SBATCH --mem=%lluM\n",
            (unsigned long long)plan->memory_mib);
    fprintf(file, "#SBATCH --time=%llu-%02llu:%02llu:%02llu\n", s / 86400,
            s / 3600 % 24, s / 60 % 60, s % 60);
}

static void print_script(const nr_submit_request *request, const nr_job_plan *plan,
                         const char *program, const char *keeper, FILE *file) {
    char when[NR_TIME_TEXT];
    nr_clock_text(when);
    fprintf(file,
            "#!/bin/sh\n# Written by neurank submit at %s. The same command again, or "
            "sbatch of this\n# file from the same folder, goes on where the run is.\n"
            "#SBATCH --job-name=neurank\n",
            when);
    print_limits(plan, file);
    fprintf(file, "#SBATCH --requeue\n#SBATCH --signal=B:USR1@90\n"
                  "#SBATCH --open-mode=append\n");
    print_log_name(request->run.out.path, file);
    if (request->partition)
        fprintf(file, "#SBATCH --partition=%s\n", request->partition);
    if (request->account) fprintf(file, "#SBATCH --account=%s\n", request->account);
    fprintf(file, "export NEURANK=");
    nr_shell_word(program, file);
    fprintf(file, "\nexec ");
    nr_shell_word(keeper, file);
    fprintf(file, " shapley%s\n", request->words);
}

nr_status nr_job_write(const nr_submit_request *request, const nr_job_plan *plan,
                       char **path) {
    const char *output = request->run.out.path;
    char program[PATH_MAX], keeper[PATH_MAX];
    size_t bytes = strlen(output) + sizeof ".sbatch";
    NR_TRY(find_keeper(program, keeper));
    char *name = nr_new(bytes, 1);
    if (!name) return NR_ERR_INTERNAL;
    snprintf(name, bytes, "%s.sbatch", output);
    FILE *file = fopen(name, "we");
    if (file) print_script(request, plan, program, keeper, file);
    bool good = file && !ferror(file);
    if (file && fclose(file) != 0) good = false;
    if (!good) {
        nr_status status =
            nr_fail(NR_ERR_STORE, "%s: cannot be written: %s", name, strerror(errno));
        free(name);
        return status;
    }
    *path = name;
    return NR_OK;
}

nr_status nr_job_submit(const char *output, const char *path) {
    const char *const argv[] = {"sbatch", "--parsable", path, NULL};
    char text[256];
    int code = nr_command_run(argv, ask_s, false, text, sizeof text);
    NR_REQUIRE(code != -1, NR_ERR_USAGE, "sbatch cannot be run: %s", strerror(errno));
    NR_REQUIRE(code == 0, NR_ERR_USAGE, "sbatch refused %s (exit code %d)", path, code);
    text[strspn(text, "0123456789")] = '\0';
    printf("job %s is in the queue: neurank status %s\n", text, output);
    return nr_job_remember(output, text);
}
