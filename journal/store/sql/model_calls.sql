-- model_calls: one row per try of a policy call.
--
--   run           VARCHAR         the run
--   seq           BIGINT          place in the run
--   key           VARCHAR         the effect's key
--   node          VARCHAR         the graph's node that asked
--   model         VARCHAR         the policy
--   attempt       BIGINT          1 for the first try, 2 for the next, …
--   state         VARCHAR         `settled`, `released`, `unknown` (no bill came) or `open`
--   usd_held      DECIMAL(28,12)  USD set aside before the call left
--   usd           DECIMAL(28,12)  USD spent: the bill; the whole hold where none came; 0 if released
--   input         BIGINT          fresh prompt tokens billed, null without a bill
--   cache_read    BIGINT          prompt tokens billed as read from the cache
--   cache_write   BIGINT          prompt tokens billed as written to the cache
--   cache_write_1h BIGINT         prompt tokens billed as written to it for an hour
--   output        BIGINT          completion tokens billed, without reasoning
--   reasoning     BIGINT          reasoning tokens billed
--   seconds       DOUBLE          duration of the call
--   price         VARCHAR         where the price is from, with its version
--   prompt        VARCHAR         what it was told, by name and version: `react@1,budget@2`
--   request       VARCHAR         hash of the request: the same for the same messages and options
--   max_tokens    BIGINT          output tokens that it was granted
--   content       VARCHAR         text of the reply
--   finish        VARCHAR         why the reply ended: `stop`, `tool_calls`, `length`, …

create or replace view model_calls as
select
    run, seq, "key", node, name as model, attempt, state, usd_held, usd,
    input, cache_read, cache_write, cache_write_1h, output, reasoning, seconds, price,
    prompt, request, max_tokens, content, finish
from holds
where "call" = 'model';
