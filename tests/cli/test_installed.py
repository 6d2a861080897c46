"""What `make install` leaves is enough for a game of one's own, in C and in C++; all of it is API and says so;
the library's symbols have its prefix; `make uninstall` leaves nothing behind.
TEST: parallel timeout=180 needs=cc,c++,pkg-config,nm
"""
import os
import re
import subprocess
import sys

from harness import TOP, check

GAME = r"""
#include <neurank/game/callback.h>
#include <neurank/sched/local.h>
#include <stdio.h>

static nr_status glove(void *context, uint64_t block, size_t count, const uint8_t *kept, double *values) {
    (void)context, (void)block;
    for (size_t k = 0; k < count; k++, kept += 3) values[k] = kept[0] && (kept[1] || kept[2]);
    return NR_OK;
}

int main(void) {
    nr_callback spec = nr_callback();
    nr_game game;
    nr_results *r;
    nr_local run = nr_local();
    spec.n_players = 3, spec.n_blocks = 1, spec.values = glove;
    run.confidence = 0.95, run.exact = true;
    if (nr_callback_game_new(&spec, &game) != NR_OK) return 1;
    nr_status status = nr_local_play(&game, &run, &r, NULL);
    if (status == NR_OK) printf("%.4f %.4f %.4f\n", r->shapley[0], r->shapley[1], r->shapley[2]);
    return status == NR_OK ? 0 : 1;
}
"""
HERE = os.getcwd()


def make(target, *settings):
    """Settings of the make that runs the tests are this one's, too (MAKEFLAGS)."""
    p = subprocess.run(["make", "-C", TOP, "--no-print-directory", target, *settings],
                       capture_output=True, text=True)
    check(p.returncode == 0, p.stdout + p.stderr)


def compile_and_run(compiler, source, pc):
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "neurank"], text=True, capture_output=True,
                           env={**os.environ, "PKG_CONFIG_PATH": pc})
    check(flags.returncode == 0, flags.stderr)
    subprocess.run([*compiler, "-Wall", "-Wextra", source, *flags.stdout.split(), "-o", "game"], check=True)
    out = subprocess.run(["./game"], text=True, capture_output=True, check=True).stdout
    check(out.split() == ["0.6667", "0.1667", "0.1667"], out)


def files_below(folder):
    return {os.path.relpath(os.path.join(at, f), folder) for at, _, files in os.walk(folder) for f in files}


def main():
    staged = f"{HERE}/staged"
    make("install", "PREFIX=/opt/n", "LIBDIR=/opt/n/lib/here", f"DESTDIR={staged}")
    pc = open(f"{staged}/opt/n/lib/here/pkgconfig/neurank.pc").read()
    check("prefix=/opt/n\nlibdir=${prefix}/lib/here\n" in pc, pc)
    check({"bin/neurank", "bin/neurank-job", "lib/here/libneurank.a"} <= files_below(f"{staged}/opt/n"), "files")
    make("uninstall", "PREFIX=/opt/n", "LIBDIR=/opt/n/lib/here", f"DESTDIR={staged}")
    check(not files_below(staged), f"left: {files_below(staged)}")

    prefix = f"{HERE}/prefix"
    make("install", f"PREFIX={prefix}")  # the file of before told of another place
    with open("game.c", "w") as f:
        f.write(GAME.replace("nr_callback()", "{0}").replace("nr_local()", "{0}"))
    with open("game.cpp", "w") as f:
        f.write(GAME)
    compile_and_run(["cc"], "game.c", f"{prefix}/lib/pkgconfig")
    compile_and_run(["c++"], "game.cpp", f"{prefix}/lib/pkgconfig")
    headers = [f for f in files_below(prefix) if f.endswith(".h")]
    for header in headers:
        text = open(f"{prefix}/{header}").read()
        check(text.startswith("/* API") and 'extern "C"' in text, header)
        for included in re.findall(r'#include "(neurank/.*?)"', text):
            check(f"include/{included}" in headers, f"{header} includes {included}, which is no API")
    names = subprocess.run(["nm", "-g", "--defined-only", f"{prefix}/lib/libneurank.a"], text=True,
                           capture_output=True, check=True).stdout
    names = [line.split()[2] for line in names.splitlines() if len(line.split()) == 3]
    strangers = [n for n in names if not n.startswith("nr_")]
    check(len(names) > 300 and not strangers, f"without a prefix: {strangers[:5]}")
    make("uninstall", f"PREFIX={prefix}")
    check(not files_below(prefix), f"left: {files_below(prefix)}")


sys.exit(main())
