#include "options_private.h"

enum {
    INFO = 1 << NR_COMMAND_INFO,
    EVAL = 1 << NR_COMMAND_EVAL,
    SHAPLEY = 1 << NR_COMMAND_SHAPLEY,
    SWITCH = 1 << NR_COMMAND_SWITCH,
    BASELINE = 1 << NR_COMMAND_BASELINE,
    SHOW = 1 << NR_COMMAND_SHOW,
    COMPARE = 1 << NR_COMMAND_COMPARE,
    PRUNE = 1 << NR_COMMAND_PRUNE,
    CURVE = 1 << NR_COMMAND_CURVE,
    EXPORT = 1 << NR_COMMAND_EXPORT,
    REPORT = 1 << NR_COMMAND_REPORT,
    MERGE = 1 << NR_COMMAND_MERGE,
    SUBMIT = 1 << NR_COMMAND_SUBMIT,
    STATUS = 1 << NR_COMMAND_STATUS,
    IMPORT = 1 << NR_COMMAND_IMPORT
};
/* Options of a run are options of the job that does it. */
#define RUN (SHAPLEY | SUBMIT)
/* What fills a store, and what it has in common with a run. */
#define RATE (SWITCH | BASELINE)
#define FILL (RUN | RATE)

const command_row nr_commands[NR_COMMAND_COUNT] = {
    [NR_COMMAND_INFO] = {"info", "MODEL [DATA.h5|RUN.h5]", 1, 1,
                         "layers, players, shapes, FLOPs; with images or a store: "
                         "measured speed and time to a goal"},
    [NR_COMMAND_EVAL] = {"eval", "MODEL DATA", 2, 0,
                         "loss and accuracy, whole or with filters ablated"},
    [NR_COMMAND_SHAPLEY] = {"shapley", "MODEL DATA --layer L -o RUN.h5", 2, 0,
                            "Shapley values of the filters of a layer"},
    [NR_COMMAND_SWITCH] = {"switch", "MODEL DATA --layer L -o RUN.h5", 2, 0,
                           "the importance switch: a posterior over the filters of a "
                           "layer"},
    [NR_COMMAND_BASELINE] = {"baseline", "MODEL DATA --layer L -o RUN.h5", 2, 0,
                             "weight norms, activations, Taylor, leave-one-out, for "
                             "comparison"},
    [NR_COMMAND_SHOW] = {"show", "RUN.h5", 1, 0, "the results in a store"},
    [NR_COMMAND_COMPARE] = {"compare", "RUN.h5 [OTHER.h5 ...]", 1,
                            NR_POSITIONAL_MAX - 1,
                            "how far the methods in stores agree on the ranks"},
    [NR_COMMAND_PRUNE] = {"prune",
                          "MODEL RUN.h5 [DATA.h5] --keep K|FRACTION -o SMALL.onnx", 2,
                          1,
                          "a smaller network without the filters that rank lowest; "
                          "with images also its loss and accuracy"},
    [NR_COMMAND_CURVE] =
        {"curve", "MODEL DATA RUN.h5 [OTHER.h5 ...]", 3, NR_POSITIONAL_MAX - 3,
         "accuracy and loss against the number of filters kept, in the "
         "order of each method"},
    [NR_COMMAND_EXPORT] =
        {"export", "RUN.h5 -o RANKS.csv|RANKS.json|RANKS.npy", 1, 0,
         "the ranks for other programs: the tables of show, or an array "
         "a layer"},
    [NR_COMMAND_REPORT] = {"report", "RUN.h5 [OTHER.h5|CURVE.h5 ...] -o REPORT.html", 1,
                           NR_POSITIONAL_MAX - 1,
                           "one page for a browser: values, intervals, classes, "
                           "methods, curves; plots and tables"},
    [NR_COMMAND_VERIFY] = {"verify", "RUN.h5 ...", 1, NR_POSITIONAL_MAX - 1,
                           "is every byte and every number of a store what it should "
                           "be?"},
    [NR_COMMAND_MERGE] = {"merge", "OUT.h5 IN.h5 ...", 2, NR_POSITIONAL_MAX - 2,
                          "joins the stores of shapley --shard into one"},
    [NR_COMMAND_SUBMIT] = {"submit", "MODEL DATA --layer L -o RUN.h5", 2, 0,
                           "checks a run, forecasts its time, and gives it to SLURM"},
    [NR_COMMAND_STATUS] = {"status", "RUN.h5 ...", 1, NR_POSITIONAL_MAX - 1,
                           "how far runs are, also while they go on, and their jobs"},
    [NR_COMMAND_IMPORT] = {"import",
                           "--idx IMAGES LABELS | --cifar10 FILE... | --npy "
                           "IMAGES LABELS  -o DATA.h5",
                           0, 0, "foreign image files to HDF5"}};

#define AT(field) offsetof(nr_options, field)

const option_row nr_option_table[] = {
    {"layer", TEXT, FILL | EVAL | INFO, AT(layer), "L[,L...]|all", NULL, 0, 0,
     "layers whose filters are the players: short name, node or output (eval: one)"},
    {"output", PATH, FILL | PRUNE | CURVE | EXPORT | REPORT | IMPORT, AT(output),
     "FILE", NULL, 0, 0,
     "the store, (prune) model, (curve) curves, (report) page or (import) data file to "
     "write; also "
     "-o"},
    {"method", CHOICE, RUN, AT(method), "sample|exact", "sample", 0, 0,
     "antithetic pairs of walks, one permutation a block; or all 2^n coalitions"},
    {"estimator", CHOICE, RUN | INFO, AT(estimator), "pairs|odd|auto", "pairs", 0, 0,
     "of a sampled run: pairs of walks, thinned walks (often better for accuracy), or "
     "the "
     "one that a pilot finds better"},
    {"metric", CHOICE, RUN | INFO | BASELINE, AT(metric), "loss|accuracy|margin",
     "loss", 0, 0, "score of an image: minus cross-entropy, 0/1, or logit margin"},
    {"ablate", CHOICE, RUN | EVAL | INFO | BASELINE | CURVE, AT(ablate),
     "remove|weights|mean", "remove", 0, 0,
     "what becomes of a filter that is not kept"},
    {"images", COUNT, FILL | EVAL | INFO | PRUNE | CURVE, AT(images), "N", NULL, 1,
     4294967294.0, "a class-balanced random subset of N images (default: all)"},
    {"sweeps", COUNT, RUN | INFO, AT(sweeps), "N", NULL, 1, 1e9,
     "passes over all images, two pairs of walks each (default: 1; with another goal: "
     "until that is reached)"},
    {"half-width", NUMBER, RUN | INFO, AT(half_width), "W", NULL, 1e-12, 1e12,
     "goal: every joint interval is at most +-W"},
    {"rel-half-width", NUMBER, RUN | INFO, AT(rel_half_width), "R", NULL, 1e-9, 1e9,
     "goal: every joint interval is at most +-R times the largest |Shapley value|"},
    {"top", COUNT, RUN | INFO, AT(top), "K", NULL, 1, 1e9,
     "goal: the set of the K best filters is known"},
    {"tolerance", NUMBER, RUN | INFO, AT(tolerance), "E", NULL, 0, 1e12,
     "of --top: filters that differ by less than E may be exchanged"},
    {"seed", COUNT, FILL | EVAL | INFO | COMPARE | PRUNE | CURVE, AT(seed), "S", "1", 0,
     1.8e19,
     "of permutations, draws, batches, and of the image subset; compare: of "
     "replicates"},
    {"by-class", FLAG, RUN, AT(by_class), NULL, NULL, 0, 0,
     "also the values over the images of each class"},
    {"per-image", FLAG, RUN, AT(per_image), NULL, NULL, 0, 0,
     "also the values of each image"},
    {"filters", TEXT, RUN | INFO, AT(filters), "0-11,17", NULL, 0, 0,
     "only these are players, the others are always kept (one layer)"},
    {"block", COUNT, RUN | INFO, AT(block), "T", "1", 1, 32,
     "images that share a permutation; divides their number; 1 has the smallest error"},
    {"confidence", NUMBER, FILL | INFO | COMPARE, AT(confidence), "P", "0.95", 0.5,
     0.999999, "of the intervals"},
    {"kernels", WORD, FILL | EVAL | INFO | PRUNE | CURVE, AT(kernels),
     "fast|reference|avx512|avx2|blas", "fast", 0, 0,
     "fast: the best of avx512, avx2 and blas; numbers differ in rounding. reference: "
     "plain loops, for those who doubt"},
    {"memory", COUNT, FILL | INFO, AT(memory), "MIB", "256", 32, 1e6,
     "about what a rank takes beside model and images; more keeps more of the first "
     "layers' results for the next sweep. Numbers do not depend on it"},
    {"checkpoint-every", DURATION, FILL, AT(checkpoint_every_s), "TIME", "60s", 0.1,
     1e6,
     "how often the store is written; where nobody says, less often if that would cost "
     "more than 1% of the run"},
    {"time-limit", DURATION, FILL, AT(time_limit_s), "TIME", NULL, 1e-3, 1e9,
     "stop early, save and exit with 75 (90s, 55m, 2h, 1:30:00)"},
    {"rescue", PATH, FILL, AT(rescue), "FILE", NULL, 0, 0,
     "where the results go if the store cannot be written in the end (default: "
     "RUN.h5.rescue in the current folder)"},
    {"shard", TEXT, RUN, AT(shard), "I/K", NULL, 0, 0,
     "only every K-th sweep, from the I-th on: K such runs, each with a store of its "
     "own, are joined by neurank merge"},
    {"estimator", CHOICE, SWITCH, AT(switch_estimator), "mean|sample", "sample", 0, 0,
     "s is the posterior's mean; or drawn from it, with reparameterised gradients"},
    {"draws", COUNT, SWITCH, AT(draws), "K", "10", 1, 100000,
     "of s for each image and visit (estimator sample)"},
    {"alpha0", NUMBER, SWITCH, AT(alpha0), "A", "2", 1e-3, 1e6,
     "parameter of the prior, a Dirichlet(A, ..., A): small is sparse, large is flat; "
     "the posterior starts there"},
    {"epochs", COUNT, SWITCH, AT(epochs), "N", NULL, 1, 1e6,
     "passes over all images at most (default: until it has converged)"},
    {"batch", COUNT, SWITCH, AT(batch), "B", "100", 1, 1e6, "images of a step"},
    {"lr", NUMBER, SWITCH, AT(rate), "R", "0.1", 1e-9, 1e6,
     "learning rate of ln phi, halved when an epoch brings nothing"},
    {"optimizer", CHOICE, SWITCH, AT(optimizer), "adam|sgd", "adam", 0, 0,
     "sgd has a momentum of 0.9"},
    {"scale", CHOICE, SWITCH, AT(switch_scale), "sum|unit", "sum", 0, 0,
     "a filter is multiplied by s, whose sum is 1; or by n s, which is 1 on average"},
    {"nodes", COUNT, SUBMIT, AT(nodes), "N", "1", 1, 1e6, "of the job"},
    {"ranks-per-node", COUNT, SUBMIT, AT(ranks_per_node), "R", NULL, 1, 1e5,
     "of the job (default: the cores of a node of the partition)"},
    {"time", DURATION, SUBMIT, AT(time_s), "TIME", NULL, 60, 1e9,
     "limit of the job, which is queued again until the run is complete (default: "
     "twice the forecast, at most a day)"},
    {"partition", TEXT, SUBMIT, AT(partition), "NAME", NULL, 0, 0, "of SLURM"},
    {"account", TEXT, SUBMIT, AT(account), "NAME", NULL, 0, 0, "of SLURM"},
    {"dry-run", FLAG, SUBMIT, AT(dry_run), NULL, NULL, 0, 0,
     "write the job script, do not submit it"},
    {"fresh", FLAG, SHAPLEY | RATE | MERGE | CURVE, AT(fresh), NULL, NULL, 0, 0,
     "start over; the old store stays as RUN.h5.old (switch, baseline: their results "
     "of "
     "these layers, all others are kept)"},
    {"drop", TEXT, EVAL, AT(drop), "0,3", NULL, 0, 0, "filters of --layer to ablate"},
    {"logits", PATH, EVAL, AT(logits), "OUT.h5", NULL, 0, 0, "write the logits there"},
    {"format", CHOICE, SHOW | COMPARE | PRUNE | CURVE | EVAL | STATUS | INFO,
     AT(format), "text|csv|json", "text", 0, 0, "for people or for programs"},
    {"layer", TEXT, COMPARE | PRUNE | CURVE | EXPORT | REPORT, AT(layer),
     "L[,L...]|all", NULL, 0, 0, "only these layers, by short name"},
    {"keep", TEXT, PRUNE, AT(keep), "K|FRACTION|significant", NULL, 0, 0,
     "of each layer the K best filters, this part (0.5 or 50%), or all whose interval "
     "is "
     "above zero; tied layers lose filters together"},
    {"keep-per-layer", TEXT, PRUNE, AT(keep_per_layer), "K[,K...]", NULL, 0, 0,
     "instead of --keep: so many filters of each layer, in the network's order"},
    {"max-drop", NUMBER, PRUNE, AT(max_drop), "D", NULL, 0, 1,
     "instead of --keep: as few filters as lose at most D of the accuracy on DATA.h5 "
     "(0.01: one percent of the images)"},
    {"by", WORD, PRUNE | EXPORT, AT(by),
     "shapley|switch|l1|l2|bn_scale|activation|taylor|leave_one_out|random", "shapley",
     0, 0, "whose ranks decide; export: whose values the arrays hold"},
    {"masks", PATH, PRUNE, AT(masks), "FILE", NULL, 0, 0,
     "also writes which filters are kept: .csv, .json, or .npy (FILE.LAYER.npy for "
     "each "
     "layer)"},
    {"points", COUNT, CURVE, AT(points), "N", NULL, 1, 1e6,
     "steps from no filter kept to all (default: every filter, at most 32 steps)"},
    {"random", COUNT, CURVE, AT(random), "R", "3", 0, 100,
     "random orders beside those of the methods"},
    {"methods", TEXT, COMPARE | CURVE, AT(methods), "M[,M...]", NULL, 0, 0,
     "only these of shapley, switch, l1, l2, bn_scale, activation, taylor, "
     "leave_one_out, random"},
    {"top", COUNT, COMPARE, AT(top), "K", NULL, 1, 1e9,
     "of the overlap (default: a quarter of a layer's filters)"},
    {"top", COUNT, SHOW, AT(top), "K", NULL, 1, 1e9, "only the K best filters"},
    {"idx", FILES, IMPORT, AT(idx), "IMAGES LABELS", NULL, 2, 2,
     "MNIST's format, plain or .gz"},
    {"cifar10", FILES, IMPORT, AT(cifar10), "FILE...", NULL, 1, NR_FILES_MAX,
     "CIFAR-10, binary version"},
    {"npy", FILES, IMPORT, AT(npy), "IMAGES LABELS", NULL, 2, 2,
     "NumPy arrays, (n, c, h, w) or (n, h, w), and labels (n)"},
    {"scale", NUMBER, IMPORT, AT(scale), "X", NULL, -1e30, 1e30,
     "factor of each pixel (default: 1/255 for uint8, 1 for floats)"},
    {"mean", NUMBERS, IMPORT, AT(mean), "X[,X...]", NULL, 0, 0,
     "subtracted after scaling; one number or one a channel (default: 0)"},
    {"std", NUMBERS, IMPORT, AT(std), "X[,X...]", NULL, 0, 0,
     "divided by after that; one number or one a channel (default: 1)"},
    {"help", FLAG, ~0U, AT(help), NULL, NULL, 0, 0, "lists these options; also -h"}};

const size_t nr_n_options = sizeof nr_option_table / sizeof *nr_option_table;

_Static_assert(sizeof nr_option_table / sizeof *nr_option_table <= NR_OPTIONS_MAX,
               "room for every option");
