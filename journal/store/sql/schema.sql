-- The store's own tables. Everything in them can be loaded again from the journals.

create table meta (
    format integer not null,
    views varchar not null
);

create table journals (
    name varchar not null,
    format integer not null,
    bytes bigint not null,
    lines bigint not null,
    corrupt bigint not null
);

-- One row per event.
create table records (
    journal varchar,
    id varchar,
    run varchar,
    seq bigint,
    t double,
    "at" double,
    kind varchar,
    "key" varchar,
    hold varchar,
    line json using compression zstd
);

-- One row per hold, with what became of it.
create table holds (
    run varchar,
    hold varchar,
    seq bigint,
    "key" varchar,
    "call" varchar,
    name varchar,
    node varchar,
    attempt bigint,
    calls bigint,
    state varchar,
    usd_held decimal(28, 12),
    usd decimal(28, 12),
    usd_input decimal(28, 12),
    usd_cache_read decimal(28, 12),
    usd_cache_write decimal(28, 12),
    usd_cache_write_1h decimal(28, 12),
    usd_output decimal(28, 12),
    usd_reasoning decimal(28, 12),
    usd_call decimal(28, 12),
    usd_seconds decimal(28, 12),
    usd_correction decimal(28, 12),
    input bigint,
    cache_read bigint,
    cache_write bigint,
    cache_write_1h bigint,
    output bigint,
    reasoning bigint,
    input_tokens bigint,
    output_tokens bigint,
    seconds double,
    ok boolean,
    price varchar,
    max_tokens bigint,
    prompt varchar,
    request varchar,
    content varchar using compression zstd,
    finish varchar,
    arguments varchar using compression zstd,
    observation varchar using compression zstd
);

-- Where runs begin, go on, end and are judged: one row per such event.
create table marks (
    run varchar,
    seq bigint,
    t double,
    kind varchar,
    task varchar,
    task_id varchar,
    experiment varchar,
    parent varchar,
    planner varchar,
    memory varchar,
    model varchar,
    seed bigint,
    repeat bigint,
    fork varchar,
    pruned double,
    status varchar,
    answer varchar,
    score double,
    success boolean,
    reason varchar,
    why varchar
);

-- When each run was heard of: one row per run.
create table spans (
    run varchar,
    first double,
    last double,
    seconds double
);
