/* Damaged and hostile files: each is refused, from disk and from memory, with a line that
 * names the file and the reason. */
#include "check.h"

#include <dfnet4/safetensors.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char path[] = "test_read.safetensors";

typedef struct hostile {
    const char *why;    /* must be in the message */
    const char *header; /* JSON; padded to a multiple of 8 */
    int data;           /* bytes after it */
} hostile;

#define T(name, dtype, shape, offsets)                                                     \
    "\"" name "\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define F32 "\"F32\""

static const hostile cases[] = {
    {"overlap those of 'a'",
     "{" T("a", F32, "[2]", "[0,8]") "," T("b", F32, "[2]", "[4,12]") "}", 12},
    {"overlap those of",
     "{" T("a", F32, "[2]", "[0,8]") "," T("b", F32, "[2]", "[0,8]") "}", 8},
    {"4 unused bytes before",
     "{" T("a", F32, "[1]", "[0,4]") "," T("b", F32, "[1]", "[8,12]") "}", 12},
    {"4 unused bytes before", "{" T("a", F32, "[1]", "[4,8]") "}", 8},
    {"1 bytes after the last", "{" T("a", F32, "[1]", "[0,4]") "}", 5},
    {"8 bytes after the last", "{}", 8},
    {"data end at byte 8, the file has only 4", "{" T("a", F32, "[2]", "[0,8]") "}", 4},
    {"larger than the file", "{" T("a", F32, "[1000000]", "[0,4]") "}", 4},
    {"larger than the file", "{" T("a", F32, "[4294967296,4294967296]", "[0,0]") "}", 0},
    {"larger than the file",
     "{" T("a", F32, "[9223372036854775807,9223372036854775807,4]", "[0,4]") "}", 4},
    {"4 bytes of data for 2 elements", "{" T("a", F32, "[2]", "[0,4]") "}", 4},
    {"8 bytes of data for 1 elements", "{" T("a", F32, "[]", "[0,8]") "}", 8},
    {"6 bytes of data for 1 elements", "{" T("a", F32, "[1]", "[0,6]") "}", 6},
    {"4 bytes of data for 0 elements",
     "{" T("a", F32, "[0,9223372036854775807]", "[0,4]") "}", 4},
    {"begin at 8 and end at 4", "{" T("a", F32, "[1]", "[8,4]") "}", 8},
    {"not aligned to their 4",
     "{" T("a", "\"U8\"", "[1]", "[0,1]") "," T("b", F32, "[1]", "[1,5]") "}", 5},
    {"not aligned to their 8",
     "{" T("a", F32, "[1]", "[0,4]") "," T("b", "\"F64\"", "[1]", "[4,12]") "}", 12},
    {"unknown dtype 'F31'", "{" T("a", "\"F31\"", "[1]", "[0,4]") "}", 4},
    {"unknown dtype 'f32'", "{" T("a", "\"f32\"", "[1]", "[0,4]") "}", 4},
    {"unknown dtype ''", "{" T("a", "\"\"", "[1]", "[0,4]") "}", 4},
    {"unknown dtype '?[31mX'", "{" T("a", "\"\\u001b[31mX\"", "[1]", "[0,4]") "}", 4},
    {"dtype is missing or not a string", "{" T("a", "7", "[1]", "[0,4]") "}", 4},
    {"dtype is missing", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4},
    {"shape is missing", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4},
    {"data_offsets is not", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4},
    {"shape is missing or not a list", "{" T("a", F32, "1", "[0,4]") "}", 4},
    {"shape is missing or not a list", "{" T("a", F32, "{\"0\":1}", "[0,4]") "}", 4},
    {"dimension 0 is not a size", "{" T("a", F32, "[-1]", "[0,4]") "}", 4},
    {"dimension 1 is not a size", "{" T("a", F32, "[1,1.0]", "[0,4]") "}", 4},
    {"dimension 0 is not a size", "{" T("a", F32, "[\"1\"]", "[0,4]") "}", 4},
    {"dimension 0 is not a size", "{" T("a", F32, "[true]", "[0,4]") "}", 4},
    {"dimension 0 is not a size", "{" T("a", F32, "[[1]]", "[0,4]") "}", 4},
    {"rank 9", "{" T("a", F32, "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4},
    {"not a list of two sizes", "{" T("a", F32, "[1]", "[0]") "}", 4},
    {"not a list of two sizes", "{" T("a", F32, "[1]", "[0,4,4]") "}", 4},
    {"not a list of two sizes", "{" T("a", F32, "[1]", "[-4,0]") "}", 4},
    {"not a list of two sizes", "{" T("a", F32, "[1]", "[0,4.0]") "}", 4},
    {"not a list of two sizes", "{" T("a", F32, "[1]", "[0,null]") "}", 4},
    {"not a list of two sizes", "{" T("a", F32, "[1]", "\"0,4\"") "}", 4},
    {"data end at byte 9223372036854775807",
     "{" T("a", F32, "[1]", "[0,9223372036854775807]") "}", 4},
    {"integer", "{" T("a", F32, "[1]", "[0,18446744073709551620]") "}", 4},
    {"real number overflow", "{" T("a", F32, "[1e999]", "[0,4]") "}", 4},
    {"duplicate", "{" T("a", F32, "[1]", "[0,4]") "," T("a", F32, "[1]", "[4,8]") "}", 8},
    {"duplicate",
     "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
     4},
    {"more than dtype",
     "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", 4},
    {"entry is not an object", "{\"a\":[]}", 0},
    {"entry is not an object", "{\"a\":null}", 0},
    {"tensor 'a?b': name is empty or holds control",
     "{" T("a\\nb", F32, "[1]", "[0,4]") "}", 4},
    {"name is empty or holds control", "{" T("a\\u009bb", F32, "[1]", "[0,4]") "}", 4},
    {"name is empty", "{" T("", F32, "[1]", "[0,4]") "}", 4},
    {"\\u0000", "{" T("a\\u0000b", F32, "[1]", "[0,4]") "}", 4},
    {"unable to decode", "{" T("a\xff", F32, "[1]", "[0,4]") "}", 4},
    {"__metadata__ is not an object", "{\"__metadata__\":[]}", 0},
    {"metadata 'k' is not a string", "{\"__metadata__\":{\"k\":1}}", 0},
    {"metadata 'k' is not a string", "{\"__metadata__\":{\"k\":{}}}", 0},
    {"duplicate", "{\"__metadata__\":{},\"__metadata__\":{}}", 0},
    {"no JSON object", "[]", 0},
    {"no JSON object", " {}", 0},
    {"no JSON object", "", 0},
    {"end of file expected", "{}{}", 0},
    {"header, byte", "{\"a\"", 0},
    {"header, byte", "{'a':1}", 0},
    {"header, byte", "{\"a\":NaN}", 0},
};

static void write_file(const void *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(bytes, 1, size, f) == size, "cannot write the test file");
    if (f)
        fclose(f);
}

/* From memory with no byte to spare on either side of what a sanitizer watches. */
static dfn_status open_memory(const void *bytes, size_t size, dfn_error *err)
{
    void *copy = malloc(size ? size : 1);
    dfn_safetensors *s = NULL;
    memcpy(copy, bytes, size);
    const dfn_status status = dfn_safetensors_open_memory(&s, copy, size, path, err);
    for (size_t i = 0; !status && i < dfn_safetensors_count(s); i++) {
        const dfn_tensor *t = dfn_safetensors_get(s, i);
        CHECK(dfn_safetensors_find(s, t->name) == t, "%s", t->name);
    }
    CHECK(!status == !!s, "status and result disagree");
    dfn_safetensors_close(s);
    free(copy);
    return status;
}

static void check_refused(const void *bytes, size_t size, const char *why)
{
    dfn_error disk = {0}, memory = {0};
    dfn_safetensors *s = NULL;
    write_file(bytes, size);
    const dfn_status status = dfn_safetensors_open(&s, path, &disk);
    CHECK(status == DFN_ERR_FORMAT && !s, "'%s': status %d", why, (int)status);
    CHECK(strstr(disk.text, path) == disk.text && strstr(disk.text, why) &&
              disk.status == status,
          "'%s': the message is '%s'", why, disk.text);
    CHECK(open_memory(bytes, size, &memory) == DFN_ERR_FORMAT, "'%s' from memory", why);
    CHECK(!size || !strcmp(disk.text, memory.text), "from memory: '%s'", memory.text);
    CHECK(open_memory(bytes, size, NULL) == DFN_ERR_FORMAT, "'%s' without dfn_error", why);
}

static size_t compose(unsigned char *out, uint64_t length, const char *header, int data)
{
    const size_t text = strlen(header), padded = (text + 7) / 8 * 8;
    if (!length)
        length = padded;
    for (int i = 0; i < 8; i++)
        out[i] = (unsigned char)(length >> 8 * i);
    memset(out + 8, ' ', padded);
    memcpy(out + 8, header, text);
    memset(out + 8 + padded, 1, data);
    return 8 + padded + data;
}

static void hostile_files(void)
{
    unsigned char bytes[4096];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_refused(bytes, compose(bytes, 0, cases[i].header, cases[i].data),
                      cases[i].why);

    static const uint64_t lengths[] = {1,          9,          16,        10000001,
                                       1ull << 32, 1ull << 63, UINT64_MAX};
    static const char *const why[] = {"no JSON object",
                                      "truncated",
                                      "truncated",
                                      "header of",
                                      "header of",
                                      "header of",
                                      "header of 18446744073709551615"};
    for (size_t i = 0; i < sizeof why / sizeof *why; i++)
        check_refused(bytes, compose(bytes, lengths[i], "{}", 0), why[i]);
}

/* A good file cut anywhere is refused; with any bit turned it is read or refused. */
static void damaged_files(void)
{
    static const char header[] =
        "{\"__metadata__\":{\"k\":\"v\"}," T("a", "\"F64\"", "[2,1]", "[0,16]") "," T(
            "z", F32, "[0,5]", "[16,16]") "," T("b", "\"I16\"", "[3]", "[16,22]") "}";
    unsigned char bytes[1024];
    const size_t size = compose(bytes, 0, header, 22);
    dfn_error err;
    CHECK(open_memory(bytes, size, &err) == DFN_OK, "%s", err.text);
    for (size_t n = 0; n < size; n++)
        check_refused(bytes, n, "");
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        (void)!open_memory(bytes, size, &err);
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    unsigned char shifted[1025]; /* the same bytes at an odd address */
    memcpy(shifted + 1, bytes, size);
    dfn_safetensors *s = NULL;
    CHECK(dfn_safetensors_open_memory(&s, shifted + 1, size, path, &err) ==
                  DFN_ERR_FORMAT &&
              strstr(err.text, "not aligned"),
          "%s", err.text);
    dfn_safetensors_close(s);
}

static void deep_and_wide(void)
{
    enum { N = 200000 };
    unsigned char *bytes = malloc(N + 64);
    char *text = malloc(N + 1);
    memset(text, '[', N);
    memcpy(text, "{\"a\":", 5);
    text[N] = '\0';
    check_refused(bytes, compose(bytes, 0, text, 0), "depth");
    memset(text, 'n', N);
    memcpy(text, "{\"", 2);
    memcpy(text + N - 4, "\":1}", 4);
    check_refused(bytes, compose(bytes, 0, text, 0), "entry is not an object");
    free(text);
    free(bytes);
}

static void not_a_file(const char *name, const char *why)
{
    dfn_safetensors *s = NULL;
    dfn_error err = {0};
    CHECK(dfn_safetensors_open(&s, name, &err) == DFN_ERR_IO && !s &&
              strstr(err.text, name) && strstr(err.text, why),
          "%s: '%s'", name, err.text);
}

int main(void)
{
    hostile_files();
    damaged_files();
    deep_and_wide();
    unlink(path);
    not_a_file(path, "No such file");
    not_a_file("/", "not a regular file");
    not_a_file("/dev/zero", "not a regular file");
    CHECK(!mkfifo(path, 0600), "mkfifo");
    not_a_file(path, "not a regular file");
    unlink(path);
    printf("%zu hostile headers\n", sizeof cases / sizeof *cases);
    return check_report();
}
