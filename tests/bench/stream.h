/* What the receivers of one room must all see: see stream.c. */
#ifndef STREAM_H
#define STREAM_H

#include <stddef.h>
#include <stdint.h>

enum { MAX_SENDERS = 10, MAX_GAPS = 64 };

/* Everything that was ever found wrong, in all streams. */
struct tally {
    uint64_t gaps;      /* numbers jumped over and never seen afterwards */
    uint64_t doubled;   /* numbers seen twice */
    uint64_t reordered; /* numbers seen after a later one */
    uint64_t garbled;   /* texts that nobody sent like that */
    uint64_t id_jumps;  /* the server's own number did not rise by one */
    uint64_t differing; /* receivers whose bytes were not those of the others */
    uint64_t lapped;    /* receivers too far behind to be checked */
    uint64_t missing;   /* texts that a receiver had not got when a round was over */
    uint64_t closed;    /* receivers that were disconnected */
    char first[200];    /* the first of these as a sentence */
};
extern struct tally tally;
void complain(uint64_t *what, const char *form, ...) __attribute__((format(printf, 2, 3)));
int all_is_well(void);

/* How texts are written, and recognised on their way back. */
struct form {
    size_t length;                 /* of a text, in bytes */
    char id_key[32], receipt[32];  /* what stands before the server's number; what a sender gets instead of its text */
};
extern struct form form;
void write_text(char *to, unsigned sender, uint32_t number);

/* One delivery: a text that one receiver got, or its receipt. */
struct delivery {
    uint64_t end, id; /* where its line ends in the stream; the server's number */
    uint32_t number, expected; /* the sender's, and what it should have been */
    uint16_t sender;
};
typedef void (*heard_fn)(void *context, const struct delivery *delivery);

struct stream;
struct stream *new_stream(size_t size); /* for receivers that must all get the same bytes, in the same order */
struct stream *new_solo(int own);       /* for one receiver; `own` is the sender whose receipts it gets, or -1 */

/* One receiver's place in a stream. */
struct cursor {
    struct stream *stream;
    uint64_t offset, seen; /* bytes and deliveries of the stream */
    uint64_t received;     /* deliveries ever */
    int who;
};

enum { HEADROOM = 1 << 17 }; /* bytes before `data` that `follow` may write on */

/* Check what a receiver got; `heard` is called for each delivery. */
void follow(struct cursor *cursor, char *data, size_t size, heard_fn heard, void *context);

#endif
