-- runs: one row per run.
--
--   run            VARCHAR         the run
--   task           VARCHAR         what was asked
--   task_id        VARCHAR         the suite's name for the task, or null
--   experiment     VARCHAR         the experiment that it belongs to, or null
--   planner        VARCHAR         the planner
--   memory         VARCHAR         the memory
--   model          VARCHAR         the policy
--   seed           BIGINT          seed of the run's draws
--   repeat         BIGINT          which repeat of the task, from 0
--   parent         VARCHAR         the run that started it as a sub-agent, or null
--   status         VARCHAR         how it ended; null while it has not, or once it was resumed
--   reason         VARCHAR         what ended it: `answered`, `budget`, `length`, `empty_reply`, …
--   why            VARCHAR         the same in a sentence, where it did not end by its own answer
--   answer         VARCHAR         its last answer
--   score          DOUBLE          the suite's judgement
--   success        BOOLEAN         whether that counts as solved
--   started        TIMESTAMP       when it began, in UTC
--   seconds        DOUBLE          the run's own time so far, without downtime
--   usd            DECIMAL(38,12)  USD spent; holds without a bill count in full
--   unpriced       BIGINT          calls without a price, which `usd` leaves out
--   [a column for each resource of the table in ledger/resources.py]
--   pruned         TIMESTAMP       when its texts were taken out, in UTC, or null

create or replace view runs as
with heads as (
    select
        run,
        any_value(task) as task,
        any_value(task_id) as task_id,
        any_value(experiment) as experiment,
        any_value(planner) as planner,
        any_value(memory) as memory,
        any_value(model) as model,
        any_value(seed) as seed,
        any_value(repeat) as repeat,
        any_value(parent) as parent,
        max(seq) filter (where kind = 'run_ended') as ended,
        max(seq) filter (where kind = 'run_resumed') as resumed,
        arg_max(status, seq) filter (where kind = 'run_ended') as status,
        arg_max(
            coalesce(
                reason,
                case status when 'budget_exhausted' then 'budget' when 'failed' then 'error'
                else status end
            ), seq
        ) filter (where kind = 'run_ended') as reason,
        arg_max(why, seq) filter (where kind = 'run_ended') as why,
        arg_max(answer, seq) filter (where kind = 'run_ended') as answer,
        arg_max(score, t) filter (where kind = 'scored') as score,
        arg_max(success, t) filter (where kind = 'scored') as success,
        max(pruned) as pruned
    from marks
    group by run
),
spent as (
    select
        run,
        coalesce(sum(usd), 0) as usd,
        count(*) filter (where usd is null) as unpriced,
        [their sums]
    from holds
    where state <> 'released'
    group by run
)
select
    run, task, task_id, experiment, planner, memory, model, seed, repeat, parent,
    case when ended > coalesce(resumed, -1) then status end as status,
    case when ended > coalesce(resumed, -1) then reason end as reason,
    case when ended > coalesce(resumed, -1) then nullif(why, '') end as why,
    answer, score, success,
    make_timestamp((first * 1000000)::bigint) as started,
    seconds,
    coalesce(usd, 0) as usd,
    coalesce(unpriced, 0) as unpriced,
    [their names],
    make_timestamp((pruned * 1000000)::bigint) as pruned
from spans
left join heads using (run)
left join spent using (run);
