/* Rounds: warming up, measuring, draining; closed loops and open ones; what a round came to. */
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { GIVE_UP_MS = 10000 };

/* --- latencies: 32 steps to each doubling ---------------------------------------------------------------------- */

static uint64_t steps[64 * 32], step_total, slowest;

void note_latency(uint64_t ns) {
    int doubling = 63 - __builtin_clzll(ns | 32);
    ++steps[doubling * 32 + (int)(ns >> (doubling - 5) & 31)];
    ++step_total;
    if (ns > slowest) slowest = ns;
}

static void forget_latencies(void) {
    memset(steps, 0, sizeof steps);
    step_total = slowest = 0;
}

static double percentile_ms(double share) {
    uint64_t wanted = (uint64_t)((double)step_total * share), seen = 0;
    for (int i = 0; i < 64 * 32; i++)
        if ((seen += steps[i]) > wanted) return (double)((uint64_t)(32 + i % 32) << (i / 32 - 5)) / 1e6;
    return 0;
}

/* --- a round ---------------------------------------------------------------------------------------------------- */

static struct {
    enum { RESTING, WARMING, MEASURING, DRAINING } phase;
    uint64_t window, began, until, length, delivered_before, sent_before, progress, progress_at, cpu_before, dripped,
        looked_at_before, ignored_before;
    double rate;
} round_;

/* A closed loop: every sender keeps `window` messages on their way, sent again in quarters of it. */
static void refill(struct room *room, uint64_t window) {
    if (!room->sender_count || !room->hearers) return;
    int64_t flying = (int64_t)(room->sent - room->delivered / (uint64_t)room->hearers);
    int64_t share = (int64_t)window - flying / room->sender_count;
    if (share <= 0 || share < (int64_t)window / 4) return;
    for (int i = 0; i < room->sender_count; i++) publish(room, &clients[room->senders[i]], (uint64_t)share);
}

static uint64_t cpu_time(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    struct timeval user = usage.ru_utime, system = usage.ru_stime;
    return (uint64_t)(user.tv_sec + system.tv_sec) * 1000000000u + (uint64_t)(user.tv_usec + system.tv_usec) * 1000u;
}

static uint64_t sent_total(void) {
    uint64_t sum = 0;
    for (int i = 0; i < room_count; i++) sum += rooms[i].sent;
    return sum;
}

void begin_round(uint64_t window, double rate, double warm_up, double seconds) {
    round_.window = window;
    round_.rate = rate;
    round_.phase = WARMING;
    round_.dripped = 0;
    round_.began = now;
    round_.until = now + (uint64_t)(warm_up * 1e9);
    round_.length = (uint64_t)(seconds * 1e9);
    for (int i = 0; window && i < room_count; i++) refill(&rooms[i], window);
}

static void begin_measuring(void) {
    round_.phase = MEASURING;
    round_.began = now;
    round_.until = now + round_.length;
    round_.delivered_before = delivered;
    round_.sent_before = sent_total();
    round_.looked_at_before = looked_at;
    round_.ignored_before = ignored;
    round_.cpu_before = cpu_time();
    round_.dripped = 0;
    forget_latencies();
    puts("measuring");
}

static void tell_latencies(const char *word) {
    printf("%s p50=%.4f p99=%.4f max=%.4f", word, percentile_ms(0.5), percentile_ms(0.99), (double)slowest / 1e6);
}

static void end_measuring(void) {
    double seconds = (double)(now - round_.began) / 1e9;
    tell_latencies("measured");
    printf(" looked_at=%lu ignored=%lu", looked_at - round_.looked_at_before, ignored - round_.ignored_before);
    printf(" deliveries=%lu sent=%lu seconds=%.4f cpu=%.4f\n", delivered - round_.delivered_before,
           sent_total() - round_.sent_before, seconds, (double)(cpu_time() - round_.cpu_before) / 1e9 / seconds);
    round_.phase = DRAINING;
    round_.progress_at = now;
}

/* Who was told to be sent how much, and got how much? */
static void check_totals(void) {
    for (int i = 0; i < client_count; i++) {
        struct client *client = &clients[i];
        if (client->state != LIVE) continue;
        uint64_t due = rooms[client->room].sent - (echo || client->sender < 0 ? 0 : client->own);
        uint64_t got = client->cursor.received;
        if (got < due) complain(&tally.missing, "receiver %d got %lu of %lu texts", i, got, due);
        if (got < due) tally.missing += due - got - 1;
    }
}

static void tell_tally(void) {
    printf(" missing=%lu gaps=%lu doubled=%lu reordered=%lu garbled=%lu", tally.missing, tally.gaps, tally.doubled,
           tally.reordered, tally.garbled);
    printf(" id_jumps=%lu differing=%lu lapped=%lu closed=%lu", tally.id_jumps, tally.differing, tally.lapped,
           tally.closed);
    printf(" problem=%s\n", tally.first);
}

static void drain_round(void) {
    if (round_.progress != delivered) {
        round_.progress = delivered;
        round_.progress_at = now;
    }
    uint64_t silent = (now - round_.progress_at) / 1000000;
    /* A little longer than needed: what comes twice comes late. */
    if ((delivered >= expected && silent >= 50) || silent >= (all_is_well() ? GIVE_UP_MS : 500)) {
        round_.phase = RESTING;
        check_totals();
        tell_latencies("drained");
        tell_tally();
    }
}

static void drip(void) {
    uint64_t due = (uint64_t)((double)(now - round_.began) / 1e9 * round_.rate);
    for (; round_.dripped < due; round_.dripped++) {
        struct room *room = &rooms[round_.dripped % (uint64_t)room_count];
        publish(room, &clients[room->senders[round_.dripped / (uint64_t)room_count % (uint64_t)room->sender_count]], 1);
    }
}

void look_after_round(void) {
    if (round_.phase == WARMING && now >= round_.until) begin_measuring();
    if (round_.phase == MEASURING && now >= round_.until) end_measuring();
    if (round_.phase == DRAINING) drain_round();
    if ((round_.phase == WARMING || round_.phase == MEASURING) && round_.rate > 0) drip();
}

void refill_rooms(void) {
    int wanted = round_.window && (round_.phase == WARMING || round_.phase == MEASURING);
    for (int room; (room = next_dirty_room()) >= 0;)
        if (wanted) refill(&rooms[room], round_.window);
}
