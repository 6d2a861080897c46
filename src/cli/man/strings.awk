# Markdown files as an array of C strings: awk -f strings.awk FILE...
# The same bytes with any awk: replacements of gsub are not, where they hold backslashes.
function name_of(path) {
    sub(/.*\//, "", path)
    sub(/\.md$/, "", path)
    return path
}
function quoted(text,    i, c, out) {
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        out = out (c == "\\" || c == "\"" || c == "?" ? "\\" : "") c
    }
    return out
}
BEGIN { print "#include \"manual.h\"\n\nconst nr_manual_source nr_manual_sources[] = {" }
FNR == 1 { printf "%s    {\"%s\",\n", n++ ? "},\n" : "", name_of(FILENAME) }
{ printf "     \"%s\\n\"\n", quoted($0) }
END {
    print "}};\nconst size_t nr_n_manual_sources ="
    print "    sizeof nr_manual_sources / sizeof *nr_manual_sources;"
}
