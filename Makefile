# neurank: make help
#
# Settings; each may be given on the command line or in an untracked .config.mk.
-include .config.mk

MODE     ?= release
# openmpi or mpich; HDF5: serial, or openmpi, mpich: the library's MPI flavours.
MPI      ?= openmpi
HDF5     ?= serial
PREFIX   ?= /usr/local
LIBDIR   ?= $(PREFIX)/lib
DATADIR  ?= $(PREFIX)/share
ifeq ($(origin CC),default)
CC       := gcc
endif
ifeq ($(origin AR),default)
AR       := ar
endif
V        ?= 0
PYTHON   ?= /usr/bin/python3
PKG      ?= pkg-config
MPIRUN   ?= $(or $(shell command -v mpirun.$(MPI)),mpirun)
# 1: a warning is an error; so in `make test`.
WERROR   ?= 0
# Set to 0 to keep make from installing Debian packages.
INSTALL_PACKAGES ?= 1
# The format's definition; libonnx-dev has it.
ONNX_PROTO ?= $(firstword $(wildcard /usr/include/onnx/onnx.proto /usr/local/include/onnx/onnx.proto) \
    /usr/include/onnx/onnx.proto)

PACKAGES_MPI_openmpi = libopenmpi-dev openmpi-bin
PACKAGES_MPI_mpich   = libmpich-dev mpich
PACKAGES_HDF5_serial = libhdf5-dev
PACKAGES_HDF5_openmpi = libhdf5-openmpi-dev
PACKAGES_HDF5_mpich  = libhdf5-mpich-dev
PACKAGES_BUILD = gcc libc6-dev pkg-config $(PACKAGES_MPI_$(MPI)) libopenblas-dev \
    $(PACKAGES_HDF5_$(HDF5)) libprotobuf-c-dev $(if $(SHIPPED),,protobuf-c-compiler libonnx-dev) \
    librandom123-dev libjansson-dev libxxhash-dev zlib1g-dev gnuplot-nox
PACKAGES_DATA  = dataset-fashion-mnist
PACKAGES_TEST  = libcmocka-dev hdf5-tools netcdf-bin python3-h5py python3-h5netcdf \
    python3-xarray python3-torch python3-onnx python3-torchvision python3-opencv \
    chromium git g++ groff-base man-db
# Only where there are such packages: an own cluster for the tests of jobs, and linters of
# the version that the rules were written for.
PACKAGES_SLURM = slurm-wlm munge
PACKAGES_LINT  = clang-format-$(LINT_VERSION) clang-tidy-$(LINT_VERSION) shellcheck
LINT_VERSION   = 14

# ---- build ------------------------------------------------------------------------
# A folder for each mode and each choice of libraries.
BUILD   := build/$(MODE)$(if $(filter-out openmpi,$(MPI)),-$(MPI))$(if $(filter-out serial,$(HDF5)),-hdf5-$(HDF5))
# A tarball brings what protoc-c makes (make dist).
SHIPPED := $(wildcard src/onnx/generated/onnx.pb-c.c)
GEN     := $(if $(SHIPPED),src/onnx/generated,build/gen)
MODULES := base manual nn sample estim plan onnx h5 dataset store game switch sched report run shapley rate curve prune job command cli

SOURCES := $(filter-out $(SHIPPED),$(foreach m,$(MODULES),$(wildcard src/$(m)/*.c src/$(m)/*/*.c)))
LIB_SRC := $(filter-out src/cli/%,$(SOURCES))
CLI_OBJ  = $(patsubst %.c,$(BUILD)/%.o,$(filter src/cli/%,$(SOURCES))) $(BUILD)/gen/manual_sources.o
OBJECTS  = $(SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/gen/onnx.pb-c.o $(BUILD)/gen/manual_sources.o
LIB_OBJ  = $(LIB_SRC:%.c=$(BUILD)/%.o) $(BUILD)/gen/onnx.pb-c.o
HEADERS := $(filter-out $(SHIPPED:.c=.h),$(wildcard include/neurank/*/*.h src/*/*.h src/*/*/*.h))

OPTIMISE_release = -O3 -DNDEBUG
OPTIMISE_debug   = -Og -g3 -DNR_DEBUG
OPTIMISE_asan    = -O1 -g3 -DNR_DEBUG -fsanitize=address,undefined \
    -fno-sanitize-recover=all -fno-omit-frame-pointer
LINK_asan        = -fsanitize=address,undefined

WARNINGS = -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes \
    -Wmissing-prototypes -Wvla
STRICT   = $(if $(filter 1,$(WERROR)),-Werror)
TARGET     := $(shell $(CC) -dumpmachine 2>/dev/null)
COMPILER   := $(shell $(CC) -dumpfullversion 2>/dev/null || $(CC) -dumpversion 2>/dev/null)
IS_CLANG   := $(findstring clang,$(shell $(CC) --version 2>/dev/null))
BUILD_TEXT := $(MODE), $(CC) $(COMPILER) $(TARGET)
# The first of some names that pkg-config knows, else the first.
known       = $(firstword $(foreach p,$(1),$(shell $(PKG) --exists $(p) 2>/dev/null && echo $(p))) $(1))
PKG_MPI    := $(call known,$(if $(filter openmpi,$(MPI)),ompi-c,$(MPI)))
PKG_HDF5   := $(call known,hdf5-$(HDF5) hdf5)
PKGS       := $(PKG_HDF5) openblas libprotobuf-c jansson libxxhash zlib
MPI_LIBS   := $(shell $(PKG) --libs $(PKG_MPI) 2>/dev/null)
DEP_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG) --cflags $(PKGS) $(PKG_MPI) 2>/dev/null)) -DH5_USE_110_API
DEP_LIBS   := $(shell $(PKG) --libs $(PKGS) 2>/dev/null) -lhdf5_hl $(MPI_LIBS) -lm
HDF5_DIR   := $(shell $(PKG) --libs-only-L $(PKG_HDF5) 2>/dev/null)

# The same sums with every compiler: GCC 13 and later would leave some products unfused, for
# processors of which they think that it is faster there, and so round otherwise than GCC 12.
FUSED := $(if $(IS_CLANG),,$(shell $(CC) --param=avoid-fma-max-bits=0 -E -x c /dev/null >/dev/null 2>&1 && \
    echo --param=avoid-fma-max-bits=0))
# Two builds in two folders are the same bytes.
SAME_BYTES = -ffile-prefix-map=$(CURDIR)=.
CFLAGS_ALL = -std=gnu11 -D_GNU_SOURCE $(OPTIMISE_$(MODE)) $(WARNINGS) $(STRICT) -Iinclude \
    -isystem $(GEN) $(DEP_CFLAGS) -ffp-contract=fast $(FUSED) -fno-math-errno $(SAME_BYTES) -MMD -MP $(CFLAGS)
LDFLAGS_ALL = $(LINK_$(MODE)) $(HDF5_DIR) $(LDFLAGS)

Q   := $(if $(filter 1,$(V)),,@)
say  = $(if $(filter 1,$(V)),,@printf '  %-7s%s\n' $(1) $(2))

.PHONY: all help demo test test-slurm experiments run-tests test-long torture coverage efficiency check units lint tidy format \
    bench bench-peers bench-scale bench-ranks bench-checkpoint bench-switch compare-methods curves man install clean packages packages-demo packages-test packages-slurm uninstall dist print-% golden
.DEFAULT_GOAL := all

all: $(BUILD)/neurank $(BUILD)/neurank-job $(BUILD)/libneurank.a

help:
	@echo 'make demo       install what is missing, build, rank the filters of a real network'
	@echo 'make test       install what is missing, build, lint, run all quick tests (13 min)'
	@echo 'make test-slurm the jobs on a SLURM of its own, two nodes on this machine (5 min)'
	@echo 'make test-long  the tests that take longer, then coverage and efficiency (50 min)'
	@echo 'make torture    200 runs killed at random and resumed: the same bits? (25 min)'
	@echo 'make coverage   do intervals and stopping rules keep their word? thousands of runs'
	@echo 'make efficiency variance of the estimators at equal evaluations, three networks'
	@echo 'make            build build/release/neurank (MODE=debug|asan, MPI=mpich, HDF5=openmpi,'
	@echo '                CC=clang, CFLAGS=..., for other builds; all settings: head of Makefile)'
	@echo 'make check      unit tests and those of the command line, with what is installed'
	@echo 'make lint       module graph, public headers, clang-tidy, format, shellcheck'
	@echo 'make format     clang-format in place'
	@echo 'make bench      what one core reaches, layer by layer, and of its peak (5 min)'
	@echo 'make bench-peers  the same games in PyTorch, side by side (15 min)'
	@echo 'make bench-scale  two ranks against one, 64 ranks that sleep, the master alone'
	@echo 'make bench-ranks   how many ranks a run can use: measured and simulated (3 min)'
	@echo 'make bench-checkpoint  what checkpoints of 4096 filters by 1000 classes cost (10 min)'
	@echo 'make bench-switch  an epoch of the importance switch against PyTorch (1 min)'
	@echo 'make compare-methods  do the methods agree? all layers of three networks (1 hour)'
	@echo 'make curves     which ranks make the better small network? two networks (12 min)'
	@echo 'make man        pages of the manual and the completion, in build/release/man'
	@echo 'make install    program, library, headers, pkg-config file, man pages to PREFIX ($(PREFIX));'
	@echo '                LIBDIR, DATADIR, DESTDIR; make uninstall removes them'
	@echo 'make dist       a tarball that needs no protobuf compiler'
	@echo 'make clean      remove build/'
	@echo 'make print-VAR  show a setting'

print-%:
	@echo '$* = $($*)'

# What compiles and links, in words: everything depends on it, so that other settings are
# another build. So are strict ones after some that were not: a warning that was passed over
# is not passed over in `make test`. But after `make test` nothing is built to install it.
FLAGS := $(BUILD)/flags
LAX   := $(BUILD)/lax
$(FLAGS): export TEXT = $(CC) $(COMPILER) | $(filter-out -Werror,$(CFLAGS_ALL)) | $(LDFLAGS_ALL) $(DEP_LIBS)
$(FLAGS): always
	@mkdir -p $(@D)
	@$(if $(STRICT),! rm $(LAX) 2>/dev/null &&) printf '%s\n' "$$TEXT" | cmp -s - $@ || printf '%s\n' "$$TEXT" > $@
note_lax = $(if $(STRICT),,@touch $(LAX))

.PHONY: always

# protoc-c's names begin with the format's package; the library's symbols with nr_.
ifeq ($(SHIPPED),)
$(GEN)/onnx.pb-c.c: $(ONNX_PROTO)
	@mkdir -p $(GEN)
	$(call say,PROTOC,$<)
	$(Q)sed 's/^package onnx;/package nr_onnx;/' $< > $(GEN)/onnx.proto
	$(Q)protoc-c -I $(GEN) --c_out=$(GEN) $(GEN)/onnx.proto

$(ONNX_PROTO):
	@echo 'no $@: install libonnx-dev, or give ONNX_PROTO=/where/it/is/onnx.proto' >&2; exit 1
endif

$(BUILD)/gen/onnx.pb-c.o: $(GEN)/onnx.pb-c.c $(FLAGS)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -std=gnu11 -O2 -isystem $(GEN) $(DEP_CFLAGS) $(SAME_BYTES) $(CFLAGS) -c $< -o $@

# The files with a kernel set for newer processors (src/nn/simd.h).
ifneq ($(findstring x86_64,$(TARGET)),)
INSTRUCTIONS_simd_avx512 = -march=x86-64-v4 -mprefer-vector-width=512 $(SIMD_$(MODE))
INSTRUCTIONS_simd_avx2   = -march=x86-64-v3 $(SIMD_$(MODE))
endif
# ASan's copy of a stack frame is not aligned for vectors of 64 bytes.
SIMD_asan = $(if $(IS_CLANG),-fsanitize-address-use-after-return=never,--param asan-use-after-return=0)
$(BUILD)/src/nn/simd_avx512.o: INSTRUCTIONS = $(INSTRUCTIONS_simd_avx512)
$(BUILD)/src/nn/simd_avx2.o:   INSTRUCTIONS = $(INSTRUCTIONS_simd_avx2)

$(BUILD)/src/%.o: src/%.c $(GEN)/onnx.pb-c.c $(FLAGS)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(note_lax)
	$(Q)$(CC) $(CFLAGS_ALL) $(INSTRUCTIONS) -DNR_BUILD='"$(BUILD_TEXT)"' -c $< -o $@

$(BUILD)/libneurank.a: $(LIB_OBJ)
	@rm -f $@
	$(call say,AR,$@)
	$(Q)$(AR) rcsD $@ $^

$(BUILD)/neurank: $(CLI_OBJ) $(BUILD)/libneurank.a $(FLAGS)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) $(filter-out $(FLAGS),$^) $(DEP_LIBS) -o $@

# Pages of the manual as C strings, in the order of their names.
MANUAL := $(sort $(wildcard src/cli/man/*.md))

build/gen/manual_sources.c: $(MANUAL) src/cli/man/strings.awk
	@mkdir -p $(@D)
	$(call say,AWK,$@)
	$(Q)LC_ALL=C awk -f src/cli/man/strings.awk $(MANUAL) > $@.new && mv $@.new $@

$(BUILD)/gen/manual_sources.o: build/gen/manual_sources.c src/cli/manual.h $(FLAGS)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -std=gnu11 -O2 -Iinclude -Isrc/cli $(SAME_BYTES) $(CFLAGS) -c $< -o $@

# What keeps a job going stands beside the program.
$(BUILD)/neurank-job: jobs/neurank-job
	@mkdir -p $(@D)
	$(Q)cp $< $@

-include $(OBJECTS:.o=.d)

# ---- packages ---------------------------------------------------------------------
# Installs what is missing of a list (1), and of another (2) what there is; as an ordinary
# user says what to install and stops.
define install_packages
	@lacking() { for p; do \
	    dpkg-query -W -f='$${Status}' "$$p" 2>/dev/null | grep -q 'ok installed' || printf ' %s' "$$p"; \
	done; }; \
	missing="$$(lacking $(1))"; more="$$(lacking $(2))"; \
	[ -n "$$missing$$more" ] || exit 0; \
	command -v apt-get >/dev/null || { \
	    [ -z "$$missing" ] || echo "neurank needs these Debian packages:$$missing"; \
	    [ -z "$$missing" ]; exit; }; \
	if [ "$$(id -u)" = 0 ]; then sudo=; elif sudo -n true 2>/dev/null; then sudo=sudo; else sudo=none; fi; \
	if [ "$$sudo" != none ] && [ '$(INSTALL_PACKAGES)' = 1 ]; then \
	    [ -z "$$missing" ] && ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || $$sudo apt-get update -q || exit 1; \
	fi; \
	for p in $$more; do ! apt-cache show "$$p" >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	[ -n "$$missing" ] || exit 0; \
	command="apt-get install -y --no-install-recommends$$missing"; \
	if [ '$(INSTALL_PACKAGES)' != 1 ]; then echo "missing packages; run: $$command"; exit 1; fi; \
	if [ "$$sudo" = none ]; then \
	    echo 'packages are missing; run this, then make again:'; echo "  sudo $$command"; exit 1; fi; \
	echo "installing:$$missing"; \
	$$sudo env DEBIAN_FRONTEND=noninteractive $$command
endef

packages:
	$(call install_packages,$(PACKAGES_BUILD))
packages-demo:
	$(call install_packages,$(PACKAGES_BUILD) $(PACKAGES_DATA))
packages-test:
	$(call install_packages,$(PACKAGES_BUILD) $(PACKAGES_DATA) $(PACKAGES_TEST),$(PACKAGES_SLURM) $(PACKAGES_LINT))
packages-slurm:
	$(call install_packages,,$(PACKAGES_SLURM))

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

$(BUILD)/tests/unit/support/%.o: tests/unit/support/%.c $(GEN)/onnx.pb-c.c $(FLAGS)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(note_lax)
	$(Q)$(CC) $(CFLAGS_ALL) -c $< -o $@

# The command line is no part of the library.
CLI_PARTS := $(filter-out %/main.o,$(CLI_OBJ))
$(filter $(BUILD)/tests/cli/%,$(UNIT_BIN)): $(CLI_PARTS)

$(BUILD)/tests/%: tests/unit/%.c $(SUPPORT) $(BUILD)/libneurank.a $(FLAGS)
	@mkdir -p $(@D)
	$(call say,TEST,$<)
	$(note_lax)
	$(Q)$(CC) $(CFLAGS_ALL) -MF $@.d $(LDFLAGS_ALL) $< $(filter %.o,$^) $(BUILD)/libneurank.a $(DEP_LIBS) $(CMOCKA) -o $@

-include $(UNIT_BIN:=.d) $(SUPPORT:.o=.d)

.SECONDARY: $(SUPPORT)

# Preloaded by tests, to make calls on files fail.
FAULTS := $(BUILD)/tests/faults.so
$(FAULTS): tests/tools/faults.c $(FLAGS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O1 $(filter-out -Wpedantic,$(WARNINGS)) -shared -fPIC $< -ldl -o $@

units: $(UNIT_BIN) $(FAULTS)

RUN = NEURANK_MPIRUN='$(MPIRUN)' $(PYTHON) tests/tools/run.py

# With what is installed: what is left out for want of it is said.
check: $(if $(CMOCKA),units experiments) $(FAULTS) all man
	@$(if $(CMOCKA),:,echo 'unit tests are left out: no cmocka (libcmocka-dev) here')
	@$(RUN) --installed $(BUILD)/neurank $(if $(CMOCKA),$(UNIT_BIN)) $(CLI_TESTS)

# ---- lint -------------------------------------------------------------------------
FORMATTED := $(SOURCES) $(HEADERS) $(wildcard tests/unit/*/*.[ch] tests/long/*.[ch] tests/bench/*.[ch])
SHELL_SRC := .ci/run jobs/neurank-job $(wildcard jobs/*.sh jobs/*.sbatch tests/*/*.sh)

# A linter runs where it has the version that the rules were written for: another one judges
# otherwise, and is no reason to stop a stranger's tests.
of_version   = $(shell for p in $(1)-$(LINT_VERSION) $(1); do \
    $$p --version 2>/dev/null | grep -q 'version $(LINT_VERSION)\.' && echo $$p && break; done)
CLANG_FORMAT = $(call of_version,clang-format)
CLANG_TIDY   = $(call of_version,clang-tidy)
SHELLCHECK   = $(shell command -v shellcheck)
left_out     = echo '  LINT   $(1): left out, version $(LINT_VERSION) is not here'

# clang's analyzer takes minutes to follow every path through every call; `make test` lets it
# look at each function by itself, `make test-long` at all.
ANALYSIS ?= deep
ANALYZER  = -Xclang -analyzer-config -Xclang mode=$(ANALYSIS)

lint: $(GEN)/onnx.pb-c.c
	@echo '  LINT   module graph'
	@$(PYTHON) tests/tools/lint_layers.py
	@echo '  LINT   requests'
	@$(PYTHON) tests/tools/lint_requests.py
	@echo '  LINT   public headers'
	@$(PYTHON) tests/tools/lint_headers.py
	@$(if $(CLANG_FORMAT),echo '  LINT   format'; $(CLANG_FORMAT) --dry-run --Werror $(FORMATTED),$(call left_out,format))
	@$(if $(SHELLCHECK),echo '  LINT   shellcheck'; shellcheck $(SHELL_SRC),echo '  LINT   shellcheck: left out, not here')
	@$(if $(CLANG_TIDY),$(MAKE) --no-print-directory tidy,$(call left_out,clang-tidy))

tidy:
	@echo '  LINT   clang-tidy'
	@$(if $(findstring x86_64,$(TARGET)),for set in simd_avx512 simd_avx2; do $(MAKE) --no-print-directory tidy-$$set || exit 1; done)
	@printf '%s\n' $(filter-out src/nn/simd_avx%,$(SOURCES)) | xargs -P "$$(nproc)" -n 4 sh -c '$(CLANG_TIDY) --quiet "$$@" -- -std=gnu11 -D_GNU_SOURCE -Iinclude -isystem $(GEN) $(DEP_CFLAGS) $(ANALYZER) 2>/dev/null' tidy

tidy-%:
	@$(CLANG_TIDY) --quiet src/nn/$*.c -- -std=gnu11 -D_GNU_SOURCE -Iinclude $(filter -march%,$(INSTRUCTIONS_$*)) $(ANALYZER) 2>/dev/null

format:
	@$(or $(CLANG_FORMAT),echo clang-format $(LINT_VERSION) is wanted; exit 1;) -i $(FORMATTED)

# ---- all tests --------------------------------------------------------------------
CLI_TESTS  := $(wildcard tests/cli/test_*.py)
SLURM_TESTS := $(wildcard tests/slurm/test_*.py)
LONG_TESTS := $(wildcard tests/long/test_*.py)

# Installs, then makes the rest in a second make: see demo.
test: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" WERROR=1 all man units experiments
	@$(MAKE) --no-print-directory lint ANALYSIS=shallow
	@$(MAKE) --no-print-directory -j"$$(nproc)" WERROR=1 MODE=asan units
	@$(MAKE) --no-print-directory WERROR=1 run-tests

# Jobs on a SLURM of its own: two nodes on this machine (tests/slurm/cluster.py).
SLURM_HERE = $(shell PATH="$$PATH:/usr/sbin:/sbin"; command -v slurmctld >/dev/null && \
    command -v slurmd >/dev/null && command -v munged >/dev/null && command -v sbatch)
WITHOUT_SLURM = echo 'SLURM cannot be installed here (packages slurm-wlm and munge): its tests are left out'

test-slurm: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all
	@$(if $(SLURM_HERE),$(RUN) -j3 $(BUILD)/neurank $(sort $(SLURM_TESTS)),$(WITHOUT_SLURM))

# Some tests wait more than they work, those of jobs above all, so one more than there are
# cores runs at a time.
run-tests:
	@$(if $(SLURM_HERE),:,$(WITHOUT_SLURM))
	@$(RUN) -j"$$(($$(nproc) + 1))" $(BUILD)/neurank \
	    $(UNIT_SRC:tests/unit/%.c=$(subst /$(MODE),/asan,$(BUILD))/tests/%) \
	    $(UNIT_BIN) $(CLI_TESTS) \
	    $(if $(SLURM_HERE),$(SLURM_TESTS))

test-long: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all $(FAULTS) $(BUILD)/tests/estim/test_agreement
	@$(MAKE) --no-print-directory lint
	@$(RUN) -v $(BUILD)/neurank $(LONG_TESTS)
	@NEURANK_LONG=200 $(BUILD)/tests/estim/test_agreement
	@$(MAKE) --no-print-directory coverage
	@$(MAKE) --no-print-directory efficiency

torture: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all
	@$(RUN) -v $(BUILD)/neurank tests/long/test_torture.py

# ---- experiments: programs of several files that print a table and write JSON -------
EXPERIMENT = $(Q)$(CC) $(CFLAGS_ALL) -MF $@.d -Itests/unit/support $(LDFLAGS_ALL) $(filter %.c,$^) \
    $(SUPPORT) $(BUILD)/libneurank.a $(DEP_LIBS) $(CMOCKA) -o $@
EXPERIMENTS = $(BUILD)/tests/long/coverage $(BUILD)/tests/bench/efficiency $(BUILD)/tests/bench/scale \
    $(BUILD)/tests/bench/simulate

$(BUILD)/tests/long/coverage:   $(wildcard tests/long/*.c)
$(BUILD)/tests/bench/scale:     tests/bench/scale.c
$(BUILD)/tests/bench/simulate:  tests/bench/simulate.c
$(BUILD)/tests/bench/efficiency: $(filter-out %/scale.c %/simulate.c,$(wildcard tests/bench/*.c))
$(EXPERIMENTS): $(SUPPORT) $(BUILD)/libneurank.a $(FLAGS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(note_lax)
	$(EXPERIMENT)

-include $(EXPERIMENTS:=.d)

build/fashion.h5: $(BUILD)/neurank
	@$(BUILD)/neurank import --idx /usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz \
	    /usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz --mean 0.2860 --std 0.3530 -o $@

# Programs of the long tests and benchmarks: `make test` builds them, too.
experiments: $(EXPERIMENTS)

coverage: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all $(BUILD)/tests/long/coverage build/fashion.h5
	@OPENBLAS_NUM_THREADS=1 $(BUILD)/tests/long/coverage data/lenet5.onnx build/fashion.h5 build/coverage.json

efficiency: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all $(BUILD)/tests/bench/efficiency build/fashion.h5
	@OPENBLAS_NUM_THREADS=1 $(BUILD)/tests/bench/efficiency data build/fashion.h5 build/efficiency.json

bench: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all
	@taskset -c 0 $(PYTHON) tests/bench/bench.py $(BUILD)/neurank build/bench

bench-peers: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all
	@taskset -c 0 $(PYTHON) tests/bench/peers.py $(BUILD)/neurank build/bench

bench-checkpoint: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all
	@$(PYTHON) tests/bench/checkpoint.py $(BUILD)/neurank build/bench

bench-switch: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all build/fashion.h5
	@$(PYTHON) tests/bench/switch.py $(BUILD)/neurank build/fashion.h5 build/bench

compare-methods: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all build/fashion.h5
	@$(PYTHON) tests/bench/compare_methods.py $(BUILD)/neurank build/fashion.h5 build/compare

build/fashion-train.h5: $(BUILD)/neurank
	@$(BUILD)/neurank import --idx /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz \
	    /usr/share/datasets/fashion-mnist/train-labels-idx1-ubyte.gz --mean 0.2860 --std 0.3530 -o $@

curves: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all build/fashion.h5 build/fashion-train.h5
	@$(PYTHON) tests/bench/curves.py $(BUILD)/neurank build/fashion-train.h5 build/fashion.h5 build/curves

bench-ranks: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all experiments
	@$(PYTHON) tests/bench/ranks.py $(BUILD)/neurank $(BUILD)/tests/bench/scale $(BUILD)/tests/bench/simulate build/bench

bench-scale: packages-test
	@$(MAKE) --no-print-directory -j"$$(nproc)" all $(BUILD)/tests/bench/scale build/fashion.h5
	@$(PYTHON) tests/bench/scale.py $(BUILD)/neurank $(BUILD)/tests/bench/scale build/bench

# The golden models are committed; this makes them anew.
golden:
	PYTHONPATH=data $(PYTHON) tests/golden/make.py

# ---- install ----------------------------------------------------------------------
# The program knows its manual and its options. For a cross build: one that runs here.
MAN_NEURANK ?= $(BUILD)/neurank

$(BUILD)/man/stamp: $(BUILD)/neurank
	@rm -rf $(@D) && mkdir -p $(@D)
	$(call say,MAN,$(@D))
	$(Q)$(MAN_NEURANK) --manual-pages > $(@D)/pages
	$(Q)while read -r page section; do \
	    $(MAN_NEURANK) --manual-roff $$page > $(@D)/neurank-$$page.$$section || exit 1; \
	done < $(@D)/pages
	$(Q)mv $(@D)/neurank-neurank.1 $(@D)/neurank.1
	$(Q)$(MAN_NEURANK) --completion-bash > $(@D)/neurank.bash
	@touch $@

man: $(BUILD)/man/stamp

# Written where it is installed: it tells where that is.
PC_LINES = 'prefix=$(PREFIX)' 'libdir=$(LIBDIR:$(PREFIX)/%=$${prefix}/%)' 'includedir=$${prefix}/include' '' \
    'Name: neurank' 'Description: Shapley values of network filters' 'Version: $(VERSION)' \
    'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -lneurank $(HDF5_DIR) $(DEP_LIBS)'

VERSION := $(shell sed -n 's/.*NR_VERSION "\(.*\)"/\1/p' include/neurank/base/version.h)

COMPLETIONS = $(DATADIR)/bash-completion/completions

# Headers that are API say so in their first line (include/README.md); no others are installed.
API       = $(shell grep -l '^/\* API' include/neurank/*/*.h)

install: all man
	install -D -m 755 $(BUILD)/neurank $(DESTDIR)$(PREFIX)/bin/neurank
	install -D -m 755 jobs/neurank-job $(DESTDIR)$(PREFIX)/bin/neurank-job
	install -D -m 644 $(BUILD)/libneurank.a $(DESTDIR)$(LIBDIR)/libneurank.a
	@for s in 1 7; do for p in $(BUILD)/man/*.$$s; do \
	    install -D -m 644 $$p $(DESTDIR)$(DATADIR)/man/man$$s/$${p##*/} || exit 1; done; done
	install -D -m 644 $(BUILD)/man/neurank.bash $(DESTDIR)$(COMPLETIONS)/neurank
	printf '%s\n' $(PC_LINES) | install -D -m 644 /dev/stdin $(DESTDIR)$(LIBDIR)/pkgconfig/neurank.pc
	@for h in $(API); do install -D -m 644 $$h $(DESTDIR)$(PREFIX)/$$h || exit 1; done

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/neurank $(DESTDIR)$(PREFIX)/bin/neurank-job \
	    $(DESTDIR)$(LIBDIR)/libneurank.a $(DESTDIR)$(LIBDIR)/pkgconfig/neurank.pc \
	    $(DESTDIR)$(COMPLETIONS)/neurank \
	    $(DESTDIR)$(DATADIR)/man/man1/neurank.1 $(DESTDIR)$(DATADIR)/man/man[17]/neurank-*.[17] $(API:%=$(DESTDIR)$(PREFIX)/%)
	@cd $(DESTDIR)$(PREFIX)/include && rmdir -p $(sort $(dir $(API:include/%=%))) 2>/dev/null || true

# ---- dist -------------------------------------------------------------------------
# The source as a tarball, with what protoc-c makes: no protobuf compiler is wanted then.
DIST = neurank-$(VERSION)
dist: $(GEN)/onnx.pb-c.c
	@rm -rf build/dist && mkdir -p build/dist/$(DIST)/src/onnx/generated
	@git archive HEAD | tar -x -C build/dist/$(DIST)
	@cp $(GEN)/onnx.pb-c.[ch] build/dist/$(DIST)/src/onnx/generated
	@tar -C build/dist --sort=name --owner=0 --group=0 --numeric-owner \
	    --mtime="@$$(git log -1 --format=%ct)" -c $(DIST) | gzip -n9 > build/$(DIST).tar.gz
	@echo build/$(DIST).tar.gz
