#include "neurank/base/text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool nr_parse_u64(const char *text, uint64_t *out) {
    char *end;
    if (!isdigit((unsigned char)text[0])) return false;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *end) return false;
    *out = value;
    return true;
}

bool nr_parse_double(const char *text, double *out) {
    char *end;
    const char *digits = text + (text[0] == '-' || text[0] == '+');
    if (!isdigit((unsigned char)digits[0]) && digits[0] != '.') return false;
    if (strpbrk(text, "xX")) return false;
    double value = strtod(text, &end);
    if (*end || end == text || !isfinite(value)) return false;
    *out = value;
    return true;
}

/* [hours:]minutes:seconds; what stands first may be any number. */
static bool parse_clock(const char *text, double *out_s) {
    double total = 0;
    int fields = 0;
    for (const char *p = text; fields < 3; p++) {
        char *end;
        if (!isdigit((unsigned char)*p)) return false;
        unsigned long field = strtoul(p, &end, 10);
        if (fields > 0 && (field > 59 || end - p > 2)) return false;
        total = total * 60 + (double)field;
        fields++;
        p = end;
        if (!*p) break;
        if (*p != ':' || fields == 3) return false;
    }
    if (fields < 2) return false;
    *out_s = total;
    return true;
}

bool nr_parse_duration(const char *text, double *out_s) {
    static const struct {
        char unit;
        double seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char number[NR_NUMBER_TEXT];
    size_t length = strlen(text);
    double factor = 1, value;
    if (strchr(text, ':')) return parse_clock(text, out_s);
    if (length == 0 || length >= sizeof number) return false;
    memcpy(number, text, length + 1);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (number[length - 1] == units[i].unit) {
            factor = units[i].seconds;
            number[length - 1] = '\0';
            break;
        }
    if (!nr_parse_double(number, &value) || value < 0) return false;
    *out_s = value * factor;
    return true;
}

const char *nr_format_double(double value, char buffer[NR_NUMBER_TEXT]) {
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(buffer, NR_NUMBER_TEXT, "%.*g", digits, value);
        if (strtod(buffer, NULL) == value) break;
    }
    return buffer;
}

const char *nr_format_duration(double seconds, char buffer[NR_NUMBER_TEXT]) {
    const double year_s = 365.25 * 86400;
    if (!(seconds < 1e9)) {
        if (isfinite(seconds))
            snprintf(buffer, NR_NUMBER_TEXT, "%.3g years", seconds / year_s);
        else snprintf(buffer, NR_NUMBER_TEXT, "unknown");
        return buffer;
    }
    long s = lround(seconds);
    if (s < 60) snprintf(buffer, NR_NUMBER_TEXT, "%.1f s", seconds);
    else if (s < 3600)
        snprintf(buffer, NR_NUMBER_TEXT, "%ld min %02ld s", s / 60, s % 60);
    else if (s < 86400)
        snprintf(buffer, NR_NUMBER_TEXT, "%ld h %02ld min", s / 3600, s / 60 % 60);
    else snprintf(buffer, NR_NUMBER_TEXT, "%ld d %02ld h", s / 86400, s / 3600 % 24);
    return buffer;
}

static const char *format_scaled(double value, double base, const char *const *units,
                                 char buffer[NR_NUMBER_TEXT]) {
    size_t unit = 0;
    while (value >= base && units[unit + 1]) {
        value /= base;
        unit++;
    }
    snprintf(buffer, NR_NUMBER_TEXT, unit ? "%.3g%s" : "%.0f%s", value, units[unit]);
    return buffer;
}

const char *nr_format_bytes(double bytes, char buffer[NR_NUMBER_TEXT]) {
    static const char *const units[] = {" B", " KiB", " MiB", " GiB", " TiB", NULL};
    return format_scaled(bytes, 1024, units, buffer);
}

const char *nr_format_count(double count, char buffer[NR_NUMBER_TEXT]) {
    static const char *const units[] = {"", " k", " M", " G", " T", " P", NULL};
    return format_scaled(count, 1000, units, buffer);
}

enum { NAME_MAX_COMPARED = 128 };

static size_t edit_distance(const char *a, const char *b) {
    size_t row[NAME_MAX_COMPARED + 1];
    size_t n = strnlen(b, NAME_MAX_COMPARED);
    for (size_t j = 0; j <= n; j++) row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t best = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            if (row[j + 1] + 1 < best) best = row[j + 1] + 1;
            if (row[j] + 1 < best) best = row[j] + 1;
            row[j + 1] = best;
        }
    }
    return row[n];
}

size_t nr_nearest_name(const char *text, const char *const *names, size_t n_names) {
    size_t best = n_names, best_distance = SIZE_MAX;
    for (size_t i = 0; i < n_names; i++) {
        size_t distance = edit_distance(text, names[i]);
        if (distance < best_distance) {
            best = i;
            best_distance = distance;
        }
    }
    return best;
}
