-- Adds the lines of the given files to `records`. A line that cannot be read is a row of nulls;
-- `sweep.sql` takes such rows out (a condition here would parse every line twice).

insert into records
select
    parse_filename(filename, true),
    id, run, seq, t, "at", kind, "key",
    hold, "call", name, node, attempt,
    usd,
    usd_by_class.input, usd_by_class.cache_read, usd_by_class.cache_write,
    usd_by_class.output, usd_by_class.reasoning, usd_by_class."call",
    usd_by_class.seconds,
    input_tokens, output_tokens, max_tokens, price,
    input, cache_read, cache_write, output, reasoning, seconds, ok,
    task, task_id, experiment, parent, planner, memory, model, seed, repeat,
    status, answer, why, score, success, resource,
    line
from (
    select filename, json as line, unnest(json_transform(json, '{
        "id": "VARCHAR", "run": "VARCHAR", "seq": "BIGINT", "t": "DOUBLE", "at": "DOUBLE",
        "kind": "VARCHAR", "key": "VARCHAR", "hold": "VARCHAR", "call": "VARCHAR",
        "name": "VARCHAR", "node": "VARCHAR", "attempt": "BIGINT", "usd": "DECIMAL(28,12)",
        "usd_by_class": {
            "input": "DECIMAL(28,12)", "cache_read": "DECIMAL(28,12)",
            "cache_write": "DECIMAL(28,12)", "output": "DECIMAL(28,12)",
            "reasoning": "DECIMAL(28,12)", "call": "DECIMAL(28,12)",
            "seconds": "DECIMAL(28,12)"
        },
        "input_tokens": "BIGINT", "output_tokens": "BIGINT", "max_tokens": "BIGINT",
        "price": "VARCHAR", "input": "BIGINT", "cache_read": "BIGINT", "cache_write": "BIGINT",
        "output": "BIGINT", "reasoning": "BIGINT", "seconds": "DOUBLE", "ok": "BOOLEAN",
        "task": "VARCHAR", "task_id": "VARCHAR", "experiment": "VARCHAR", "parent": "VARCHAR",
        "planner": "VARCHAR", "memory": "VARCHAR", "model": "VARCHAR", "seed": "BIGINT",
        "repeat": "BIGINT", "status": "VARCHAR", "answer": "VARCHAR", "why": "VARCHAR",
        "score": "DOUBLE", "success": "BOOLEAN", "resource": "VARCHAR"
    }'))
    from read_ndjson_objects(
        ?, ignore_errors = true, filename = true, maximum_object_size = ?
    )
);
