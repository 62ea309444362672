-- calls: one row per hold, so one per try of a policy or tool call. All money views rest on it.
--
--   run            VARCHAR         the run
--   hold           VARCHAR         the hold: `select body from events where hold = …` is all of it
--   seq            BIGINT          place in the run
--   key            VARCHAR         the effect's key
--   call           VARCHAR         `model` or `tool`
--   name           VARCHAR         the model or tool
--   node           VARCHAR         the graph's node that asked
--   attempt        BIGINT          1 for the first try, 2 for the next, …
--   calls          BIGINT          units that it counts as against limits on calls
--   state          VARCHAR         `settled`, `released`, `unknown` (no bill came) or `open`
--   usd_held       DECIMAL(28,12)  USD set aside before the call left; null if it has no price
--   usd            DECIMAL(28,12)  USD spent: the bill; the whole hold where none came; 0 if released
--   usd_input      DECIMAL(28,12)  its part for fresh prompt tokens
--   usd_cache_read DECIMAL(28,12)  its part for prompt tokens read from the provider's cache
--   usd_cache_write DECIMAL(28,12)  its part for prompt tokens written to the provider's cache
--   usd_cache_write_1h DECIMAL(28,12)  its part for prompt tokens written to it for an hour
--   usd_output     DECIMAL(28,12)  its part for completion tokens without reasoning
--   usd_reasoning  DECIMAL(28,12)  its part for reasoning tokens
--   usd_call       DECIMAL(28,12)  its part per call
--   usd_seconds    DECIMAL(28,12)  its part per second
--   usd_correction DECIMAL(28,12)  its part above the price of its tokens, where the provider states its cost; below 0 if it is less
--   input          BIGINT          fresh prompt tokens billed, null without a bill
--   cache_read     BIGINT          prompt tokens billed as read from the cache
--   cache_write    BIGINT          prompt tokens billed as written to the cache
--   cache_write_1h BIGINT          prompt tokens billed as written to it for an hour
--   output         BIGINT          completion tokens billed, without reasoning
--   reasoning      BIGINT          reasoning tokens billed
--   input_tokens   BIGINT          prompt tokens billed; the bound where no bill came
--   output_tokens  BIGINT          completion tokens billed; the bound where no bill came
--   seconds        DOUBLE          duration of the call
--   ok             BOOLEAN         false if it came back with an error
--   price          VARCHAR         where the price is from, with its version
--   max_tokens     BIGINT          output tokens that the policy was granted
--   prompt         VARCHAR         what the policy was told, by name and version: `react@1,budget@2`

create or replace view calls as
select
    run, hold, seq, "key", "call", name, node, attempt, calls, state, usd_held, usd,
    usd_input, usd_cache_read, usd_cache_write, usd_cache_write_1h, usd_output, usd_reasoning,
    usd_call, usd_seconds, usd_correction,
    input, cache_read, cache_write, cache_write_1h, output, reasoning, input_tokens, output_tokens,
    seconds, ok, price, max_tokens, prompt
from holds;
