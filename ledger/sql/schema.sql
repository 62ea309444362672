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
    "call" varchar,
    name varchar,
    node varchar,
    attempt bigint,
    usd decimal(28, 12),
    usd_input decimal(28, 12),
    usd_cache_read decimal(28, 12),
    usd_cache_write decimal(28, 12),
    usd_output decimal(28, 12),
    usd_reasoning decimal(28, 12),
    usd_call decimal(28, 12),
    usd_seconds decimal(28, 12),
    input_tokens bigint,
    output_tokens bigint,
    max_tokens bigint,
    price varchar,
    input bigint,
    cache_read bigint,
    cache_write bigint,
    output bigint,
    reasoning bigint,
    seconds double,
    ok boolean,
    task varchar,
    task_id varchar,
    experiment varchar,
    parent varchar,
    planner varchar,
    memory varchar,
    model varchar,
    seed bigint,
    repeat bigint,
    status varchar,
    answer varchar,
    why varchar,
    score double,
    success boolean,
    resource varchar,
    line json using compression zstd
);
