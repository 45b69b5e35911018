"""Runs pipeline schedules in PyTorch on this machine's cores and notes when every action began and ended.

    pytorch_schedule.py run FOLDER RANKS MEASURED   runs the jobs of that many ranks, MEASURED steps each (lowered: one)
    pytorch_schedule.py table FOLDER                prints what came of them, once Stagecraft has replayed them

scripts/pytorch_schedules calls it inside a folder that has PyTorch, and says what FOLDER holds:

    jobs                      lines of: name, schedule, ranks, chunks, micro-batches, format (of PyTorch's loader)
    NAME.csv                  a job's schedule
    NAME.rank2.json           what rank 2 saw of it: loss, squared gradient norms, and the actions of every step
    NAME.step3.yaml           step 3 with its own mean times as a scenario
    NAME.step3.overlap.json   what Stagecraft reports of it; .blocking.json: with transfers that hold their sender

One model for all: 16 layers of a product and a tanh, in equal shares. Every schedule of m micro-batches gets the same
weights and the same data, so that its loss and its gradient must be those of any other, and of no pipeline at all.
Times are of CLOCK_MONOTONIC, which all processes of a machine share.
"""

import gc
import json
import os
import re
import statistics
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

LAYERS = 16
HIDDEN = 384
ROWS = 16  # of one micro-batch
WARM_UP = 2  # steps before the measured ones
TOLERANCE = 1e-5  # of a loss or a squared norm, relative: float32, summed in another order


class Job(NamedTuple):
    name: str
    schedule: str
    ranks: int
    chunks: int
    microbatches: int
    format: str

    @property
    def stages(self):
        return self.ranks * self.chunks


def read_jobs(folder):
    for line in (folder / "jobs").read_text().splitlines():
        name, schedule, ranks, chunks, microbatches, form = line.split()
        yield Job(name, schedule, int(ranks), int(chunks), int(microbatches), form)


class Action(NamedTuple):
    """Times in nanoseconds; on_core: how long of it the thread had a core."""

    stage: int
    kind: str  # F, B, I or W
    microbatch: int
    start: int
    end: int
    on_core: int

    @property
    def way(self):
        """What a neighbour waits for: a forward, or the input gradient of either backward."""
        return {"F": "F", "W": "W"}.get(self.kind, "B")


# --- In PyTorch -----------------------------------------------------------------------------------------------------


def timed_classes():
    """PyTorch's stage and runtime, noting their actions. A function, since printing the table needs no PyTorch."""
    from torch.distributed.pipelining import PipelineStage
    from torch.distributed.pipelining.schedules import _PipelineScheduleRuntime

    class TimedStage(PipelineStage):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.actions = []

        @contextmanager
        def timed(self, kind, microbatch):
            start, on_core = time.perf_counter_ns(), time.thread_time_ns()
            yield
            on_core = time.thread_time_ns() - on_core
            self.actions.append(
                Action(self.stage_index, kind, microbatch, start, time.perf_counter_ns(), on_core))

        def forward_one_chunk(self, microbatch, *args, **options):
            with self.timed("F", microbatch):
                return super().forward_one_chunk(microbatch, *args, **options)

        def backward_one_chunk(self, microbatch, *args, full_backward=True, **options):
            with self.timed("B" if full_backward else "I", microbatch):
                return super().backward_one_chunk(microbatch, *args, full_backward=full_backward, **options)

        def backward_weight_one_chunk(self, microbatch, *args, **options):
            with self.timed("W", microbatch):
                return super().backward_weight_one_chunk(microbatch, *args, **options)

    class TimedRuntime(_PipelineScheduleRuntime):
        def _maybe_compute_loss(self, stage, output, targets, microbatch):
            super()._maybe_compute_loss(stage, output, targets, microbatch)
            if stage.is_last:  # The loss is the end of the last stage's forward.
                stage.actions[-1] = stage.actions[-1]._replace(end=time.perf_counter_ns())

    return TimedStage, TimedRuntime


def make_layers():
    import torch
    torch.manual_seed(0)
    return [torch.nn.Sequential(torch.nn.Linear(HIDDEN, HIDDEN), torch.nn.Tanh()) for _ in range(LAYERS)]


def make_data(microbatches):
    import torch
    torch.manual_seed(microbatches)
    return torch.randn(ROWS * microbatches, HIDDEN), torch.randn(ROWS * microbatches, HIDDEN)


def mean_square(output, target):
    return ((output - target) ** 2).mean()


def squared_norm(layer):
    return sum(float(parameter.grad.norm() ** 2) for parameter in layer.parameters())


def run_plain(microbatches):
    """Loss and each layer's squared gradient norm without a pipeline."""
    import torch
    layers = make_layers()
    whole = torch.nn.Sequential(*layers)
    losses = []
    for x, target in zip(*(data.chunk(microbatches) for data in make_data(microbatches))):
        losses.append(mean_square(whole(x), target))
        losses[-1].backward()
    return {"loss": float(torch.stack(losses).mean()), "norms": {i: squared_norm(layers[i]) for i in range(LAYERS)}}


def make_runtime(job, folder, rank):
    """The rank's stages, and the runtime that has read the job's schedule; an error where PyTorch refuses it."""
    import torch
    TimedStage, TimedRuntime = timed_classes()
    schedule = folder / f"{job.name}.csv"
    rank_of = ranks_of_stages(schedule)
    layers = make_layers()
    share = LAYERS // job.stages
    sample = torch.empty(ROWS, HIDDEN)
    stages = [TimedStage(torch.nn.Sequential(*layers[stage * share:(stage + 1) * share]), stage, job.stages,
                         torch.device("cpu"), input_args=(sample,), output_args=(sample,))
              for stage in sorted(rank_of) if rank_of[stage] == rank]
    runtime = TimedRuntime(stages, job.microbatches, loss_fn=mean_square, stage_index_to_group_rank=rank_of)
    runtime._load_csv(str(schedule), format=job.format)
    return stages, runtime


def run_steps(job, stages, runtime, measured):
    """Losses where this rank has the last stage, squared gradient norms of its layers, and every step's actions."""
    import torch
    import torch.distributed as dist
    has_first, has_last = any(stage.is_first for stage in stages), any(stage.is_last for stage in stages)
    x, target = make_data(job.microbatches)
    arguments = (x,) if has_first else ()
    options = {"target": target} if has_last else {}
    seen = {"losses": [], "norms": {}, "steps": []}
    for step in range(WARM_UP + measured):
        for stage in stages:
            stage.submod.zero_grad(set_to_none=False)
            stage.actions.clear()
        gc.collect()
        losses = []
        dist.barrier()
        runtime.step(*arguments, losses=losses, **options)
        if has_last:
            seen["losses"].append(float(torch.stack(losses).mean()))
        if step >= WARM_UP:
            seen["steps"].append(sorted((action for stage in stages for action in stage.actions),
                                        key=lambda action: action.start))
    for stage in stages:
        for i, layer in enumerate(stage.submod):
            seen["norms"][stage.stage_index * len(stage.submod) + i] = squared_norm(layer)
    return seen


def work(rank, folder, jobs, measured):
    """One of the ranks."""
    import torch
    import torch.distributed as dist
    torch.set_num_threads(1)
    ranks = jobs[0].ranks
    cores = sorted(os.sched_getaffinity(0))
    if ranks <= len(cores):
        os.sched_setaffinity(0, {cores[rank]})
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    dist.init_process_group("gloo", init_method=f"file://{folder.resolve()}/ranks-{ranks}", rank=rank, world_size=ranks,
                            timeout=timedelta(seconds=60))
    for job in jobs:
        try:
            stages, runtime = make_runtime(job, folder, rank)
        except (AssertionError, RuntimeError) as error:  # On every rank: nothing has been sent yet.
            seen = {"error": str(error)}
        else:
            seen = run_steps(job, stages, runtime, measured if job.format == "compute_only" else 1)
        (folder / f"{job.name}.rank{rank}.json").write_text(json.dumps(seen))
    dist.destroy_process_group()


def run(folder, ranks, measured):
    import torch
    import torch.multiprocessing as mp
    torch.set_num_threads(1)
    jobs = [job for job in read_jobs(folder) if job.ranks == ranks]
    for microbatches in sorted({job.microbatches for job in jobs}):
        (folder / f"plain.m{microbatches}.json").write_text(json.dumps(run_plain(microbatches)))
    mp.spawn(work, (folder, jobs, measured), nprocs=ranks)
    for job in jobs:
        seen = read_seen(folder, job)
        if job.format == "compute_only" and "error" not in seen:
            rank_of = ranks_of_stages(folder / f"{job.name}.csv")
            for number, step in enumerate(seen["steps"]):
                costs = mean_costs(job, rank_of, step)
                (folder / f"{job.name}.step{number}.yaml").write_text(scenario(job, costs))


# --- What was measured ----------------------------------------------------------------------------------------------


def ranks_of_stages(schedule):
    """{stage: rank} of a schedule's CSV."""
    return {int(re.match(r"\d+", cell)[0]): rank
            for rank, line in enumerate(schedule.read_text().splitlines()) for cell in line.split(",") if cell}


def read_seen(folder, job):
    """What all ranks saw of a job; of each step a list of actions per rank, in the order of their starts."""
    files = [folder / f"{job.name}.rank{rank}.json" for rank in range(job.ranks)]
    if not all(file.exists() for file in files):
        return {"error": "it did not end"}
    ranks = [json.loads(file.read_text()) for file in files]
    for rank in ranks:
        if "error" in rank:
            return rank
    return {
        "losses": [loss for rank in ranks for loss in rank["losses"]],
        "norms": {layer: norm for rank in ranks for layer, norm in rank["norms"].items()},
        "steps": [[[Action(*action) for action in actions] for actions in step]
                  for step in zip(*(rank["steps"] for rank in ranks))],
    }


def makespan(step):
    actions = [action for rank in step for action in rank]
    return max(action.end for action in actions) - min(action.start for action in actions)


def on_core(step):
    """Share of the actions' time in which their thread had a core. What else runs on the machine takes the rest."""
    actions = [action for rank in step for action in rank]
    return sum(action.on_core for action in actions) / sum(action.end - action.start for action in actions)


class Gaps(NamedTuple):
    """What lies between actions, in nanoseconds: hops of what a rank waited for, by boundary between stages; and the
    time from one action to the next of a rank where that had all it needs, which is PyTorch's own."""

    hops: dict
    dispatch: list


def source_of(job, action):
    """The stage whose forward or backward of the same micro-batch the action needs, or None."""
    source = action.stage + {"F": -1, "B": 1, "W": 0}[action.way]
    return source if action.way != "W" and 0 <= source < job.stages else None


def find_gaps(job, rank_of, step):
    """A rank waited if what it needs from another rank ended after the rank's previous action did."""
    ends = {(action.stage, action.way, action.microbatch): action.end for rank in step for action in rank}
    gaps = Gaps(defaultdict(list), [])
    for rank, actions in enumerate(step):
        for before, action in zip([None, *actions], actions):
            source = source_of(job, action)
            remote = source is not None and rank_of[source] != rank
            ready = ends[source, action.way, action.microbatch] if remote else 0
            if remote and (before is None or ready > before.end):
                gaps.hops[min(source, action.stage)].append(action.start - ready)
            elif before is not None:
                gaps.dispatch.append(action.start - before.end)
    return gaps


class Costs(NamedTuple):
    """A step's means, in nanoseconds."""

    times: dict  # {(kind, stage): time}
    hops: list  # of each boundary between stages, 0 inside a rank
    dispatch: int


def mean_costs(job, rank_of, step):
    times = defaultdict(list)
    for rank in step:
        for action in rank:
            times[action.kind, action.stage].append(action.end - action.start)
    gaps = find_gaps(job, rank_of, step)
    waits = [hop for hops in gaps.hops.values() for hop in hops]
    hops = [0 if rank_of[boundary] == rank_of[boundary + 1] else round(statistics.fmean(gaps.hops[boundary] or waits))
            for boundary in range(job.stages - 1)]
    return Costs({key: round(statistics.fmean(values)) for key, values in times.items()}, hops,
                 round(statistics.fmean(gaps.dispatch)))


def scenario(job, costs):
    """The costs for `stagecraft run`. It has none between the actions of a rank, so dispatch stays out."""
    def durations(values):
        return "[" + ", ".join(f"{value} ns" for value in values) + "]"

    shape = f"stages: {job.ranks}, microbatches: {job.microbatches}, chunks: {job.chunks}"
    lines = [
        f"name: {job.name}, measured",
        f"pipeline: {{csv: {job.name}.csv, {shape}}}",
        "costs:",
        "  model: uniform",
        f"  transfer: {durations(costs.hops)}",
    ]
    for kind, key in {"F": "forward", "B": "backward", "I": "input_gradient", "W": "weight_gradient"}.items():
        if any(kind == measured for measured, _ in costs.times):
            lines.append(f"  {key}: {durations(costs.times.get((kind, stage), 0) for stage in range(job.stages))}")
    return "\n".join(lines) + "\n"


def replay(job, rank_of, step, costs, dispatch):
    """The makespan of the step's order with these costs, and with `dispatch` between the actions of a rank."""
    ends = {}
    free = [-dispatch] * job.ranks
    left = [list(rank) for rank in step]
    while any(left):
        before = len(ends)
        for rank, actions in enumerate(left):
            while actions:
                action = actions[0]
                start = free[rank] + dispatch
                source = source_of(job, action)
                if source is not None:
                    if (source, action.way, action.microbatch) not in ends:
                        break
                    hop = costs.hops[min(source, action.stage)] if rank_of[source] != rank else 0
                    start = max(start, ends[source, action.way, action.microbatch] + hop)
                free[rank] = start + costs.times[action.kind, action.stage]
                ends[action.stage, action.way, action.microbatch] = free[rank]
                actions.pop(0)
        assert len(ends) > before, f"{job.name} is stuck"
    return max(free)


def difference(job, seen, other):
    """How far loss and squared gradient norms are from another run's, relative, at most over steps and layers."""
    pairs = [(loss, other["loss"]) for loss in seen["losses"]]
    pairs += [(norm, other["norms"][layer]) for layer, norm in seen["norms"].items()]
    pairs.append((sum(seen["norms"].values()), sum(other["norms"].values())))
    assert len(seen["norms"]) == LAYERS and seen["losses"], f"{job.name}: not every layer has a gradient"
    return max(abs(a - b) / abs(b) for a, b in pairs)


class Row(NamedTuple):
    """Makespans in nanoseconds of the fastest step, which was disturbed least."""

    job: Job
    measured: int
    replayed: int  # by Stagecraft
    blocking: int  # by Stagecraft, with transfers that hold their sender
    dispatched: int  # by replay() here, with dispatch
    on_core: float

    def error(self, makespan):
        return getattr(self, makespan) / self.measured - 1


def make_row(folder, job, seen):
    number, step = min(enumerate(seen["steps"]), key=lambda numbered: makespan(numbered[1]))

    def stagecraft(transfers):
        report = json.loads((folder / f"{job.name}.step{number}.{transfers}.json").read_text())
        return round(1e9 * report["metrics"]["makespan_s"])

    rank_of = ranks_of_stages(folder / f"{job.name}.csv")
    costs = mean_costs(job, rank_of, step)
    replayed, here = stagecraft("overlap"), replay(job, rank_of, step, costs, 0)
    assert replayed == here, f"{job.name}: Stagecraft replays in {replayed} ns, this program in {here} ns"
    return Row(job, makespan(step), replayed, stagecraft("blocking"),
               replay(job, rank_of, step, costs, costs.dispatch), on_core(step))


def table(folder):
    """Prints a Markdown table and what failed; true if nothing did."""
    rows, faults, lowered, worst = [], [], 0, 0.0
    gpipe = {}
    for job in read_jobs(folder):
        seen = read_seen(folder, job)
        if "error" in seen:
            faults.append(f"{job.name}: {seen['error']}")
            continue
        if job.schedule == "gpipe" and job.format == "compute_only":
            gpipe[job.ranks, job.microbatches] = {"loss": seen["losses"][0], "norms": seen["norms"]}
        others = {"no pipeline": json.loads((folder / f"plain.m{job.microbatches}.json").read_text()),
                  "GPipe": gpipe.get((job.ranks, job.microbatches))}
        for name, other in others.items():
            if other is None:
                faults.append(f"{job.name}: there is no {name} to compare with")
                continue
            far = difference(job, seen, other)
            worst = max(worst, far)
            if far > TOLERANCE:
                faults.append(f"{job.name}: loss or squared gradient norm differ by {far:.1e} from those of {name}")
        if job.format == "compute_only":
            rows.append(make_row(folder, job, seen))
        else:
            lowered += 1
    print("| schedule | p | v | m | measured | replayed | error | blocking | with dispatch | on a core |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        job = row.job
        print(f"| {job.schedule} | {job.ranks} | {job.chunks} | {job.microbatches} | {row.measured / 1e6:.1f} ms "
              f"| {row.replayed / 1e6:.1f} ms | {row.error('replayed'):+.1%} | {row.error('blocking'):+.1%} "
              f"| {row.error('dispatched'):+.1%} | {row.on_core:.0%} |")
    for ranks in sorted({row.job.ranks for row in rows}):
        for how, words in {"replayed": "", "blocking": ", blocking", "dispatched": ", with dispatch"}.items():
            errors = [row.error(how) for row in rows if row.job.ranks == ranks]
            print(f"p = {ranks}{words}: {len(errors)} runs, mean error {statistics.fmean(map(abs, errors)):.1%}, "
                  f"worst {max(errors, key=abs):+.1%}")
    print(f"{len(rows)} schedules and {lowered} lowered ones: loss and squared gradient norm of every layer are those "
          f"of GPipe and of no pipeline within {worst:.1e} (allowed: {TOLERANCE:.0e})")
    if not rows:
        faults.append("no schedule ran")
    for fault in faults:
        print(f"FAILED {fault}")
    return not faults


def main(command, folder, *numbers):
    folder = Path(folder)
    if command == "run":
        run(folder, *map(int, numbers))
    elif not table(folder):
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
