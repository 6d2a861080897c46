/* Damaged models are refused or read, never a crash, a hang or a large allocation:
 * every golden model with random bytes changed, cut off and swapped. What can be read
 * can be made slim: every second input channel of what mixes channels goes, and the
 * file is read again. TEST: timeout=120 */
#include "../support/nets.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "neurank/base/memory.h"
#include "neurank/onnx/import.h"
#include "neurank/onnx/slim.h"
#include "neurank/prune/channels.h"

enum { ROUNDS = 40, MODEL_MAX = 1 << 16 };

static size_t read_file(const char *path, unsigned char *bytes) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t n = fread(bytes, 1, MODEL_MAX, file);
    fclose(file);
    return n;
}

static void make_slim(const char *path) {
    nr_graph *plain, *small = NULL;
    nr_channels *channels;
    bool *off, *silent, *cut;
    char digest[NR_DIGEST_TEXT];
    assert_int_equal(nr_onnx_load_plain(path, &plain), NR_OK);
    assert_int_equal(nr_channels_new(plain, &channels), NR_OK);
    size_t n = nr_channels_count(channels);
    assert_non_null(NR_NEW(off, n));
    assert_non_null(NR_NEW(silent, n));
    assert_non_null(NR_NEW(cut, n));
    for (uint32_t node = 0; node < nr_graph_size(plain); node++)
        for (uint32_t c = 1; c < nr_channels_of(channels, node); c += 2)
            off[nr_channels_first(channels, node) + c] = true;
    assert_int_equal(nr_channels_cut(channels, off, silent, cut), NR_OK);
    const char *out = test_path("small.onnx");
    const nr_onnx_remark remark = {"neurank.test", "yes"};
    assert_int_equal(nr_onnx_slim(path, plain, cut, &remark, 1, out), NR_OK);
    assert_int_equal(nr_onnx_load(out, &small, digest), NR_OK);
    nr_graph_free(small);
    free(off);
    free(silent);
    free(cut);
    nr_channels_free(channels);
    nr_graph_free(plain);
}

static void try_bytes(const unsigned char *bytes, size_t n) {
    const char *path = test_path("m.onnx");
    char digest[NR_DIGEST_TEXT];
    nr_graph *graph = NULL;
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    fclose(file);
    test_capture_log();
    nr_status status = nr_onnx_load(path, &graph, digest);
    assert_true(status == NR_OK || status == NR_ERR_INPUT);
    if (status == NR_OK) nr_graph_free(graph);
    if (status == NR_OK) make_slim(path);
    else assert_non_null(strstr(test_last_message(), "m.onnx"));
}

static void damage(const unsigned char *model, size_t n, uint64_t seed) {
    unsigned char bytes[MODEL_MAX];
    memcpy(bytes, model, n);
    size_t changes = 1 + (size_t)(8 * (test_random(seed, 0) + 1));
    for (size_t k = 1; k <= changes; k++) {
        size_t at = (size_t)((double)(test_random(seed, k) + 1) / 2 * (double)n);
        bytes[at < n ? at : n - 1] =
            (unsigned char)(128 * (test_random(seed, 100 + k) + 1));
    }
    try_bytes(bytes, n);
    try_bytes(bytes, (size_t)((double)(test_random(seed, 99) + 1) / 2 * (double)n));
}

static void test_damaged_models(void **state) {
    (void)state;
    const char *top = getenv("NEURANK_TOP");
    char folder[512], path[1024];
    static unsigned char model[MODEL_MAX];
    size_t models = 0;
    snprintf(folder, sizeof folder, "%s/tests/golden", top ? top : ".");
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    for (struct dirent *e; (e = readdir(entries));) {
        if (!strstr(e->d_name, ".onnx")) continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        size_t n = read_file(path, model);
        for (uint64_t round = 0; round < ROUNDS; round++)
            damage(model, n, 1000 * models + round);
        models++;
    }
    closedir(entries);
    assert_true(models > 20);
}

/* A graph attribute inside a graph attribute inside ...: 3 bytes a level are enough to
 * exhaust a recursive reader's stack. */
static void test_deep_nesting(void **state) {
    (void)state;
    enum { DEPTH = 20000 };
    unsigned char *bytes = nr_new(16 * DEPTH, 1);
    size_t n = 0;
    /* lengths are written from the inside out: graph(7) node(1) attribute(5) graph(6)
     */
    static const unsigned char tags[] = {0x32, 0x2a, 0x0a};
    unsigned char *end = bytes + 16 * DEPTH, *p = end;
    for (size_t level = 0; level < DEPTH; level++) {
        size_t length = (size_t)(end - p);
        unsigned char varint[5];
        size_t k = 0;
        for (; length >= 0x80; length >>= 7)
            varint[k++] = (unsigned char)(length | 0x80);
        varint[k++] = (unsigned char)length;
        p -= k;
        memcpy(p, varint, k);
        *--p = level + 1 == DEPTH ? 0x3a : tags[level % 3];
    }
    n = (size_t)(end - p);
    assert_true(n < MODEL_MAX * 2);
    test_capture_log();
    try_bytes(p, n);
    assert_non_null(strstr(test_last_message(), "m.onnx"));
    free(bytes);
}

int main(void) {
    struct rlimit limit = {.rlim_cur = 4UL << 30, .rlim_max = 4UL << 30};
#ifndef __SANITIZE_ADDRESS__
    setrlimit(RLIMIT_AS, &limit);
#else
    (void)limit;
#endif
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_damaged_models),
                                       cmocka_unit_test(test_deep_nesting)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
