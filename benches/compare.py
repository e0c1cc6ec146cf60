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
        ("operations", ["disabled", "sampled_out", "recorded"]),
        ("tracing-opentelemetry", ["sampled_out", "recorded"]),
        ("fastrace", ["recorded"]),
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
    ("span_vs_tracing_opentelemetry", None, "total", "spans/recorded", f"{BRIDGE}/recorded"),
    ("span_vs_fastrace", None, "total", "spans/recorded", "fastrace/recorded"),
    ("span_allocations", None, "allocations", "spans/recorded", None),
    ("adapter_span_vs_tracing_opentelemetry", None, "total", "operations/recorded", f"{BRIDGE}/recorded"),
    ("unsampled_span_vs_tracing_opentelemetry", None, "total", "spans/sampled_out", f"{BRIDGE}/sampled_out"),
    ("unsampled_child_allocations", None, "allocations", "children/sampled_out", None),
    ("axum_thread_vs_axum_tracing_opentelemetry", None, "caller", "requests/recorded", f"{AXUM}/recorded"),
    ("axum_total_vs_axum_tracing_opentelemetry", None, "total", "requests/recorded", f"{AXUM}/recorded"),
    ("axum_total_vs_fastrace_axum", None, "total", "requests/recorded", "fastrace-axum/recorded"),
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
    names = [name for _, _, scenarios in tables for name in scenarios]
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        figures = dict(zip(names, workers.map(bench.measure, names)))
    for floor, unit, scenarios in tables:
        show(unit, {name: figures[name] for name in scenarios})
    sys.exit(0 if judge(tables, figures) else 1)


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


def judge(tables, figures):
    """Prints a line for each goal that was measured. Whether none is short."""
    above = {}
    for floor, _, scenarios in tables:
        above |= {name: figures[name].above(figures[floor]) for name in scenarios}
    print()
    is_good = True
    for name, limit, what, ours, peer in GOALS:
        if ours not in above or peer and peer not in above:
            continue
        figure = getattr(above[ours], what) / (getattr(above[peer], what) if peer else 1)
        if limit is None:
            print(f"goal {name} {figure:.3f} <= -")
            continue
        is_reached = figure <= limit
        is_good = is_good and is_reached
        print(f"goal {name} {figure:.3f} <= {limit:.3f} {'ok' if is_reached else 'short'}")
    return is_good


@dataclass
class Bench:
    program: Path
    folder: Path

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
        with Sink(self.program) as sink:
            environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
            environment |= ALWAYS | MODES.get(mode, {}) | {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint}
            command = [
                *("valgrind", "--quiet", "--tool=callgrind", "--separate-threads=yes"),
                # A clock in fastrace calibrates itself before: as long as it takes, in every stack.
                "--zero-before=main",
                f"--callgrind-out-file={folder}/callgrind.out",
                *(self.program, "run", stack, str(bursts)),
            ]
            run = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            if run.returncode:
                sys.exit(f"bench: {scenario} failed with status {run.returncode}")
            operations, spans = map(int, run.stdout.split())
            arrived = sink.arrived()
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
