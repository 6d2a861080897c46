/* Strict reading and exact writing of numbers; nearest names. */
#ifndef NEURANK_BASE_TEXT_H
#define NEURANK_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each is true only if the whole text is one number in range; *out is untouched
 * otherwise. Numbers are decimal, with no blanks; doubles may have a sign and an
 * exponent and must be finite. */
bool nr_parse_u64(const char *text, uint64_t *out);
bool nr_parse_double(const char *text, double *out);

/* "90", "90s", "55m", "2h", "1d", "1:30:00" (h:m:s) or "2:00" (m:s), in seconds;
 * not negative. False for anything else; *out_s is untouched then. */
bool nr_parse_duration(const char *text, double *out_s);

enum { NR_NUMBER_TEXT = 32 }; /* bytes for a number or a duration as text */

/* Decimal with as few of 15, 16 or 17 digits as read back as the same double, zeros at
 * the end left out. Returns buffer. */
const char *nr_format_double(double value, char buffer[NR_NUMBER_TEXT]);

/* "4.2 s", "3 min 05 s", "2 h 10 min", "3 d 04 h"; from 1e9 s on "31.7 years", and
 * "unknown" where it is not finite. Returns buffer. */
const char *nr_format_duration(double seconds, char buffer[NR_NUMBER_TEXT]);

/* "512 B", "1.5 KiB", ... and "12.3 M" (powers of 1000). Return buffer. */
const char *nr_format_bytes(double bytes, char buffer[NR_NUMBER_TEXT]);
const char *nr_format_count(double count, char buffer[NR_NUMBER_TEXT]);

/* Index of the name nearest to `text` by edit distance (Levenshtein; of a name's first
 * 128 bytes), the first of equals; n_names if that is 0. */
size_t nr_nearest_name(const char *text, const char *const *names, size_t n_names);

#endif
