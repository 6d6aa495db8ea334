/* csv.h - records of a CSV text: fields with commas between them, "quoted" where they hold
 * a comma, a quote (written twice) or a line break. */
#ifndef DFN_CSV_H
#define DFN_CSV_H

#include <stddef.h>

enum { DFN_CSV_FIELDS = 64 }; /* more in one record are a fault */

typedef struct dfn_csv {
    char *at, *end; /* what is left of the text; it is changed, fields point into it */
    int line;       /* of the next record; 1 at the start */
    int record;     /* line where the last record began */
    int count;
    char *field[DFN_CSV_FIELDS]; /* of the last record, each closed by a zero */
    const char *fault;           /* why the last record cannot be used, or NULL */
} dfn_csv;

/** Read text[size], which must be writable and have room for one more byte. */
void dfn_csv_begin(dfn_csv *c, char *text, size_t size);

/** The next record that is not empty; 0 at the end. After a fault the reading goes on with
 * the next line. */
int dfn_csv_next(dfn_csv *c);

#endif
