/* Commands and options, a row each; which command has which option says requests.c. */
#include "neurank/base/format.h"
#include "neurank/game/score.h"
#include "neurank/nn/cut.h"
#include "neurank/plan/plan.h"
#include "neurank/rate/rate.h"
#include "neurank/report/rankings.h"
#include "neurank/shapley/layer.h"
#include "table.h"

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
    [NR_COMMAND_COMPARE] = {"compare", "RUN.h5 [OTHER.h5 ...]", 1, NR_ARGUMENTS_MAX - 1,
                            "how far the methods in stores agree on the ranks"},
    [NR_COMMAND_PRUNE] = {"prune",
                          "MODEL RUN.h5 [DATA.h5] --keep K|FRACTION -o SMALL.onnx", 2,
                          1,
                          "a smaller network without the filters that rank lowest; "
                          "with images also its loss and accuracy"},
    [NR_COMMAND_CURVE] =
        {"curve", "MODEL DATA RUN.h5 [OTHER.h5 ...]", 3, NR_ARGUMENTS_MAX - 3,
         "accuracy and loss against the number of filters kept, in the "
         "order of each method"},
    [NR_COMMAND_EXPORT] =
        {"export", "RUN.h5 -o RANKS.csv|RANKS.json|RANKS.npy", 1, 0,
         "the ranks for other programs: the tables of show, or an array "
         "a layer"},
    [NR_COMMAND_REPORT] = {"report", "RUN.h5 [OTHER.h5|CURVE.h5 ...] -o REPORT.html", 1,
                           NR_ARGUMENTS_MAX - 1,
                           "one page for a browser: values, intervals, classes, "
                           "methods, curves; plots and tables"},
    [NR_COMMAND_VERIFY] = {"verify", "RUN.h5 ...", 1, NR_ARGUMENTS_MAX - 1,
                           "is every byte and every number of a store what it should "
                           "be?"},
    [NR_COMMAND_MERGE] = {"merge", "OUT.h5 IN.h5 ...", 2, NR_ARGUMENTS_MAX - 2,
                          "joins the stores of shapley --shard into one"},
    [NR_COMMAND_SUBMIT] = {"submit", "MODEL DATA --layer L -o RUN.h5", 2, 0,
                           "checks a run, forecasts its time, and gives it to SLURM"},
    [NR_COMMAND_STATUS] = {"status", "RUN.h5 ...", 1, NR_ARGUMENTS_MAX - 1,
                           "how far runs are, also while they go on, and their jobs"},
    [NR_COMMAND_IMPORT] = {"import",
                           "--idx IMAGES LABELS | --cifar10 FILE... | --npy "
                           "IMAGES LABELS  -o DATA.h5",
                           0, 0, "foreign image files to HDF5"}};

static const char *const estimator_words[] = {[NR_ESTIMATOR_PAIRS] = "pairs",
                                              [NR_ESTIMATOR_ODD] = "odd",
                                              [NR_ESTIMATOR_AUTO] = "auto"};
static const char *const format_words[] = {
    [NR_FORMAT_TEXT] = "text", [NR_FORMAT_CSV] = "csv", [NR_FORMAT_JSON] = "json"};
static const char *const kernel_words[] = {"fast", "reference", "avx512", "avx2",
                                           "blas"};

#define NOTHING                                                                        \
    { NULL, NULL, 0 }
#define VALUE(placeholder)                                                             \
    { placeholder, NULL, 0 }
#define WORDS(array)                                                                   \
    { NULL, array, sizeof(array) / sizeof *(array) }

const option_row nr_option_table[OPTION_COUNT] = {
    [OPTION_LAYER] = {"layer", TEXT, VALUE("L[,L...]|all"), NULL, 0, 0,
                      "layers whose filters are the players: short name, node or "
                      "output (eval: one)"},
    [OPTION_OUTPUT] = {"output", PATH, VALUE("FILE"), NULL, 0, 0,
                       "the store, (prune) model, (curve) curves, (report) page or "
                       "(import) data file to "
                       "write; also "
                       "-o"},
    [OPTION_METHOD] =
        {"method", CHOICE, WORDS(nr_method_words), "sample", 0, 0,
         "antithetic pairs of walks, one permutation a block; or all 2^n coalitions"},
    [OPTION_ESTIMATOR] = {"estimator", CHOICE, WORDS(estimator_words), "pairs", 0, 0,
                          "of a sampled run: pairs of walks, thinned walks (often "
                          "better for accuracy), or "
                          "the "
                          "one that a pilot finds better"},
    [OPTION_METRIC] = {"metric", CHOICE, WORDS(nr_metric_words), "loss", 0, 0,
                       "score of an image: minus cross-entropy, 0/1, or logit margin"},
    [OPTION_ABLATE] = {"ablate", CHOICE, WORDS(nr_ablation_words), "remove", 0, 0,
                       "what becomes of a filter that is not kept"},
    [OPTION_IMAGES] = {"images", COUNT, VALUE("N"), NULL, 1, 4294967294.0,
                       "a class-balanced random subset of N images (default: all)"},
    [OPTION_SWEEPS] = {"sweeps", COUNT, VALUE("N"), NULL, 1, 1e9,
                       "passes over all images, two pairs of walks each (default: 1; "
                       "with another goal: "
                       "until that is reached)"},
    [OPTION_HALF_WIDTH] = {"half-width", NUMBER, VALUE("W"), NULL, 1e-12, 1e12,
                           "goal: every joint interval is at most +-W"},
    [OPTION_REL_HALF_WIDTH] =
        {"rel-half-width", NUMBER, VALUE("R"), NULL, 1e-9, 1e9,
         "goal: every joint interval is at most +-R times the largest |Shapley value|"},
    [OPTION_TOP] = {"top", COUNT, VALUE("K"), NULL, 1, 1e9,
                    "goal: the set of the K best filters is known"},
    [OPTION_TOLERANCE] =
        {"tolerance", NUMBER, VALUE("E"), NULL, 0, 1e12,
         "of --top: filters that differ by less than E may be exchanged"},
    [OPTION_SEED] =
        {"seed", COUNT, VALUE("S"), "1", 0, 1.8e19,
         "of permutations, draws, batches, and of the image subset; compare: of "
         "replicates"},
    [OPTION_BY_CLASS] = {"by-class", FLAG, NOTHING, NULL, 0, 0,
                         "also the values over the images of each class"},
    [OPTION_PER_IMAGE] = {"per-image", FLAG, NOTHING, NULL, 0, 0,
                          "also the values of each image"},
    [OPTION_FILTERS] =
        {"filters", TEXT, VALUE("0-11,17"), NULL, 0, 0,
         "only these are players, the others are always kept (one layer)"},
    [OPTION_BLOCK] = {"block", COUNT, VALUE("T"), "1", 1, 32,
                      "images that share a permutation; divides their number; 1 has "
                      "the smallest error"},
    [OPTION_CONFIDENCE] = {"confidence", NUMBER, VALUE("P"), "0.95", 0.5, 0.999999,
                           "of the intervals"},
    [OPTION_KERNELS] = {"kernels", WORD, WORDS(kernel_words), "fast", 0, 0,
                        "fast: the best of avx512, avx2 and blas; numbers differ in "
                        "rounding. reference: "
                        "plain loops, for those who doubt"},
    [OPTION_MEMORY] =
        {"memory", COUNT, VALUE("MIB"), "256", 32, 1e6,
         "about what a rank takes beside model and images; more keeps more of the "
         "first "
         "layers' results for the next sweep. Numbers do not depend on it"},
    [OPTION_CHECKPOINT_EVERY] = {"checkpoint-every", DURATION, VALUE("TIME"), "60s",
                                 0.1, 1e6,
                                 "how often the store is written; where nobody says, "
                                 "less often if that would cost "
                                 "more than 1% of the run"},
    [OPTION_TIME_LIMIT] = {"time-limit", DURATION, VALUE("TIME"), NULL, 1e-3, 1e9,
                           "stop early, save and exit with 75 (90s, 55m, 2h, 1:30:00)"},
    [OPTION_RESCUE] =
        {"rescue", PATH, VALUE("FILE"), NULL, 0, 0,
         "where the results go if the store cannot be written in the end (default: "
         "RUN.h5.rescue in the current folder)"},
    [OPTION_SHARD] = {"shard", TEXT, VALUE("I/K"), NULL, 0, 0,
                      "only every K-th sweep, from the I-th on: K such runs, each with "
                      "a store of its "
                      "own, are joined by neurank merge"},
    [OPTION_SWITCH_ESTIMATOR] =
        {"estimator", CHOICE, WORDS(nr_switch_estimator_words), "sample", 0, 0,
         "s is the posterior's mean; or drawn from it, with reparameterised gradients"},
    [OPTION_DRAWS] = {"draws", COUNT, VALUE("K"), "10", 1, 100000,
                      "of s for each image and visit (estimator sample)"},
    [OPTION_ALPHA0] = {"alpha0", NUMBER, VALUE("A"), "2", 1e-3, 1e6,
                       "parameter of the prior, a Dirichlet(A, ..., A): small is "
                       "sparse, large is flat; "
                       "the posterior starts there"},
    [OPTION_EPOCHS] =
        {"epochs", COUNT, VALUE("N"), NULL, 1, 1e6,
         "passes over all images at most (default: until it has converged)"},
    [OPTION_BATCH] = {"batch", COUNT, VALUE("B"), "100", 1, 1e6, "images of a step"},
    [OPTION_LR] = {"lr", NUMBER, VALUE("R"), "0.1", 1e-9, 1e6,
                   "learning rate of ln phi, halved when an epoch brings nothing"},
    [OPTION_OPTIMIZER] = {"optimizer", CHOICE, WORDS(nr_optimizer_words), "adam", 0, 0,
                          "sgd has a momentum of 0.9"},
    [OPTION_SWITCH_SCALE] = {"scale", CHOICE, WORDS(nr_switch_scale_words), "sum", 0, 0,
                             "a filter is multiplied by s, whose sum is 1; or by n s, "
                             "which is 1 on average"},
    [OPTION_NODES] = {"nodes", COUNT, VALUE("N"), "1", 1, 1e6, "of the job"},
    [OPTION_RANKS_PER_NODE] =
        {"ranks-per-node", COUNT, VALUE("R"), NULL, 1, 1e5,
         "of the job (default: the cores of a node of the partition)"},
    [OPTION_TIME] =
        {"time", DURATION, VALUE("TIME"), NULL, 60, 1e9,
         "limit of the job, which is queued again until the run is complete (default: "
         "twice the forecast, at most a day)"},
    [OPTION_PARTITION] = {"partition", TEXT, VALUE("NAME"), NULL, 0, 0, "of SLURM"},
    [OPTION_ACCOUNT] = {"account", TEXT, VALUE("NAME"), NULL, 0, 0, "of SLURM"},
    [OPTION_DRY_RUN] = {"dry-run", FLAG, NOTHING, NULL, 0, 0,
                        "write the job script, do not submit it"},
    [OPTION_FRESH] = {"fresh", FLAG, NOTHING, NULL, 0, 0,
                      "start over; the old store stays as RUN.h5.old (switch, "
                      "baseline: their results "
                      "of "
                      "these layers, all others are kept)"},
    [OPTION_DROP] = {"drop", TEXT, VALUE("0,3"), NULL, 0, 0,
                     "filters of --layer to ablate"},
    [OPTION_LOGITS] = {"logits", PATH, VALUE("OUT.h5"), NULL, 0, 0,
                       "write the logits there"},
    [OPTION_FORMAT] = {"format", CHOICE, WORDS(format_words), "text", 0, 0,
                       "for people or for programs"},
    [OPTION_SOME_LAYERS] = {"layer", TEXT, VALUE("L[,L...]|all"), NULL, 0, 0,
                            "only these layers, by short name"},
    [OPTION_KEEP] = {"keep", TEXT, VALUE("K|FRACTION|significant"), NULL, 0, 0,
                     "of each layer the K best filters, this part (0.5 or 50%), or all "
                     "whose interval "
                     "is "
                     "above zero; tied layers lose filters together"},
    [OPTION_KEEP_PER_LAYER] =
        {"keep-per-layer", TEXT, VALUE("K[,K...]"), NULL, 0, 0,
         "instead of --keep: so many filters of each layer, in the network's order"},
    [OPTION_MAX_DROP] = {"max-drop", NUMBER, VALUE("D"), NULL, 0, 1,
                         "instead of --keep: as few filters as lose at most D of the "
                         "accuracy on DATA.h5 "
                         "(0.01: one percent of the images)"},
    [OPTION_BY] = {"by", WORD, WORDS(nr_method_names), "shapley", 0, 0,
                   "whose ranks decide; export: whose values the arrays hold"},
    [OPTION_MASKS] =
        {"masks", PATH, VALUE("FILE"), NULL, 0, 0,
         "also writes which filters are kept: .csv, .json, or .npy (FILE.LAYER.npy for "
         "each "
         "layer)"},
    [OPTION_POINTS] =
        {"points", COUNT, VALUE("N"), NULL, 1, 1e6,
         "steps from no filter kept to all (default: every filter, at most 32 steps)"},
    [OPTION_RANDOM] = {"random", COUNT, VALUE("R"), "3", 0, 100,
                       "random orders beside those of the methods"},
    [OPTION_METHODS] =
        {"methods", TEXT, VALUE("M[,M...]"), NULL, 0, 0,
         "only these of shapley, switch, l1, l2, bn_scale, activation, taylor, "
         "leave_one_out, random"},
    [OPTION_TOP_OVERLAP] = {"top", COUNT, VALUE("K"), NULL, 1, 1e9,
                            "of the overlap (default: a quarter of a layer's filters)"},
    [OPTION_TOP_SHOWN] = {"top", COUNT, VALUE("K"), NULL, 1, 1e9,
                          "only the K best filters"},
    [OPTION_IDX] = {"idx", FILES, VALUE("IMAGES LABELS"), NULL, 2, 2,
                    "MNIST's format, plain or .gz"},
    [OPTION_CIFAR10] = {"cifar10", FILES, VALUE("FILE..."), NULL, 1, FILES_MAX,
                        "CIFAR-10, binary version"},
    [OPTION_NPY] = {"npy", FILES, VALUE("IMAGES LABELS"), NULL, 2, 2,
                    "NumPy arrays, (n, c, h, w) or (n, h, w), and labels (n)"},
    [OPTION_SCALE] = {"scale", NUMBER, VALUE("X"), NULL, -1e30, 1e30,
                      "factor of each pixel (default: 1/255 for uint8, 1 for floats)"},
    [OPTION_MEAN] =
        {"mean", NUMBERS, VALUE("X[,X...]"), NULL, 0, 0,
         "subtracted after scaling; one number or one a channel (default: 0)"},
    [OPTION_STD] = {"std", NUMBERS, VALUE("X[,X...]"), NULL, 0, 0,
                    "divided by after that; one number or one a channel (default: 1)"},
    [OPTION_HELP] = {"help", FLAG, NOTHING, NULL, 0, 0,
                     "lists these options; also -h"}};
