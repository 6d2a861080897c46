/* The forms in which commands print: for people, for spreadsheets, for programs. */
#ifndef NEURANK_BASE_FORMAT_H
#define NEURANK_BASE_FORMAT_H

typedef enum { NR_FORMAT_TEXT, NR_FORMAT_CSV, NR_FORMAT_JSON } nr_format;

#endif
