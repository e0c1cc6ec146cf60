#!/usr/bin/env python3
"""Counts the instructions of each scenario by callgrind, and compares ours with the peers'.

compare.py PROGRAM FOLDER [FILTER...]; scripts/bench calls it. FOLDER gets callgrind's files.

A scenario is run with few bursts and with many: the difference is what the work costs, without start-up.
All threads are counted, those that export too. The receiver runs beside, uncounted; a scenario of which
it misses a span is an error, since a stack that drops spans looks cheap.
"""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

FEW, MANY = 4, 16
FLOOD = 20_000

# How a mode is said to a stack: in OpenTelemetry's own variables. Any other mode is a stack of its own to the
# program: STACK-MODE.
MODES = {
    "disabled": {"OTEL_SDK_DISABLED": "true"},
    "sampled_out": {"OTEL_TRACES_SAMPLER": "always_off"},
    "recorded": {"OTEL_TRACES_SAMPLER": "always_on"},
    # The peers have no metrics.
    "recorded_and_measured": {"OTEL_TRACES_SAMPLER": "always_on", "OTEL_METRICS_EXPORTER": "otlp"},
}
ALWAYS = {
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_BSP_SCHEDULE_DELAY": "3600000",  # only the flush after a burst exports
}

# The scenario that is the floor, the unit, and the scenarios: stack and modes. The program knows the stacks.
TABLES = [
    ("spans/bare", "span: a root and ten children, six attributes and one event each", [
        ("spans", ["bare", "disabled", "sampled_out", "recorded"]),
        ("children", ["sampled_out"]),
        ("registry", ["bare"]),
        ("operations", ["disabled", "sampled_out", "recorded"]),
        ("operations.silent", ["sampled_out", "recorded"]),
        ("tracing-opentelemetry", ["sampled_out", "recorded"]),
        ("fastrace", ["recorded"]),
    ]),
    ("two_threads/bare", "span of two threads that make them at once", [
        ("two_threads", ["bare", "recorded"]),
        ("tracing-opentelemetry.two_threads", ["recorded"]),
    ]),
    ("requests/bare", "request to an axum service", [
        ("requests", ["bare", "disabled", "sampled_out", "recorded", "recorded_and_measured"]),
        ("axum-tracing-opentelemetry", ["sampled_out", "recorded"]),
        ("fastrace-axum", ["recorded"]),
    ]),
    ("propagation.extract/bare", "extraction from headers into a Context", [
        ("propagation.extract", ["bare", "traceparent", "baggage"]),
        ("opentelemetry_sdk.propagation.extract", ["traceparent", "baggage"]),
    ]),
    ("propagation.inject/bare", "injection into headers", [
        ("propagation.inject", ["bare", "traceparent", "operation"]),
        ("opentelemetry_sdk.propagation.inject", ["traceparent"]),
    ]),
    ("propagation.child/recorded", "span of a trace that came in", [
        ("propagation.child", ["recorded"]),
        ("propagation.child_with_tracestate", ["recorded"]),
    ]),
    ("propagation.hop/recorded", "span whose trace is extracted, carried and injected", [
        ("propagation.hop", ["recorded"]),
        ("propagation.hop_with_tracestate", ["recorded"]),
    ]),
    ("guard.clean/bare", "clean value of 40 bytes", [
        ("guard.clean", ["bare", "judged"]),
        ("regexes.clean", ["matched"]),
    ]),
    ("guard.awkward/bare", "clean value with many digits, or long words", [
        ("guard.awkward", ["bare", "judged"]),
        ("regexes.awkward", ["matched"]),
    ]),
    ("guard.attributes/bare", "seven clean attributes", [("guard.attributes", ["bare", "judged"])]),
    ("guard.hostile/bare", "kilobyte of hostile text", [("guard.hostile", ["bare", "10KB", "1MB"])]),
]

BRIDGE, AXUM, PROPAGATOR = "tracing-opentelemetry", "axum-tracing-opentelemetry", "opentelemetry_sdk.propagation"
# Name, limit, what is compared, ours, and the peer's; without a peer the figure itself is the goal's. All
# figures are what is above the floor. A limit of None is not set yet.
GOALS = [
    ("span_vs_tracing_opentelemetry", 0.15, "total", "spans/recorded", f"{BRIDGE}/recorded"),
    ("span_vs_fastrace", 0.25, "total", "spans/recorded", "fastrace/recorded"),
    ("span_allocations", 4, "allocations", "spans/recorded", None),
    ("span_of_two_threads_vs_tracing_opentelemetry", 0.15, "total", "two_threads/recorded", f"{BRIDGE}.two_threads/recorded"),
    ("adapter_span_vs_tracing_opentelemetry", 0.08, "total", "operations/recorded", f"{BRIDGE}/recorded"),
    ("unsampled_span_vs_tracing_opentelemetry", 0.25, "total", "spans/sampled_out", f"{BRIDGE}/sampled_out"),
    # None by a span: the rest is the flush after a burst.
    ("unsampled_child_allocations", 0.01, "allocations", "children/sampled_out", None),
    ("axum_thread_vs_axum_tracing_opentelemetry", 0.25, "caller", "requests/recorded", f"{AXUM}/recorded"),
    ("axum_total_vs_axum_tracing_opentelemetry", 0.10, "total", "requests/recorded", f"{AXUM}/recorded"),
    ("axum_total_vs_fastrace_axum", 0.20, "total", "requests/recorded", "fastrace-axum/recorded"),
    ("extracted_traceparent", 0.30, "total", "propagation.extract/traceparent", f"{PROPAGATOR}.extract/traceparent"),
    ("extracted_baggage_of_five", 0.25, "total", "propagation.extract/baggage", f"{PROPAGATOR}.extract/baggage"),
    ("injected_traceparent", 0.25, "total", "propagation.inject/traceparent", f"{PROPAGATOR}.inject/traceparent"),
    ("tracestate_of_a_span", 300, "total", "propagation.child_with_tracestate/recorded", None),
    ("guarded_clean_value_vs_regexes", 0.65, "total", "guard.clean/judged", "regexes.clean/matched"),
    ("guarded_awkward_value_vs_regexes", 1.5, "total", "guard.awkward/judged", "regexes.awkward/matched"),
    ("seven_guarded_attributes", 1500, "total", "guard.attributes/judged", None),
    ("guarded_megabyte_vs_kilobytes", 1.5, "total", "guard.hostile/1MB", "guard.hostile/10KB"),
    ("tracestate_of_a_hop", None, "total", "propagation.hop_with_tracestate/recorded", None),
]


# The goals that are shown on mimalloc too.
WITH_MIMALLOC = {
    "span_vs_tracing_opentelemetry",
    "span_of_two_threads_vs_tracing_opentelemetry",
    "adapter_span_vs_tracing_opentelemetry",
    "unsampled_span_vs_tracing_opentelemetry",
    "axum_total_vs_axum_tracing_opentelemetry",
}
# Also run without valgrind: name, ours, and the peer's.
NATIVE = [
    ("spans", "spans", BRIDGE),
    ("spans_of_two_threads", "two_threads", f"{BRIDGE}.two_threads"),
]
# The parts of a span's cost: what a scenario costs more than another.
CHILD, HOP = "propagation.child/recorded", "propagation.hop/recorded"
UNKEPT, SILENT, SPAN = "operations.silent/sampled_out", "operations.silent/recorded", "operations/recorded"
PARTS = {
    "context creation": ((UNKEPT, "total"), ("spans/bare", "total")),
    "propagation: extraction and injection": ((HOP, "total"), (CHILD, "total")),
    "recording": ((SILENT, "caller"), (UNKEPT, "caller")),
    "attributes and event, with the guard": ((SPAN, "caller"), (SILENT, "caller")),
    "export": ((SPAN, "total"), (SPAN, "caller")),
}


@dataclass
class Figures:
    """For one unit of work: a span, a request, an extraction."""

    total: float  # instructions
    caller: float  # those on the thread that does the work
    allocations: float

    def above(self, floor):
        return Figures(
            self.total - floor.total, self.caller - floor.caller, self.allocations - floor.allocations
        )


def main():
    program, folder, *filters = sys.argv[1:]
    bench = Bench(Path(program), Path(folder))
    tables = select(filters)
    figures = bench.measure_all(tables)
    for _, unit, scenarios in tables:
        show(unit, {name: figures[name] for name in scenarios})
    show_parts(figures)
    above = above_floor(tables, figures)
    print()
    is_good = all([judge(goal, above) for goal in GOALS if is_measured(goal, above)])
    show_with_mimalloc(Bench(Path(f"{program}-mimalloc"), Path(folder) / "mimalloc"), tables, above)
    for name, stack, peer in NATIVE:
        if {f"{stack}/recorded", f"{peer}/recorded"} <= above.keys():
            is_good = judge_natively(bench, name, stack, peer) and is_good
    sys.exit(0 if is_good else 1)


def select(filters):
    """The tables with those scenarios that contain one of the filters, and the floor of each."""
    tables = []
    for floor, unit, stacks in TABLES:
        names = [f"{stack}/{mode}" for stack, modes in stacks for mode in modes]
        chosen = [name for name in names if not filters or any(part in name for part in filters)]
        if chosen:
            tables.append((floor, unit, list(dict.fromkeys([floor, *chosen]))))
    if not tables:
        sys.exit(f"bench: no scenario contains {' or '.join(filters)}")
    return tables


def show(unit, figures):
    print(f"\nfor each {unit}\n")
    print(f"{'':50}{'instructions':>14}{'on its thread':>16}{'allocations':>14}")
    for name, of in figures.items():
        print(f"{name:50}{of.total:>14,.0f}{of.caller:>16,.0f}{of.allocations:>14.2f}")


def above_floor(tables, figures):
    above = {}
    for floor, _, scenarios in tables:
        above |= {name: figures[name].above(figures[floor]) for name in scenarios}
    return above


def show_parts(figures):
    """Where the cost of a span is, by differences between scenarios."""
    if any(scenario not in figures for pair in PARTS.values() for scenario, _ in pair):
        return
    print("\nfor each part of an adapter's span with six attributes and one event, and of its trace over one hop\n")
    for part, (whole, without) in PARTS.items():
        cost, rest = (getattr(figures[scenario], what) for scenario, what in (whole, without))
        print(f"{part:50}{cost - rest:>14,.0f}")


def is_measured(goal, above):
    _, _, _, ours, peer = goal
    return ours in above and (peer is None or peer in above)


def judge(goal, above):
    """Prints a line for the goal. Whether it is reached."""
    name, limit, _, _, _ = goal
    figure = compared(goal, above)
    if limit is None:
        print(f"goal {name} {figure:.3f} <= -")
        return True
    is_reached = figure <= limit
    print(f"goal {name} {figure:.3f} <= {limit:.3f} {'ok' if is_reached else 'short'}")
    return is_reached


def compared(goal, above):
    _, _, what, ours, peer = goal
    return getattr(above[ours], what) / (getattr(above[peer], what) if peer else 1)


def show_with_mimalloc(bench, tables, above):
    """The same ratios on another allocator, for the goals that a peer's allocations decide."""
    goals = [goal for goal in GOALS if goal[0] in WITH_MIMALLOC and is_measured(goal, above)]
    wanted = {name for _, _, _, ours, peer in goals for name in (ours, peer)}
    chosen = [
        (floor, unit, [name for name in scenarios if name == floor or name in wanted])
        for floor, unit, scenarios in tables
        if wanted & set(scenarios)
    ]
    beside = above_floor(chosen, bench.measure_all(chosen))
    for goal in goals:
        print(f"with mimalloc {goal[0]} {compared(goal, beside):.3f}")


def judge_natively(bench, name, stack, peer):
    """What no count of instructions tells: time of the processor, and what a flood of spans takes and loses."""
    ours, theirs = bench.processor_times(stack, peer)
    is_cheap = ours / theirs <= 0.15
    print(f"goal processor_time_of_{name} {ours / theirs:.3f} <= 0.150 {'ok' if is_cheap else 'short'}", end=" ")
    print(f"({ours * 1e6:.2f} : {theirs * 1e6:.2f} microseconds)")
    (lost, memory), (theirs_lost, theirs_memory) = bench.flood(stack), bench.flood(peer)
    is_kept = lost == 0 and memory <= theirs_memory
    print(f"goal lost_in_a_flood_of_{name} {lost} <= 0 {'ok' if is_kept else 'short'}", end=" ")
    print(f"({memory} KiB; the peer lost {theirs_lost} in {theirs_memory} KiB)")
    return is_cheap and is_kept


@dataclass
class Bench:
    program: Path
    folder: Path

    def measure_all(self, tables):
        names = [name for _, _, scenarios in tables for name in scenarios]
        with ThreadPoolExecutor(os.cpu_count()) as workers:
            return dict(zip(names, workers.map(self.measure, names)))

    def measure(self, scenario):
        """The figures of a scenario: STACK/MODE."""
        few = self.run(scenario, FEW)
        many = self.run(scenario, MANY)
        units = many["units"] - few["units"]
        return Figures(*((many[key] - few[key]) / units for key in ("total", "caller", "allocations")))

    def run(self, scenario, bursts):
        stack, mode = scenario.split("/")
        if mode not in MODES:
            stack += f"-{mode}"
        folder = self.folder / scenario.replace("/", ".")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        valgrind = [
            *("valgrind", "--quiet", "--tool=callgrind", "--separate-threads=yes"),
            # A clock in fastrace calibrates itself before: as long as it takes, in every stack.
            "--zero-before=main",
            f"--callgrind-out-file={folder}/callgrind.out",
        ]
        command = [*valgrind, self.program, "run", stack, str(bursts)]
        (operations, spans), arrived, _ = self.execute(command, mode)
        expected = spans if mode.startswith("recorded") else 0
        if arrived != expected:
            sys.exit(f"bench: {scenario} sent {arrived} spans of {expected}")
        # The caller is the program's first thread.
        counts = [read(path) for path in sorted(folder.glob("callgrind.out-*"))]
        return {
            "units": spans,
            "total": sum(instructions for instructions, _ in counts),
            "caller": counts[0][0],
            "allocations": sum(allocations for _, allocations in counts),
        }

    def processor_times(self, *stacks):
        """
        Seconds of the processor for a span of each stack, start-up left out: the least of some runs.

        The stacks run in turn, so that no other work on the machine meets one of them alone.
        """

        def run(stack, bursts):
            (_, spans), _, seconds = self.execute([self.program, "run", stack, str(bursts)], "recorded")
            return seconds, spans

        def least(runs):
            times, spans = zip(*runs)
            return min(times), spans[0]

        rounds = [[(run(stack, 20), run(stack, 420)) for stack in stacks] for _ in range(5)]
        for runs in zip(*rounds):
            (few, few_spans), (many, many_spans) = map(least, zip(*runs))
            yield (many - few) / (many_spans - few_spans)

    def flood(self, stack):
        """How many spans of a large burst are lost, and how much memory it takes, in KiB."""
        (spans, memory), arrived, _ = self.execute([self.program, "flood", stack, str(FLOOD)], "recorded")
        return spans - arrived, memory

    def execute(self, command, mode):
        """The numbers that a run prints, how many spans arrived, and the run's own seconds of the processor."""
        with Sink(self.program) as sink:
            environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
            environment |= ALWAYS | MODES.get(mode, {}) | {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint}
            run = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            with run.stdout:
                printed = run.stdout.read()
            # Of this process alone: the receiver is a child too.
            _, status, used = os.wait4(run.pid, 0)
            run.returncode = os.waitstatus_to_exitcode(status)
            if run.returncode:
                sys.exit(f"bench: {' '.join(map(str, command))} failed with status {run.returncode}")
            return map(int, printed.split()), sink.arrived(), used.ru_utime + used.ru_stime


class Sink:
    """A receiver in a process of its own."""

    def __init__(self, program):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen([program, "sink"], text=True, **pipes)
        self.endpoint = self.process.stdout.readline().strip()

    def arrived(self):
        self.process.stdin.close()
        return int(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


ALLOCATORS = {"malloc", "calloc", "realloc", "posix_memalign"}


def read(path):
    """Instructions and allocations in a file of callgrind's: of one thread."""
    instructions = allocations = 0
    allocators = set()
    called = None
    with path.open() as lines:
        for line in lines:
            if line.startswith("totals: "):
                instructions = int(line.split()[1])
            # A name is written out at its first use only: `cfn=(12) malloc`, later `cfn=(12)`.
            elif named := re.match(r"c?fn=(\(\d+\))(?: (.+))?", line):
                number, name = named.groups()
                if name in ALLOCATORS:
                    allocators.add(number)
                called = number
            elif line.startswith("calls=") and called in allocators:
                allocations += int(line[len("calls=") :].split()[0])
    return instructions, allocations


if __name__ == "__main__":
    main()
