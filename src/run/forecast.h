/* `neurank info MODEL DATA.h5|RUN.h5`: how long a goal takes, from what was measured.
 */
#ifndef NEURANK_RUN_FORECAST_H
#define NEURANK_RUN_FORECAST_H

#include "neurank/plan/options.h"

nr_status nr_run_forecast(const nr_options *options);

#endif
