-- events: one row per line of the journals, with what depends on the kind as JSON.
--
--   journal  VARCHAR  file that the event stands in
--   id       VARCHAR  `<journal>:<line number>`
--   run      VARCHAR  the run, or '' for events of the journal itself
--   seq      BIGINT   place in the run, counted from 0
--   t        DOUBLE   wall clock, seconds since 1970
--   at       DOUBLE   seconds of the run's own time, without downtime
--   kind     VARCHAR  what happened: `hold`, `settle`, `run_ended`, …
--   key      VARCHAR  the effect's key, or ''
--   hold     VARCHAR  the hold that it is about, if any
--   body     JSON     the whole event

create or replace view events as
select journal, id, run, seq, t, "at", kind, "key", hold, line as body
from records;
