/* What this program is. NR_BUILD tells compiler and mode; the Makefile sets it. */
#ifndef NEURANK_BASE_VERSION_H
#define NEURANK_BASE_VERSION_H

#define NR_VERSION "0.10.0"

#ifndef NR_BUILD
#define NR_BUILD "unknown"
#endif

#endif
