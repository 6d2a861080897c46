# neurank: make help
#
# Settings; each may be given on the command line or in an untracked .config.mk.
-include .config.mk

MODE     ?= release
PREFIX   ?= /usr/local
ifeq ($(origin CC),default)
CC       := gcc
endif
V        ?= 0
PYTHON   ?= /usr/bin/python3
MPIRUN   ?= mpirun
# Set to 0 to keep make from installing Debian packages.
INSTALL_PACKAGES ?= 1

PACKAGES_BUILD = gcc libc6-dev pkg-config libopenmpi-dev openmpi-bin libopenblas-dev \
    libhdf5-dev libprotobuf-c-dev protobuf-c-compiler libonnx-dev \
    librandom123-dev libjansson-dev libxxhash-dev zlib1g-dev gnuplot-nox
PACKAGES_DATA  = dataset-fashion-mnist
PACKAGES_TEST  = libcmocka-dev hdf5-tools netcdf-bin python3-h5py python3-h5netcdf \
    python3-xarray python3-torch python3-onnx python3-torchvision python3-opencv \
    chromium git
# Only where there are such packages: an own cluster for the tests of jobs.
PACKAGES_SLURM = $(shell apt-cache show slurm-wlm munge >/dev/null 2>&1 && echo slurm-wlm munge)
PACKAGES_LINT  = clang-format clang-tidy shellcheck

# ---- build ------------------------------------------------------------------------
BUILD   := build/$(MODE)
GEN     := build/gen
MODULES := base nn sample estim plan onnx h5 dataset store game switch sched report prune run cli

SOURCES := $(foreach m,$(MODULES),$(wildcard src/$(m)/*.c))
LIB_SRC := $(filter-out src/cli/%,$(SOURCES))
OBJECTS  = $(SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/gen/onnx.pb-c.o
LIB_OBJ  = $(LIB_SRC:%.c=$(BUILD)/%.o) $(BUILD)/gen/onnx.pb-c.o
HEADERS := $(wildcard include/neurank/*/*.h src/*/*.h)

OPTIMISE_release = -O3 -DNDEBUG
OPTIMISE_debug   = -Og -g3 -DNR_DEBUG
OPTIMISE_asan    = -O1 -g3 -DNR_DEBUG -fsanitize=address,undefined \
    -fno-sanitize-recover=all -fno-omit-frame-pointer
LINK_asan        = -fsanitize=address,undefined

WARNINGS = -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes \
    -Wmissing-prototypes -Wvla -Werror
PKG      := pkg-config
PKGS     := hdf5-serial openblas libprotobuf-c jansson libxxhash zlib
MPI_CFLAGS := $(shell $(PKG) --cflags ompi-c 2>/dev/null)
MPI_LIBS   := $(shell $(PKG) --libs ompi-c 2>/dev/null)
DEP_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG) --cflags $(PKGS) 2>/dev/null) $(MPI_CFLAGS))
DEP_LIBS   := $(shell $(PKG) --libs $(PKGS) 2>/dev/null) -lhdf5_hl $(MPI_LIBS) -lm
HDF5_DIR   := $(shell $(PKG) --libs-only-L hdf5-serial 2>/dev/null)
BUILD_TEXT := $(MODE), $(CC) $(shell $(CC) -dumpfullversion 2>/dev/null) $(shell $(CC) -dumpmachine 2>/dev/null)

CFLAGS_ALL = -std=gnu11 -D_GNU_SOURCE $(OPTIMISE_$(MODE)) $(WARNINGS) -Iinclude \
    -isystem $(GEN) $(DEP_CFLAGS) -ffp-contract=fast -fno-math-errno -MMD -MP $(CFLAGS)
LDFLAGS_ALL = $(LINK_$(MODE)) $(HDF5_DIR) $(LDFLAGS)

Q   := $(if $(filter 1,$(V)),,@)
say  = $(if $(filter 1,$(V)),,@printf '  %-7s%s\n' $(1) $(2))

.PHONY: all help demo test test-slurm experiments run-tests test-long torture coverage efficiency check units lint format \
    bench bench-peers bench-scale bench-ranks bench-checkpoint bench-switch compare-methods curves install clean packages packages-demo packages-test packages-slurm print-% golden
.DEFAULT_GOAL := all

all: $(BUILD)/neurank $(BUILD)/neurank-job $(BUILD)/libneurank.a

help:
	@echo 'make demo       install what is missing, build, rank the filters of a real network'
	@echo 'make test       install what is missing, build, lint, run all quick tests (12 min)'
	@echo 'make test-slurm the jobs on a SLURM of its own, two nodes on this machine (5 min)'
	@echo 'make test-long  the tests that take longer, then coverage and efficiency (25 min)'
	@echo 'make torture    200 runs killed at random and resumed: the same bits? (25 min)'
	@echo 'make coverage   do intervals and stopping rules keep their word? thousands of runs'
	@echo 'make efficiency variance of the estimators at equal evaluations, three networks'
	@echo 'make            build build/release/neurank   (MODE=debug|asan for other builds)'
	@echo 'make check      unit tests of this MODE only'
	@echo 'make lint       module graph, clang-tidy, format, shellcheck'
	@echo 'make format     clang-format in place'
	@echo 'make bench      what one core reaches, layer by layer, and of its peak (5 min)'
	@echo 'make bench-peers  the same games in PyTorch, side by side (15 min)'
	@echo 'make bench-scale  two ranks against one, 64 ranks that sleep, the master alone'
	@echo 'make bench-ranks   how many ranks a run can use: measured and simulated (3 min)'
	@echo 'make bench-checkpoint  what checkpoints of 4096 filters by 1000 classes cost (10 min)'
	@echo 'make bench-switch  an epoch of the importance switch against PyTorch (1 min)'
	@echo 'make compare-methods  do the methods agree? all layers of three networks (1 hour)'
	@echo 'make curves     which ranks make the better small network? two networks (12 min)'
	@echo 'make install    program, library, headers, pkg-config file, man page to PREFIX ($(PREFIX))'
	@echo 'make clean      remove build/'
	@echo 'make print-VAR  show a setting'

print-%:
	@echo '$* = $($*)'

$(GEN)/onnx.pb-c.c: /usr/include/onnx/onnx.proto
	@mkdir -p $(GEN)
	$(call say,PROTOC,$<)
	$(Q)protoc-c -I /usr/include/onnx --c_out=$(GEN) $<

/usr/include/onnx/onnx.proto: ;

$(BUILD)/gen/onnx.pb-c.o: $(GEN)/onnx.pb-c.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -std=gnu11 -O2 -I$(GEN) -c $< -o $@

# The files with a kernel set for newer processors (src/nn/simd.h).
ifneq ($(findstring x86_64,$(BUILD_TEXT)),)
INSTRUCTIONS_simd_avx512 = -march=x86-64-v4 -mprefer-vector-width=512
INSTRUCTIONS_simd_avx2   = -march=x86-64-v3
endif
$(BUILD)/src/nn/simd_avx512.o: INSTRUCTIONS = $(INSTRUCTIONS_simd_avx512)
$(BUILD)/src/nn/simd_avx2.o:   INSTRUCTIONS = $(INSTRUCTIONS_simd_avx2)

$(BUILD)/src/%.o: src/%.c $(GEN)/onnx.pb-c.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) $(INSTRUCTIONS) -DNR_BUILD='"$(BUILD_TEXT)"' -c $< -o $@

$(BUILD)/libneurank.a: $(LIB_OBJ)
	@rm -f $@
	$(call say,AR,$@)
	$(Q)ar rcs $@ $^

$(BUILD)/neurank: $(BUILD)/src/cli/main.o $(BUILD)/libneurank.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) $^ $(DEP_LIBS) -o $@

# What keeps a job going stands beside the program.
$(BUILD)/neurank-job: jobs/neurank-job
	@mkdir -p $(@D)
	$(Q)cp $< $@

-include $(OBJECTS:.o=.d)

# ---- packages ---------------------------------------------------------------------
# Installs what is missing of a list; as an ordinary user says what to install and stops.
define install_packages
	@missing=; for p in $(1); do \
	    dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	command="apt-get install -y --no-install-recommends$$missing"; \
	if ! command -v apt-get >/dev/null; then echo "neurank needs these Debian packages:$$missing"; exit 1; fi; \
	if [ '$(INSTALL_PACKAGES)' != 1 ]; then echo "missing packages; run: $$command"; exit 1; fi; \
	if [ "$$(id -u)" = 0 ]; then sudo=; \
	elif sudo -n true 2>/dev/null; then sudo=sudo; \
	else echo "packages are missing; run this, then make again:"; echo "  sudo $$command"; exit 1; fi; \
	echo "installing:$$missing"; \
	$$sudo apt-get update -q && $$sudo env DEBIAN_FRONTEND=noninteractive $$command
endef

packages:
	$(call install_packages,$(PACKAGES_BUILD))
packages-demo:
	$(call install_packages,$(PACKAGES_BUILD) $(PACKAGES_DATA))
packages-test:
	$(call install_packages,$(PACKAGES_BUILD) $(PACKAGES_DATA) $(PACKAGES_TEST) $(PACKAGES_SLURM) $(PACKAGES_LINT))
packages-slurm:
	$(call install_packages,$(PACKAGES_SLURM))

# ---- demo -------------------------------------------------------------------------
# A second make, because packages that were just installed change the settings above.
demo: packages-demo
	@$(MAKE) --no-print-directory -j"$$(nproc)" all
	@sh jobs/demo.sh $(BUILD)/neurank build/demo

clean:
	rm -rf build

# ---- tests ------------------------------------------------------------------------
UNIT_SRC := $(wildcard tests/unit/*/test_*.c)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/tests/%)
SUPPORT  := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/unit/support/*.c))
CMOCKA   := $(shell $(PKG) --libs cmocka 2>/dev/null)

$(BUILD)/tests/unit/support/%.o: tests/unit/support/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -c $< -o $@

$(BUILD)/tests/%: tests/unit/%.c $(SUPPORT) $(BUILD)/libneurank.a
	@mkdir -p $(@D)
	$(call say,TEST,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -MF $@.d $(LDFLAGS_ALL) $< $(SUPPORT) $(BUILD)/libneurank.a $(DEP_LIBS) $(CMOCKA) -o $@

-include $(UNIT_BIN:=.d) $(SUPPORT:.o=.d)

.SECONDARY: $(SUPPORT)

# Preloaded by tests, to make calls on files fail.
FAULTS := $(BUILD)/tests/faults.so
$(FAULTS): tests/tools/faults.c
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O1 $(filter-out -Wpedantic,$(WARNINGS)) -shared -fPIC $< -ldl -o $@

units: $(UNIT_BIN) $(FAULTS)

check: units $(BUILD)/neurank
	@$(PYTHON) tests/tools/run.py $(BUILD)/neurank $(UNIT_BIN)

# ---- lint -------------------------------------------------------------------------
FORMATTED := $(SOURCES) $(HEADERS) $(wildcard tests/unit/*/*.[ch] tests/long/*.[ch] tests/bench/*.[ch])
SHELL_SRC := .ci/run jobs/neurank-job $(wildcard jobs/*.sh jobs/*.sbatch tests/*/*.sh)

lint: $(GEN)/onnx.pb-c.c
	@echo '  LINT   module graph'
	@$(PYTHON) tests/tools/lint_layers.py
	@echo '  LINT   format'
	@clang-format --dry-run --Werror $(FORMATTED)
	@echo '  LINT   shellcheck'
	@shellcheck $(SHELL_SRC)
	@echo '  LINT   clang-tidy'
	@for set in simd_avx512 simd_avx2; do $(MAKE) --no-print-directory tidy-$$set || exit 1; done
	@printf '%s\n' $(filter-out src/nn/simd_avx%,$(SOURCES)) | xargs -P "$$(nproc)" -n 4 sh -c 'clang-tidy --quiet "$$@" -- -std=gnu11 -D_GNU_SOURCE -Iinclude -isystem $(GEN) $(DEP_CFLAGS) 2>/dev/null' tidy

tidy-%:
	@clang-tidy --quiet src/nn/$*.c -- -std=gnu11 -D_GNU_SOURCE -Iinclude $(filter-out -mprefer%,$(INSTRUCTIONS_$*)) 2>/dev/null

format:
	@clang-format -i $(FORMATTED)

# ---- all tests --------------------------------------------------------------------
CLI_TESTS  := $(wildcard tests/cli/test_*.py)
SLURM_TESTS := $(wildcard tests/slurm/test_*.py)
LONG_TESTS := $(wildcard tests/long/test_*.py)

# Installs, then makes the rest in a second make: see demo.
test: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all units experiments
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory -j"$$(nproc)" MODE=asan units
	@$(MAKE) --no-print-directory packages-slurm || true
	@$(MAKE) --no-print-directory run-tests

# Jobs on a SLURM of its own: two nodes on this machine (tests/slurm/cluster.py).
SLURM_HERE = $(shell PATH="$$PATH:/usr/sbin:/sbin"; command -v slurmctld >/dev/null && \
    command -v slurmd >/dev/null && command -v munged >/dev/null && command -v sbatch)
WITHOUT_SLURM = echo 'SLURM cannot be installed here (packages slurm-wlm and munge): its tests are left out'

test-slurm: packages-test
	@$(MAKE) --no-print-directory packages-slurm || true
	@$(MAKE) --no-print-directory -j"$$(nproc)" all
	@$(if $(SLURM_HERE),$(PYTHON) tests/tools/run.py -j3 $(BUILD)/neurank $(sort $(SLURM_TESTS)),$(WITHOUT_SLURM))

# Some tests wait more than they work, those of jobs above all, so one more than there are
# cores runs at a time.
run-tests:
	@$(if $(SLURM_HERE),:,$(WITHOUT_SLURM))
	@$(PYTHON) tests/tools/run.py -j"$$(($$(nproc) + 1))" build/release/neurank \
	    $(UNIT_SRC:tests/unit/%.c=build/asan/tests/%) \
	    $(UNIT_SRC:tests/unit/%.c=build/release/tests/%) $(CLI_TESTS) \
	    $(if $(SLURM_HERE),$(SLURM_TESTS))

test-long: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all $(FAULTS) $(BUILD)/tests/estim/test_agreement
	@$(PYTHON) tests/tools/run.py -v build/release/neurank $(LONG_TESTS)
	@NEURANK_LONG=200 $(BUILD)/tests/estim/test_agreement
	@$(MAKE) --no-print-directory coverage
	@$(MAKE) --no-print-directory efficiency

torture: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all
	@$(PYTHON) tests/tools/run.py -v build/release/neurank tests/long/test_torture.py

# ---- experiments: programs of several files that print a table and write JSON -------
EXPERIMENT = $(Q)$(CC) $(CFLAGS_ALL) -MF $@.d -Itests/unit/support $(LDFLAGS_ALL) $(filter %.c,$^) \
    $(SUPPORT) $(BUILD)/libneurank.a $(DEP_LIBS) $(CMOCKA) -o $@

$(BUILD)/tests/long/coverage: $(wildcard tests/long/*.c) $(SUPPORT) $(BUILD)/libneurank.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(EXPERIMENT)

$(BUILD)/tests/bench/scale: tests/bench/scale.c $(SUPPORT) $(BUILD)/libneurank.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(EXPERIMENT)

$(BUILD)/tests/bench/simulate: tests/bench/simulate.c $(BUILD)/libneurank.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(EXPERIMENT)

$(BUILD)/tests/bench/efficiency: $(filter-out %/scale.c %/simulate.c,$(wildcard tests/bench/*.c)) $(SUPPORT) $(BUILD)/libneurank.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(EXPERIMENT)

-include $(BUILD)/tests/long/coverage.d $(BUILD)/tests/bench/efficiency.d

build/fashion.h5: $(BUILD)/neurank
	@$(BUILD)/neurank import --idx /usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz \
	    /usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz --mean 0.2860 --std 0.3530 -o $@

# Programs of the long tests and benchmarks: `make test` builds them, too.
experiments: $(BUILD)/tests/long/coverage $(BUILD)/tests/bench/efficiency $(BUILD)/tests/bench/scale $(BUILD)/tests/bench/simulate

coverage: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all $(BUILD)/tests/long/coverage build/fashion.h5
	@OPENBLAS_NUM_THREADS=1 $(BUILD)/tests/long/coverage data/lenet5.onnx build/fashion.h5 build/coverage.json

efficiency: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all $(BUILD)/tests/bench/efficiency build/fashion.h5
	@OPENBLAS_NUM_THREADS=1 $(BUILD)/tests/bench/efficiency data build/fashion.h5 build/efficiency.json

bench: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all
	@taskset -c 0 $(PYTHON) tests/bench/bench.py build/release/neurank build/bench

bench-peers: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all
	@taskset -c 0 $(PYTHON) tests/bench/peers.py build/release/neurank build/bench

bench-checkpoint: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all
	@$(PYTHON) tests/bench/checkpoint.py build/release/neurank build/bench

bench-switch: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all build/fashion.h5
	@$(PYTHON) tests/bench/switch.py build/release/neurank build/fashion.h5 build/bench

compare-methods: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all build/fashion.h5
	@$(PYTHON) tests/bench/compare_methods.py build/release/neurank build/fashion.h5 build/compare

build/fashion-train.h5: $(BUILD)/neurank
	@$(BUILD)/neurank import --idx /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz \
	    /usr/share/datasets/fashion-mnist/train-labels-idx1-ubyte.gz --mean 0.2860 --std 0.3530 -o $@

curves: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all build/fashion.h5 build/fashion-train.h5
	@$(PYTHON) tests/bench/curves.py build/release/neurank build/fashion-train.h5 build/fashion.h5 build/curves

bench-ranks: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all experiments
	@$(PYTHON) tests/bench/ranks.py build/release/neurank $(BUILD)/tests/bench/scale $(BUILD)/tests/bench/simulate build/bench

bench-scale: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all $(BUILD)/tests/bench/scale build/fashion.h5
	@$(PYTHON) tests/bench/scale.py build/release/neurank $(BUILD)/tests/bench/scale build/bench

# The golden models are committed; this makes them anew.
golden:
	PYTHONPATH=data $(PYTHON) tests/golden/make.py

# ---- install ----------------------------------------------------------------------
$(BUILD)/neurank.1: $(BUILD)/neurank src/cli/neurank.1.head src/cli/neurank.1.tail
	$(Q)$(BUILD)/neurank --options-man > $@.options
	$(Q)cat src/cli/neurank.1.head $@.options src/cli/neurank.1.tail > $@

$(BUILD)/neurank.pc: Makefile include/neurank/base/version.h
	@mkdir -p $(@D)
	$(Q)printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$${prefix}/lib' 'includedir=$${prefix}/include' '' \
	    'Name: neurank' 'Description: Shapley values of network filters' \
	    "Version: $$(sed -n 's/.*NR_VERSION "\(.*\)"/\1/p' include/neurank/base/version.h)" \
	    'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -lneurank $(HDF5_DIR) $(DEP_LIBS)' > $@

install: all $(BUILD)/neurank.1 $(BUILD)/neurank.pc
	install -D -m 755 $(BUILD)/neurank $(DESTDIR)$(PREFIX)/bin/neurank
	install -D -m 755 jobs/neurank-job $(DESTDIR)$(PREFIX)/bin/neurank-job
	install -D -m 644 $(BUILD)/libneurank.a $(DESTDIR)$(PREFIX)/lib/libneurank.a
	install -D -m 644 $(BUILD)/neurank.1 $(DESTDIR)$(PREFIX)/share/man/man1/neurank.1
	install -D -m 644 $(BUILD)/neurank.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig/neurank.pc
	@for h in $(filter include/%,$(HEADERS)); do install -D -m 644 $$h $(DESTDIR)$(PREFIX)/$$h || exit 1; done
