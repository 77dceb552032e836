"""What the database does by itself: the function that appends, in one call, and the one that looks for the fence.

Rows are locked in one order, whoever appends: the server's own, sessions by id, rooms by id, the counter. The row of a
room stays locked until the commit, so that its numbers become visible in their order: who reads above a number misses
none that is still being written. Everything is checked behind its lock; what was seen before may have changed since.

Rows are updated in the order of the arrays, because our connections join in no other way (see connections.py). To lock
them by a statement before would cost as much again.
"""

from __future__ import annotations

from typing import Final

FENCED: Final = "CH001"
MOVED: Final = "CH002"
CHANNEL: Final = "chat"
POSTED: Final = "posts"  # what a notification says when servers have posted something to each other
HINTS: Final = 200  # rooms in one notification: below its limit of 8,000 bytes

# Messages are noted for receipts, and indexed for searches, in blocks of so many consecutive `n`.
BLOCK_BITS: Final = 10
BLOCK: Final = 1 << BLOCK_BITS

FENCE: Final = f"""
CREATE FUNCTION fence(server integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM servers WHERE id = server FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this server was declared dead' USING ERRCODE = '{FENCED}';
    END IF;
END $$"""

# A session that nobody has seen gets a row, so that there is something to lock: who takes it waits for the append that
# is under way, and fences later ones of whoever had it before.
TAKE: Final = """
CREATE FUNCTION take(key text, today integer) RETURNS TABLE (id bigint, accepted bigint, owner text, holder bigint)
LANGUAGE sql AS $$
    INSERT INTO sessions AS s (token, used, holder) VALUES (key, today, 1)
    ON CONFLICT (token) DO UPDATE SET holder = s.holder + 1
    RETURNING s.id, s.accepted, s.owner, s.holder
$$"""

# `tells` the other servers, if there can be any; `size` is the number of texts, `noted` the lowest of `d_noted`.
# Arrays: `s_`, a session each, by id; `r_`, a room each, by id; `d_`, a run each. `d_room` says which of the rooms,
# `d_offset` where in it, among the texts of this call; `d_start` where among all of them, from 1. `d_noted` is the
# block in which the session was noted last. `d_texts` holds the texts of each run, with `separator` behind each of
# them: to take them apart run by run costs a fraction of what it would to look up the run of each text. Without a
# separator each run is one text, which needs neither. Only what has no fixed size is unnested: one more array takes
# more time than to look into it for each run.
APPEND: Final = f"""
CREATE OR REPLACE FUNCTION append(
    server integer, tells boolean, size integer, noted bigint,
    s_id bigint[], s_holder bigint[], s_expected bigint[], s_accepted bigint[],
    r_id integer[], r_size integer[],
    d_room integer[], d_offset integer[], d_ts double precision[], d_session bigint[], d_seq bigint[],
    d_start integer[], d_size integer[], d_noted bigint[], d_sender text[], d_color text[], d_texts text[],
    separator text)
RETURNS TABLE (lasts bigint[], top bigint) LANGUAGE plpgsql AS $$
DECLARE
    went bigint[];
    low bigint;
BEGIN
    PERFORM 1 FROM servers WHERE id = server FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this server was declared dead' USING ERRCODE = '{FENCED}';
    END IF;

    IF cardinality(s_id) > 0 THEN
        WITH raised AS (
            UPDATE sessions AS s SET accepted = u.accepted
            FROM unnest(s_id, s_holder, s_expected, s_accepted) AS u (id, holder, expected, accepted)
            WHERE s.id = u.id AND s.holder = u.holder AND s.accepted = u.expected RETURNING s.id)
        SELECT coalesce(array_agg(id), '{{}}') INTO went FROM raised;
        IF cardinality(went) < cardinality(s_id) THEN
            RAISE EXCEPTION 'a session has moved' USING ERRCODE = '{MOVED}',
                DETAIL = (SELECT string_agg(id::text, ' ') FROM unnest(s_id) AS id WHERE id <> ALL (went));
        END IF;
    END IF;

    top := 0;
    IF size > 0 THEN
        WITH raised AS (
            UPDATE rooms AS r SET last = r.last + u.size FROM unnest(r_id, r_size) AS u (id, size)
            WHERE r.id = u.id RETURNING r.id, r.last)
        SELECT array_agg(last ORDER BY id) INTO lasts FROM raised;
        UPDATE counted SET n = n + size RETURNING n INTO top;
        low := top - size;

        IF separator = '' THEN
            INSERT INTO messages (n, room, id, ts, sender, color, text, session, seq)
            SELECT low + d_start[u.i::integer], r_id[d_room[u.i::integer]],
                lasts[d_room[u.i::integer]] - r_size[d_room[u.i::integer]] + d_offset[u.i::integer] + 1,
                d_ts[u.i::integer], u.sender, u.color, u.text, d_session[u.i::integer], d_seq[u.i::integer]
            FROM unnest(d_sender, d_color, d_texts) WITH ORDINALITY AS u (sender, color, text, i);
        ELSE
            INSERT INTO messages (n, room, id, ts, sender, color, text, session, seq)
            SELECT d.n + t.k, d.room, d.id + t.k, d.ts, d.sender, d.color, t.text, d.session, d.seq + t.k
            FROM (
                SELECT low + d_start[u.i::integer] - 1 AS n, r_id[d_room[u.i::integer]] AS room,
                    lasts[d_room[u.i::integer]] - r_size[d_room[u.i::integer]] + d_offset[u.i::integer] AS id,
                    d_ts[u.i::integer] AS ts, u.sender, u.color, d_session[u.i::integer] AS session,
                    d_seq[u.i::integer] - 1 AS seq, d_size[u.i::integer] AS size, u.texts
                FROM unnest(d_sender, d_color, d_texts) WITH ORDINALITY AS u (sender, color, texts, i)
                OFFSET 0) AS d
            CROSS JOIN LATERAL string_to_table(d.texts, separator) WITH ORDINALITY AS t (text, k)
            WHERE t.k <= d.size;
        END IF;

        IF top >> {BLOCK_BITS} > noted THEN
            INSERT INTO spans (session, seq, n)
            SELECT x.session, min(x.seq), min(x.n) FROM (
                SELECT d.session, d.seq + greatest(d.n, b << {BLOCK_BITS}) - d.n AS seq,
                    greatest(d.n, b << {BLOCK_BITS}) AS n, b
                FROM (
                    SELECT u.session, u.seq, low + u.start AS n, u.size, u.noted
                    FROM unnest(d_session, d_seq, d_start, d_size, d_noted) AS u (session, seq, start, size, noted)
                    WHERE u.seq > 0) AS d,
                    generate_series(d.n >> {BLOCK_BITS}, (d.n + d.size - 1) >> {BLOCK_BITS}) AS b
                WHERE b > d.noted) AS x
            GROUP BY x.session, x.b
            ON CONFLICT (session, seq) DO UPDATE SET n = excluded.n;
        END IF;

        IF tells THEN
            PERFORM pg_notify('{CHANNEL}', server || ' ' || string_agg(u.id || ':' || u.size || ':' || u.last, ' '))
            FROM unnest(r_id, r_size, lasts) WITH ORDINALITY AS u (id, size, last, k) GROUP BY (u.k - 1) / {HINTS};
        END IF;
    END IF;
    RETURN NEXT;
END $$"""
