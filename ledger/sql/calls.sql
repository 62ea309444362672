-- calls: one row per hold, so one per try of a policy or tool call. All money views rest on it.
--
--   run            VARCHAR         the run
--   hold           VARCHAR         the hold
--   seq            BIGINT          place in the run
--   key            VARCHAR         the effect's key
--   call           VARCHAR         `model` or `tool`
--   name           VARCHAR         the model or tool
--   node           VARCHAR         the graph's node that asked
--   attempt        BIGINT          1 for the first try, 2 for the next, …
--   state          VARCHAR         `settled`, `released`, `unknown` (no bill came) or `open`
--   usd_held       DECIMAL(28,12)  USD set aside before the call left; null if it has no price
--   usd            DECIMAL(28,12)  USD spent: the bill; the whole hold where none came; 0 if released
--   usd_input      DECIMAL(28,12)  its part for fresh prompt tokens
--   usd_cache_read DECIMAL(28,12)  its part for prompt tokens read from the provider's cache
--   usd_cache_write DECIMAL(28,12)  its part for prompt tokens written to the provider's cache
--   usd_output     DECIMAL(28,12)  its part for completion tokens without reasoning
--   usd_reasoning  DECIMAL(28,12)  its part for reasoning tokens
--   usd_call       DECIMAL(28,12)  its part per call
--   usd_seconds    DECIMAL(28,12)  its part per second
--   input          BIGINT          fresh prompt tokens billed, null without a bill
--   cache_read     BIGINT          prompt tokens billed as read from the cache
--   cache_write    BIGINT          prompt tokens billed as written to the cache
--   output         BIGINT          completion tokens billed, without reasoning
--   reasoning      BIGINT          reasoning tokens billed
--   input_tokens   BIGINT          prompt tokens billed; the bound where no bill came
--   output_tokens  BIGINT          completion tokens billed; the bound where no bill came
--   seconds        DOUBLE          duration of the call
--   ok             BOOLEAN         false if it came back with an error
--   price          VARCHAR         where the price is from, with its version
--   max_tokens     BIGINT          output tokens that the policy was granted
--   held           JSON            the whole `hold` event
--   settled        JSON            the whole `settle` event, if any

create or replace view calls as
select
    run, hold, seq, "key", "call", name, node, attempt,
    case
        when settles > 0 then 'settled'
        when releases > 0 then 'released'
        when unknowns > 0 then 'unknown'
        else 'open'
    end as state,
    usd_held,
    case
        when settles > 0 then coalesce(usd_billed, usd_held)
        when releases > 0 then 0::decimal(28, 12)
        else usd_held
    end as usd,
    usd_input, usd_cache_read, usd_cache_write, usd_output, usd_reasoning, usd_call, usd_seconds,
    input, cache_read, cache_write, output, reasoning,
    case
        when input is not null then input + coalesce(cache_read, 0) + coalesce(cache_write, 0)
        when settles = 0 and releases > 0 then 0
        else input_bound
    end as input_tokens,
    case
        when output is not null then output + coalesce(reasoning, 0)
        when settles = 0 and releases > 0 then 0
        else output_bound
    end as output_tokens,
    seconds, ok, price, max_tokens, held, settled
from (
    select
        run, hold,
        min(seq) as seq,
        any_value("key") as "key",
        any_value("call") as "call",
        any_value(name) as name,
        any_value(node) as node,
        any_value(attempt) as attempt,
        any_value(price) as price,
        any_value(max_tokens) as max_tokens,
        any_value(input_tokens) filter (where kind = 'hold') as input_bound,
        any_value(output_tokens) filter (where kind = 'hold') as output_bound,
        any_value(usd) filter (where kind = 'hold') as usd_held,
        count(*) filter (where kind = 'settle') as settles,
        count(*) filter (where kind = 'release') as releases,
        count(*) filter (where kind = 'unknown') as unknowns,
        arg_max_null(usd, seq) filter (where kind = 'settle') as usd_billed,
        arg_max_null(usd_input, seq) filter (where kind = 'settle') as usd_input,
        arg_max_null(usd_cache_read, seq) filter (where kind = 'settle') as usd_cache_read,
        arg_max_null(usd_cache_write, seq) filter (where kind = 'settle') as usd_cache_write,
        arg_max_null(usd_output, seq) filter (where kind = 'settle') as usd_output,
        arg_max_null(usd_reasoning, seq) filter (where kind = 'settle') as usd_reasoning,
        arg_max_null(usd_call, seq) filter (where kind = 'settle') as usd_call,
        arg_max_null(usd_seconds, seq) filter (where kind = 'settle') as usd_seconds,
        arg_max_null(input, seq) filter (where kind = 'settle') as input,
        arg_max_null(cache_read, seq) filter (where kind = 'settle') as cache_read,
        arg_max_null(cache_write, seq) filter (where kind = 'settle') as cache_write,
        arg_max_null(output, seq) filter (where kind = 'settle') as output,
        arg_max_null(reasoning, seq) filter (where kind = 'settle') as reasoning,
        arg_max_null(seconds, seq) filter (where kind = 'settle') as seconds,
        arg_max_null(ok, seq) filter (where kind = 'settle') as ok,
        any_value(line) filter (where kind = 'hold') as held,
        arg_max_null(line, seq) filter (where kind = 'settle') as settled
    from records
    where kind in ('hold', 'settle', 'release', 'unknown') and hold is not null
    group by run, hold
);
