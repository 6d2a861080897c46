/* Where a figure comes from. */
#ifndef NEURANK_BENCH_MACHINE_H
#define NEURANK_BENCH_MACHINE_H

void machine_name(char text[128]);

#endif
