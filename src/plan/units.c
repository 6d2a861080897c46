#include "neurank/plan/units.h"

#include "neurank/base/status.h"

/* About 30 ms on one core of 2022. */
static const double unit_macs = 6e8;

enum { UNITS_PER_SWEEP_MIN = 32, BLOCKS_MAX = 1024 };

nr_units nr_units_plan(uint64_t n_blocks, double macs_per_visit,
                       uint32_t group_blocks) {
    NR_ASSERT(group_blocks > 0);
    double wanted = macs_per_visit > 0 ? unit_macs / macs_per_visit : BLOCKS_MAX;
    uint64_t blocks = wanted < 1            ? 1
                      : wanted > BLOCKS_MAX ? BLOCKS_MAX
                                            : (uint64_t)wanted;
    uint64_t most = n_blocks / UNITS_PER_SWEEP_MIN;
    if (blocks > most) blocks = most > 0 ? most : 1;
    if (blocks > group_blocks) blocks -= blocks % group_blocks;
    else group_blocks = (uint32_t)blocks;
    return (nr_units){.n_blocks = n_blocks,
                      .blocks_per_unit = blocks,
                      .units_per_sweep = (n_blocks + blocks - 1) / blocks,
                      .group_blocks = group_blocks};
}

nr_unit nr_units_get(const nr_units *units, uint64_t number) {
    uint64_t first = number % units->units_per_sweep * units->blocks_per_unit;
    uint64_t left = units->n_blocks - first;
    return (nr_unit){.sweep = number / units->units_per_sweep,
                     .first_block = first,
                     .n_blocks =
                         left < units->blocks_per_unit ? left : units->blocks_per_unit};
}
