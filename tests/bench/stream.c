/* Checks what receivers get, exactly and cheaply.
 *
 * All receivers of a common stream must get the same bytes. Whoever is ahead extends the stream, and its new lines are
 * parsed: each sender's numbers rise by one, and so do the server's. Everybody else is only compared with that, byte by
 * byte. A receiver whose bytes differ gets a stream of its own from there on, so that what is wrong with it has a name.
 * Where a server promises no common order, every receiver has a stream of its own from the start.
 * Owns the streams and the tally; must not know sockets.
 */
#define _GNU_SOURCE
#include "stream.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct tally tally;
struct form form = {.length = 100};

void complain(uint64_t *what, const char *text, ...) {
    ++*what;
    if (tally.first[0]) return;
    va_list values;
    va_start(values, text);
    vsnprintf(tally.first, sizeof tally.first, text, values);
    va_end(values);
}

int all_is_well(void) { return !tally.first[0]; }

/* --- texts: "|SS:NNNNNNNN " and filler ------------------------------------------------------------------------ */

enum { MARKER = '|', HEADER = 13 };

static const char FILLER[] = "the quick brown fox jumps over the lazy dog and says what it has to say to everyone ";

static void write_number(char *to, int digits, uint32_t number) {
    while (digits--) {
        to[digits] = (char)('0' + number % 10);
        number /= 10;
    }
}

static uint64_t read_number(const char *from, const char *end) {
    uint64_t number = 0;
    while (from < end && *from >= '0' && *from <= '9') number = number * 10 + (uint64_t)(*from++ - '0');
    return number;
}

static char model[1024]; /* a text as it should be, behind its header */

static void prepare_model(void) {
    for (size_t i = HEADER; i < form.length; i++) model[i] = FILLER[(i - HEADER) % (sizeof FILLER - 1)];
    model[form.length - 1] = '.';
}

void write_text(char *to, unsigned sender, uint32_t number) {
    to[0] = MARKER;
    write_number(to + 1, 2, sender);
    to[3] = ':';
    write_number(to + 4, 8, number);
    to[12] = ' ';
    if (!model[HEADER]) prepare_model();
    memcpy(to + HEADER, model + HEADER, form.length - HEADER);
}

static int is_ours(const char *text, const char *end) {
    if ((size_t)(end - text) < form.length) return 0;
    return !memcmp(text + HEADER, model + HEADER, form.length - HEADER);
}

/* --- reading lines --------------------------------------------------------------------------------------------- */

struct reader {
    uint64_t id;
    int own, gap_count;
    uint32_t next[MAX_SENDERS];
    struct { uint32_t number; uint16_t sender; } gaps[MAX_GAPS];
};

static int fills_gap(struct reader *reader, unsigned sender, uint32_t number) {
    for (int i = 0; i < reader->gap_count; i++)
        if (reader->gaps[i].sender == sender && reader->gaps[i].number == number) {
            reader->gaps[i] = reader->gaps[--reader->gap_count];
            return 1;
        }
    return 0;
}

static void note_gap(struct reader *reader, unsigned sender, uint32_t number, uint32_t came, int who) {
    complain(&tally.gaps, "receiver %d: sender %u's number %u did not come before %u", who, sender, number, came);
    if (reader->gap_count == MAX_GAPS) return;
    reader->gaps[reader->gap_count].sender = (uint16_t)sender;
    reader->gaps[reader->gap_count++].number = number;
}

static void check_number(struct reader *reader, unsigned sender, uint32_t number, int who) {
    uint32_t *next = &reader->next[sender];
    for (; *next < number; ++*next) note_gap(reader, sender, *next, number, who);
    if (*next == number) {
        ++*next;
    } else if (fills_gap(reader, sender, number)) {
        --tally.gaps;
        complain(&tally.reordered, "receiver %d: sender %u's number %u came too late", who, sender, number);
    } else {
        complain(&tally.doubled, "receiver %d: sender %u's number %u came twice", who, sender, number);
    }
}

static void check_id(struct reader *reader, const char *line, const char *end, int who) {
    size_t length = strlen(form.id_key);
    const char *key = length ? memmem(line, (size_t)(end - line), form.id_key, length) : NULL;
    if (!key) return;
    uint64_t id = read_number(key + length, end);
    if (reader->id && id != reader->id + 1)
        complain(&tally.id_jumps, "receiver %d: after id %lu came %lu", who, reader->id, id);
    reader->id = id;
}

/* Whether this line delivers something. */
static int read_line(struct reader *reader, const char *line, const char *end, int who, struct delivery *delivery) {
    const char *text = memchr(line, MARKER, (size_t)(end - line));
    if (!text) {
        size_t length = strlen(form.receipt);
        if (reader->own < 0 || !length || (size_t)(end - line) < length || memcmp(line, form.receipt, length)) return 0;
        *delivery = (struct delivery){.number = reader->next[reader->own]++, .sender = (uint16_t)reader->own};
        return 1;
    }
    unsigned sender = (unsigned)read_number(text + 1, text + 3);
    uint32_t number = (uint32_t)read_number(text + 4, text + 12);
    if (sender >= MAX_SENDERS || !is_ours(text, end)) {
        complain(&tally.garbled, "receiver %d: a text came that nobody sent: %.40s", who, text);
        return 0;
    }
    *delivery = (struct delivery){.number = number, .expected = reader->next[sender], .sender = (uint16_t)sender};
    check_number(reader, sender, number, who);
    check_id(reader, line, end, who);
    delivery->id = reader->id;
    return 1;
}

/* --- streams --------------------------------------------------------------------------------------------------- */

struct stream {
    struct reader reader;
    char *ring; /* mapped twice in a row, so that nothing ever wraps; NULL in a solo */
    struct delivery *deliveries;
    size_t size, most;
    uint64_t head, parsed, count; /* bytes seen by whoever is ahead; up to the last whole line; deliveries in it */
    char *rest;                   /* of a solo: the line that has not ended yet */
    size_t rest_size;
};

static char *map_twice(size_t size) {
    int file = memfd_create("stream", 0);
    char *at = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fine = file >= 0 && at != MAP_FAILED && ftruncate(file, (off_t)size) == 0;
    for (int i = 0; i < 2 && fine; i++)
        fine = mmap(at + (size_t)i * size, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) != MAP_FAILED;
    if (!fine) {
        perror("no memory for a stream");
        exit(1);
    }
    close(file);
    return at;
}

struct stream *new_solo(int own) {
    struct stream *stream = calloc(1, sizeof *stream);
    stream->reader.own = own;
    return stream;
}

struct stream *new_stream(size_t size) {
    struct stream *stream = new_solo(-1);
    stream->size = size;
    stream->most = size / 32; /* no line with a text in it is that short */
    stream->ring = map_twice(size);
    stream->deliveries = calloc(stream->most, sizeof *stream->deliveries);
    return stream;
}

static const char *at(const struct stream *stream, uint64_t offset) { return stream->ring + offset % stream->size; }

static struct delivery *nth(const struct stream *stream, uint64_t i) { return &stream->deliveries[i % stream->most]; }

static void read_lines(struct stream *stream, int who) {
    const char *line, *end;
    while (line = at(stream, stream->parsed), end = memchr(line, '\n', stream->head - stream->parsed)) {
        stream->parsed += (uint64_t)(end + 1 - line);
        struct delivery delivery;
        if (!read_line(&stream->reader, line, end, who, &delivery)) continue;
        delivery.end = stream->parsed;
        *nth(stream, stream->count++) = delivery;
    }
}

static void extend(struct stream *stream, const char *data, size_t size, int who) {
    while (size) {
        size_t step = size < stream->size / 4 ? size : stream->size / 4;
        memcpy(stream->ring + stream->head % stream->size, data, step);
        stream->head += step;
        read_lines(stream, who);
        data += step;
        size -= step;
    }
}

/* --- receivers ------------------------------------------------------------------------------------------------- */

static void set_rest(struct stream *solo, const char *from, size_t size) {
    if (size > solo->rest_size) solo->rest = realloc(solo->rest, size);
    memcpy(solo->rest, from, size);
    solo->rest_size = size;
}

static void follow_alone(struct cursor *cursor, char *data, size_t size, heard_fn heard, void *context) {
    struct stream *solo = cursor->stream;
    const char *line = data - solo->rest_size, *end, *stop = data + size;
    if (solo->rest_size) memcpy(data - solo->rest_size, solo->rest, solo->rest_size);
    while ((end = memchr(line, '\n', (size_t)(stop - line)))) {
        struct delivery delivery;
        if (read_line(&solo->reader, line, end, cursor->who, &delivery)) {
            cursor->received++;
            heard(context, &delivery);
        }
        line = end + 1;
    }
    size_t left = (size_t)(stop - line);
    if (left > HEADROOM) {
        complain(&tally.garbled, "receiver %d: a line without an end came", cursor->who);
        left = 0;
    }
    if (left) set_rest(solo, line, left);
    solo->rest_size = left;
}

/* A stream for one receiver alone, that goes on from its place in the common one. */
static void leave_common(struct cursor *cursor) {
    const struct stream *common = cursor->stream;
    struct stream *solo = new_solo(-1);
    complain(&tally.differing, "receiver %d did not get the same bytes as the others", cursor->who);
    solo->reader = common->reader;
    solo->reader.gap_count = 0;
    for (uint64_t i = common->count; i-- > cursor->seen;) {
        solo->reader.next[nth(common, i)->sender] = nth(common, i)->expected;
        if (nth(common, i)->id) solo->reader.id = nth(common, i)->id - 1;
    }
    uint64_t far = cursor->offset < 4096 ? cursor->offset : 4096;
    const char *begin = at(common, cursor->offset - far), *newline = memrchr(begin, '\n', far);
    const char *line = newline ? newline + 1 : begin;
    set_rest(solo, line, (size_t)(begin + far - line));
    cursor->stream = solo;
}

static void count_deliveries(struct cursor *cursor, heard_fn heard, void *context) {
    const struct stream *stream = cursor->stream;
    while (cursor->seen < stream->count && nth(stream, cursor->seen)->end <= cursor->offset) {
        heard(context, nth(stream, cursor->seen++));
        cursor->received++;
    }
}

void follow(struct cursor *cursor, char *data, size_t size, heard_fn heard, void *context) {
    struct stream *stream = cursor->stream;
    uint64_t behind = stream->head - cursor->offset;
    size_t known = behind < size ? (size_t)behind : size;
    if (stream->ring && behind > stream->size / 2) {
        complain(&tally.lapped, "receiver %d was too far behind to be checked", cursor->who);
        return;
    }
    if (stream->ring && known && memcmp(at(stream, cursor->offset), data, known)) leave_common(cursor);
    if (!cursor->stream->ring) {
        follow_alone(cursor, data, size, heard, context);
        return;
    }
    extend(stream, data + known, size - known, cursor->who);
    cursor->offset += size;
    count_deliveries(cursor, heard, context);
}
