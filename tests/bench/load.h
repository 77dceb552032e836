/* What the parts of the load generator share: see load.c. */
#ifndef LOAD_H
#define LOAD_H

#include "link.h"
#include "stream.h"

enum { REMEMBERED = 1 << 16, NEEDLE = 63 };

/* SHAKING: agreeing on keys. SYNCING: the sync has come, the end of its line has not.
 * IGNORED: in, and its bytes are only counted. */
enum state { IDLE, CONNECTING, SHAKING, GREETING, UNSYNCED, SYNCING, LIVE, IGNORED, STOPPED, CLOSED };

struct bytes { char *at; size_t size, room; };
void add(struct bytes *bytes, const void *from, size_t size);

struct client {
    int fd, room, sender; /* sender: which one of its room, or -1 */
    enum state state;
    struct link *link;
    struct cursor cursor;
    struct bytes out, hello, before, between, after;
    char ready[NEEDLE + 1], tail[NEEDLE + 1];
    uint64_t published, own; /* messages ever, and those among them that carry a number */
    uint64_t *sent_at;
};

struct room {
    int senders[MAX_SENDERS], sender_count, hearers, members, dirty;
    size_t ring;
    uint64_t sent, delivered;
};

extern struct client *clients;
extern struct room *rooms;
extern int client_count, room_count, poller, echo;
extern uint16_t port;
extern uint64_t now, delivered, expected; /* ns; deliveries in all rooms, and what they must come to */
extern uint64_t looked_at, ignored; /* bytes that were received, as they came over the wire */

uint64_t read_clock(void);

/* clients.c */
void publish(struct room *room, struct client *sender, uint64_t times);
void handle_client(struct client *client, uint32_t events);
void begin_connect(int from, int to, int at_once, double seconds);
void begin_sync(double seconds);
void stop_reading(int from, int to);
void look_after_clients(void);
int next_dirty_room(void); /* one in which something was heard since it was last asked for, or -1 */

/* rounds.c */
void note_latency(uint64_t ns);
void begin_round(uint64_t window, double rate, double warm_up, double seconds);
void look_after_round(void);
void refill_rooms(void);

#endif
