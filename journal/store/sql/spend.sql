-- spend: where the money of each run went. Its `usd` sum to those of `runs`, to the last digit.
--
--   run         VARCHAR         the run
--   task_id     VARCHAR         the suite's name for the task, or null
--   experiment  VARCHAR         the experiment that it belongs to, or null
--   kind        VARCHAR         `model` or `tool`
--   name        VARCHAR         the model or tool
--   node        VARCHAR         the graph's node that asked
--   class       VARCHAR         a token class, `call`, `seconds`, `correction`, or `unsettled`: no bill came
--   tokens      BIGINT          tokens billed; of `unsettled`, the bounds; null where none count
--   usd         DECIMAL(38,12)  USD spent

create or replace view spend as
with sums as (
    select
        run, "call" as kind, name, node,
        sum(usd) as usd,
        sum(input) as input,
        sum(cache_read) as cache_read,
        sum(cache_write) as cache_write,
        sum(cache_write_1h) as cache_write_1h,
        sum(output) as output,
        sum(reasoning) as reasoning,
        sum(case when input is null then input_tokens + output_tokens end) as unsettled,
        coalesce(sum(usd_input), 0) as usd_input,
        coalesce(sum(usd_cache_read), 0) as usd_cache_read,
        coalesce(sum(usd_cache_write), 0) as usd_cache_write,
        coalesce(sum(usd_cache_write_1h), 0) as usd_cache_write_1h,
        coalesce(sum(usd_output), 0) as usd_output,
        coalesce(sum(usd_reasoning), 0) as usd_reasoning,
        coalesce(sum(usd_call), 0) as usd_call,
        coalesce(sum(usd_seconds), 0) as usd_seconds,
        coalesce(sum(usd_correction), 0) as usd_correction
    from holds
    where run <> '' and state <> 'released'
    group by all
),
classes as (
    select
        run, kind, name, node,
        unnest([
            {'class': 'input', 'tokens': input, 'usd': usd_input},
            {'class': 'cache_read', 'tokens': cache_read, 'usd': usd_cache_read},
            {'class': 'cache_write', 'tokens': cache_write, 'usd': usd_cache_write},
            {'class': 'cache_write_1h', 'tokens': cache_write_1h, 'usd': usd_cache_write_1h},
            {'class': 'output', 'tokens': output, 'usd': usd_output},
            {'class': 'reasoning', 'tokens': reasoning, 'usd': usd_reasoning},
            {'class': 'call', 'tokens': null, 'usd': usd_call},
            {'class': 'seconds', 'tokens': null, 'usd': usd_seconds},
            {'class': 'correction', 'tokens': null, 'usd': usd_correction},
            {'class': 'unsettled', 'tokens': unsettled, 'usd': coalesce(usd, 0) - usd_input
                - usd_cache_read - usd_cache_write - usd_cache_write_1h - usd_output
                - usd_reasoning - usd_call - usd_seconds - usd_correction}
        ], recursive := true)
    from sums
),
starts as (
    select run, any_value(task_id) as task_id, any_value(experiment) as experiment
    from marks
    group by run
)
select
    run, task_id, experiment, kind, name, node, class,
    tokens::bigint as tokens, usd::decimal(38, 12) as usd
from classes
left join starts using (run)
where usd <> 0 or tokens > 0;
