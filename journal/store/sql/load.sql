-- Adds the events in `fresh` to all tables.

insert into records
select journal, id, run, seq, t, "at", kind, "key", hold, line from fresh;

insert into marks
select
    run, seq, t, kind, task, task_id, experiment, parent, planner, memory, model, seed, repeat,
    fork.run, pruned, status, answer, score, success, reason, why
from (
    select run, seq, t, kind, unnest(json_transform(line, '{
        "task": "VARCHAR", "task_id": "VARCHAR", "experiment": "VARCHAR", "parent": "VARCHAR",
        "planner": "VARCHAR", "memory": "VARCHAR", "model": "VARCHAR", "seed": "BIGINT",
        "repeat": "BIGINT", "fork": {"run": "VARCHAR"}, "pruned": "DOUBLE", "status": "VARCHAR",
        "answer": "VARCHAR", "score": "DOUBLE", "success": "BOOLEAN",
        "reason": "VARCHAR", "why": "VARCHAR"
    }'))
    from fresh
    where kind in ('run_started', 'run_resumed', 'run_ended', 'scored')
);

create or replace temp table heard as
with news as (
    select run, min(t) as first, max(t) as last, max("at") as seconds
    from fresh where run <> '' group by run
)
select run, min(first) as first, max(last) as last, max(seconds) as seconds
from (from news union all (select spans.* from spans semi join news using (run)))
group by run;

delete from spans where run in (select run from heard);

insert into spans from heard;

-- Holds whose events did not all come in this load, or came more than once.
create or replace temp table late as
with touched as (
    select run, hold, count(*) filter (kind = 'hold') as asked, count(*) as parts
    from fresh
    where kind in ('hold', 'settle', 'release', 'unknown') and hold is not null
    group by run, hold
)
select run, hold from touched where asked <> 1 or parts > 2
union
select run, hold from touched semi join holds using (run, hold);

delete from holds using late where holds.run = late.run and holds.hold = late.hold;

insert into holds
with parts as (
    select run, hold, seq, kind, line from fresh anti join late using (run, hold)
    union all (
        select run, hold, seq, kind, line from records semi join late using (run, hold)
        where kind in ('hold', 'settle', 'release', 'unknown')
        qualify row_number() over (
            partition by run, hold, kind = 'hold'
            order by kind = 'settle' desc, kind = 'release' desc,
                case when kind = 'hold' then seq else -seq end
        ) = 1
    )
),
asked as (
    select run, hold, seq, unnest(json_transform(line, '{
        "key": "VARCHAR", "call": "VARCHAR", "name": "VARCHAR", "node": "VARCHAR",
        "attempt": "BIGINT", "calls": "BIGINT", "usd": "DECIMAL(28,12)", "input_tokens": "BIGINT",
        "output_tokens": "BIGINT", "price": "VARCHAR", "max_tokens": "BIGINT",
        "prompt": "VARCHAR", "request": {"hash": "VARCHAR"}, "arguments": "VARCHAR"
    }'))
    from parts
    where kind = 'hold'
),
ended as (
    select run, hold, seq, kind, unnest(json_transform(line, '{
        "key": "VARCHAR", "usd": "DECIMAL(28,12)", "usd_by_class": {
            "input": "DECIMAL(28,12)", "cache_read": "DECIMAL(28,12)",
            "cache_write": "DECIMAL(28,12)", "cache_write_1h": "DECIMAL(28,12)",
            "output": "DECIMAL(28,12)", "reasoning": "DECIMAL(28,12)",
            "call": "DECIMAL(28,12)", "seconds": "DECIMAL(28,12)",
            "correction": "DECIMAL(28,12)"
        },
        "input": "BIGINT", "cache_read": "BIGINT", "cache_write": "BIGINT",
        "cache_write_1h": "BIGINT", "output": "BIGINT", "reasoning": "BIGINT", "seconds": "DOUBLE", "ok": "BOOLEAN",
        "reply": {"message": {"content": "VARCHAR"}, "finish_reason": "VARCHAR"},
        "observation": {"text": "VARCHAR"}
    }'))
    from parts
    where kind in ('settle', 'release', 'unknown')
)
select
    run, hold,
    coalesce(asked.seq, ended.seq), coalesce(asked."key", ended."key"),
    "call", name, node, attempt, coalesce(calls, 1),
    case kind
        when 'settle' then 'settled'
        when 'release' then 'released'
        when 'unknown' then 'unknown'
        else 'open'
    end,
    asked.usd,
    case kind
        when 'settle' then coalesce(ended.usd, asked.usd)
        when 'release' then 0
        else asked.usd
    end,
    usd_by_class.input, usd_by_class.cache_read, usd_by_class.cache_write,
    usd_by_class.cache_write_1h, usd_by_class.output, usd_by_class.reasoning, usd_by_class."call", usd_by_class.seconds,
    usd_by_class.correction,
    input, cache_read, cache_write,
    case when input is not null then coalesce(cache_write_1h, 0) end,
    output, reasoning,
    case
        when input is not null then input + coalesce(cache_read, 0) + coalesce(cache_write, 0)
            + coalesce(cache_write_1h, 0)
        when kind = 'release' then 0
        else input_tokens
    end,
    case
        when output is not null then output + coalesce(reasoning, 0)
        when kind = 'release' then 0
        else output_tokens
    end,
    seconds, ok, price, max_tokens, prompt, request.hash,
    reply.message.content, reply.finish_reason, arguments, observation.text
from asked full join ended using (run, hold);

drop table fresh;
