/* The only file that knows MPI. */
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "neurank/base/clock.h"
#include "neurank/base/memory.h"
#include "neurank/sched/world.h"
#include "shared_memory.h"

enum { TAG_MESSAGE = 17, SHARED_MAX = 16, OUTBOX = 4 };
enum { PIECE = 1 << 28 }; /* bytes of one broadcast: MPI counts in int */

/* A message on its way. */
typedef struct {
    uint64_t *words;
    size_t capacity;
    MPI_Request request;
} outgoing;

struct nr_world {
    MPI_Comm all, node, leaders; /* leaders: the first rank of each node, else null */
    int rank, size;
    bool mpi; /* a launcher started us; else a world of one that needs no MPI */
    const void *shared[SHARED_MAX];
    size_t shared_bytes[SHARED_MAX], n_shared;
    void *copies[SHARED_MAX]; /* a world of one shares nothing */
    size_t n_copies;
    outgoing outbox[OUTBOX];
    size_t next;
    nr_transport transport;
};

/* ---- messages ---- */

static void mpi_send(void *self, int to, const uint64_t *words, size_t n) {
    nr_world *world = self;
    outgoing *out = &world->outbox[world->next];
    world->next = (world->next + 1) % OUTBOX;
    MPI_Wait(&out->request, MPI_STATUS_IGNORE);
    NR_ASSERT(n <= INT32_MAX);
    NR_ASSERT(nr_grow((void **)&out->words, &out->capacity, n, sizeof *words) == NR_OK);
    memcpy(out->words, words, n * sizeof *words);
    MPI_Isend(out->words, (int)n, MPI_UINT64_T, to, TAG_MESSAGE, world->all,
              &out->request);
}

/* MPI_Probe would spin: where there are more ranks than cores, those that wait would
 * take the time of those that work. */
enum { PAUSE_NS = 20000, PAUSE_NS_MAX = 1000000 };

static void pause_for(long ns) {
    const struct timespec moment = {.tv_nsec = ns};
    nanosleep(&moment, NULL);
}

/* A first look may only bring in what a second one finds. */
static bool look(nr_world *world, MPI_Status *status) {
    int there = 0;
    for (int turn = 0; turn < 2 && !there; turn++)
        MPI_Iprobe(MPI_ANY_SOURCE, TAG_MESSAGE, world->all, &there, status);
    return there;
}

static bool mpi_receive(void *self, bool wait, uint64_t *words, size_t capacity,
                        size_t *n, int *from) {
    nr_world *world = self;
    MPI_Status status;
    int count;
    if (world->size == 1) return false;
    bool there = look(world, &status);
    double end_s = nr_clock_s() + NR_TRANSPORT_WAIT_S;
    for (long ns = PAUSE_NS; !there && wait && nr_clock_s() < end_s;
         ns += ns < PAUSE_NS_MAX ? ns : 0) {
        pause_for(ns);
        there = look(world, &status);
    }
    if (!there) return false;
    MPI_Get_count(&status, MPI_UINT64_T, &count);
    NR_ASSERT(count >= 0 && (size_t)count <= capacity);
    MPI_Recv(words, count, MPI_UINT64_T, status.MPI_SOURCE, TAG_MESSAGE, world->all,
             MPI_STATUS_IGNORE);
    *n = (size_t)count;
    *from = status.MPI_SOURCE;
    return true;
}

static void mpi_flush(void *self) {
    nr_world *world = self;
    for (size_t i = 0; i < OUTBOX && world->mpi; i++)
        MPI_Wait(&world->outbox[i].request, MPI_STATUS_IGNORE);
}

/* ---- the world ---- */

/* Every launcher tells its processes who they are: Open MPI's mpirun and srun
 * --mpi=pmix through PMIx, others through PMI. Without one MPI would start as a world
 * of one, but only after half a second of helper processes and name service. */
static bool is_launched(void) {
    static const char *const signs[] = {"PMIX_RANK", "PMIX_NAMESPACE", "PMI_RANK",
                                        "OMPI_COMM_WORLD_SIZE"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (getenv(signs[i])) return true;
    return false;
}

static nr_status start_mpi(nr_world *world) {
    int node_rank;
    NR_REQUIRE(MPI_Init(NULL, NULL) == MPI_SUCCESS, NR_ERR_INTERNAL,
               "MPI does not start");
    world->mpi = true;
    MPI_Comm_dup(MPI_COMM_WORLD, &world->all);
    MPI_Comm_rank(world->all, &world->rank);
    MPI_Comm_size(world->all, &world->size);
    MPI_Comm_split_type(world->all, MPI_COMM_TYPE_SHARED, world->rank, MPI_INFO_NULL,
                        &world->node);
    MPI_Comm_rank(world->node, &node_rank);
    MPI_Comm_split(world->all, node_rank == 0 ? 0 : MPI_UNDEFINED, world->rank,
                   &world->leaders);
    if (node_rank == 0) nr_shared_clean();
    return NR_OK;
}

nr_status nr_world_start(nr_world **out) {
    nr_world *world;
    if (!NR_NEW(world, 1)) return NR_ERR_INTERNAL;
    world->size = 1;
    nr_status status = is_launched() ? start_mpi(world) : NR_OK;
    if (status != NR_OK) {
        free(world);
        return status;
    }
    for (size_t i = 0; i < OUTBOX; i++) world->outbox[i].request = MPI_REQUEST_NULL;
    world->transport = (nr_transport){.self = world,
                                      .rank = world->rank,
                                      .size = world->size,
                                      .send = mpi_send,
                                      .receive = mpi_receive,
                                      .flush = mpi_flush};
    *out = world;
    return NR_OK;
}

static void stop_mpi(nr_world *world) {
    mpi_flush(world);
    for (size_t i = 0; i < OUTBOX; i++) free(world->outbox[i].words);
    for (size_t i = 0; i < world->n_shared; i++)
        nr_shared_drop(world->shared[i], world->shared_bytes[i]);
    if (world->leaders != MPI_COMM_NULL) MPI_Comm_free(&world->leaders);
    MPI_Comm_free(&world->node);
    MPI_Comm_free(&world->all);
    MPI_Finalize();
}

void nr_world_stop(nr_world *world) {
    if (!world) return;
    for (size_t i = 0; i < world->n_copies; i++) free(world->copies[i]);
    if (world->mpi) stop_mpi(world);
    free(world);
}

void nr_world_abort(nr_world *world, int exit_code) {
    if (world->mpi) MPI_Abort(world->all, exit_code);
}

int nr_world_rank(const nr_world *world) {
    return world->rank;
}
int nr_world_size(const nr_world *world) {
    return world->size;
}
const char *nr_world_library(void) {
#if defined(OPEN_MPI)
    return "Open MPI";
#elif defined(MPICH_VERSION)
    return "MPICH";
#else
    return "another MPI";
#endif
}
nr_transport *nr_world_transport(nr_world *world) {
    return &world->transport;
}

nr_status nr_world_share(nr_world *world, nr_status status) {
    int mine = (int)status, worst = mine;
    if (world->size == 1) return status;
    MPI_Allreduce(&mine, &worst, 1, MPI_INT, MPI_MAX, world->all);
    return (nr_status)worst;
}

static void broadcast_pieces(MPI_Comm comm, void *bytes, size_t n) {
    for (size_t at = 0; at < n; at += PIECE) {
        size_t count = n - at < PIECE ? n - at : PIECE;
        MPI_Bcast((char *)bytes + at, (int)count, MPI_BYTE, 0, comm);
    }
}

nr_status nr_world_broadcast(nr_world *world, void **bytes, size_t *n_bytes) {
    uint64_t n = *n_bytes;
    nr_status status = NR_OK;
    if (world->size == 1) return NR_OK;
    MPI_Bcast(&n, 1, MPI_UINT64_T, 0, world->all);
    if (world->rank != 0 && !(*bytes = nr_new((size_t)n, 1))) status = NR_ERR_INTERNAL;
    NR_TRY(nr_world_share(world, status));
    broadcast_pieces(world->all, *bytes, (size_t)n);
    *n_bytes = (size_t)n;
    return NR_OK;
}

/* A world of one keeps a copy, so that the caller may free its own. */
static nr_status spread_alone(nr_world *world, const void *data, size_t n,
                              const void **shared) {
    NR_ASSERT(world->n_copies < SHARED_MAX);
    void *copy = nr_new(n, 1);
    if (!copy) return NR_ERR_INTERNAL;
    memcpy(copy, data, n);
    world->copies[world->n_copies++] = copy;
    *shared = copy;
    return NR_OK;
}

/* The first rank of the node makes the memory, the others map it by its name. */
static nr_status share_memory(nr_world *world, size_t n, void **own,
                              const void **shared) {
    char name[NR_SHARED_NAME] = "";
    bool leader = world->leaders != MPI_COMM_NULL;
    nr_status status = leader ? nr_shared_make(n, name, own) : NR_OK;
    NR_TRY(nr_world_share(world, status));
    MPI_Bcast(name, sizeof name, MPI_CHAR, 0, world->node);
    if (leader) *shared = *own;
    else status = nr_shared_attach(name, n, shared);
    if (status == NR_OK) {
        world->shared[world->n_shared] = *shared;
        world->shared_bytes[world->n_shared++] = n;
    }
    status = nr_world_share(world, status);
    if (leader) nr_shared_unname(name);
    return status;
}

nr_status nr_world_spread(nr_world *world, const void *data, size_t n_bytes,
                          const void **shared) {
    uint64_t n = n_bytes;
    void *own = NULL;
    if (world->size == 1) return spread_alone(world, data, n_bytes, shared);
    NR_ASSERT(world->n_shared < SHARED_MAX);
    MPI_Bcast(&n, 1, MPI_UINT64_T, 0, world->all);
    NR_TRY(share_memory(world, (size_t)n, &own, shared));
    if (world->rank == 0 && own) memcpy(own, data, (size_t)n); /* a leader */
    if (world->leaders != MPI_COMM_NULL)
        broadcast_pieces(world->leaders, own, (size_t)n);
    MPI_Barrier(world->node);
    return NR_OK;
}

nr_status nr_world_gather(nr_world *world, const uint64_t *words, size_t n,
                          uint64_t *all) {
    NR_ASSERT(n <= INT32_MAX);
    if (world->size == 1) {
        memcpy(all, words, n * sizeof *words);
        return NR_OK;
    }
    MPI_Allgather(words, (int)n, MPI_UINT64_T, all, (int)n, MPI_UINT64_T, world->all);
    return NR_OK;
}

/* Sleeps until the collective call is over here. */
static void wait_for(MPI_Request *request) {
    int over = 0;
    for (long ns = PAUSE_NS; !over; ns += ns < PAUSE_NS_MAX ? ns : 0) {
        for (int turn = 0; turn < 2 && !over; turn++)
            MPI_Test(request, &over, MPI_STATUS_IGNORE);
        if (!over) pause_for(ns);
    }
}

void nr_world_tell(nr_world *world, uint64_t *words, size_t n) {
    MPI_Request request;
    if (world->size == 1) return;
    NR_ASSERT(n <= INT32_MAX);
    MPI_Ibcast(words, (int)n, MPI_UINT64_T, 0, world->all, &request);
    wait_for(&request);
}

void nr_world_add(nr_world *world, int64_t *values, size_t n) {
    MPI_Request request;
    bool root = world->rank == 0;
    if (world->size == 1) return;
    NR_ASSERT(n <= INT32_MAX);
    MPI_Ireduce(root ? MPI_IN_PLACE : values, root ? values : NULL, (int)n, MPI_INT64_T,
                MPI_SUM, 0, world->all, &request);
    wait_for(&request);
}
